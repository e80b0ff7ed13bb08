//! Every answer of a proxy is the union of what its sources would have answered, each at some moment within the stated staleness;
//! where a source is mirrored by several look-ups, each registration there. A source that is away may be missing, if that is allowed,
//! and the others have something. What an observer was told last is such an answer.

extern crate alloc;

mod common;

use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

use common::{Network, registration};
use proptest::prelude::*;
use waypost_directory::{Config, Directory};
use waypost_filter::Query;
use waypost_model::ReplicaId;
use waypost_rest::{Code, ExchangeId, Method, Observe, Request, Response, Service as _};
use waypost_server::{Server, ServerConfig};
use waypost_sync::{Holding, Limits, Proxy, ProxyConfig, ProxyLimits, Replicated, Replicator, SyncConfig};
use waypost_time::Instant;

const SOURCES: [&str; 2] = ["coap://a", "coap://b"];
const PROXY: &str = "coap://proxy";
const STALE: Duration = Duration::from_secs(300);
const QUERIES: [(&str, &str); 6] =
    [("res", "rt=x"), ("res", "rt=x&d=one"), ("res", "d=two&rt=y"), ("ep", "d=one"), ("ep", "rt=y&d=two"), ("ep", "")];

#[derive(Debug, Clone)]
enum Step {
    Register { source: usize, node: u8, sector: bool, link: u8 },
    Remove { source: usize, node: u8 },
    Wait { seconds: u64 },
    Cut { source: usize },
    Heal,
    Ask { query: usize },
    Observe { query: usize },
    Leave,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..2_usize, 0..4_u8, any::<bool>(), 0..3_u8)
            .prop_map(|(source, node, sector, link)| Step::Register { source, node, sector, link }),
        1 => (0..2_usize, 0..4_u8).prop_map(|(source, node)| Step::Remove { source, node }),
        3 => prop_oneof![0..10_u64, 20..100_u64, 200..600_u64].prop_map(|seconds| Step::Wait { seconds }),
        1 => (0..2_usize).prop_map(|source| Step::Cut { source }),
        1 => Just(Step::Heal),
        4 => (0..QUERIES.len()).prop_map(|query| Step::Ask { query }),
        2 => (0..QUERIES.len()).prop_map(|query| Step::Observe { query }),
        1 => Just(Step::Leave),
    ]
}

/// What a source says to each query, from when on.
type Snapshot = (Instant, Vec<BTreeSet<String>>);

struct World {
    network: Network,
    history: [Vec<Snapshot>; 2],
    /// When each source was cut off, and when it came back.
    cuts: [Vec<(Instant, Option<Instant>)>; 2],
    is_read_at_once: bool,
    is_mirrored: bool,
    /// Whether answers without a source that is away are allowed.
    partial: bool,
    /// Those who observe, and the query of each.
    observers: Vec<(ExchangeId, usize)>,
    /// When it was looked last what they were told.
    judged: Instant,
}

/// The part of a link that tells which registration it is of: the address in its base.
fn registration_of(link: &str) -> &str {
    let address = link.find("[2001").map_or("", |start| &link[start..]);
    &address[..address.find(']').map_or(0, |end| end + 1)]
}

impl World {
    fn new(holding: &Holding, partial: bool) -> Self {
        let mut network = Network::default();
        let server = |number: u64| {
            let directory = Directory::new(Config::new([number as u8; 16], ReplicaId(number)));
            let server = Server::new(directory, ServerConfig::default());
            Replicated::new(server, Replicator::new(SyncConfig::new(number)))
        };
        network.add(SOURCES[0], server(1));
        network.add(SOURCES[1], server(2));
        let mut config = ProxyConfig::new(3);
        config.stale = STALE;
        config.partial = partial;
        let mut proxy = Proxy::new(server(3), config);
        for uri in SOURCES {
            proxy.add_upstream(&uri.parse().expect("a URI"), holding.clone()).expect("room");
        }
        network.add_proxy(PROXY, proxy);
        let is_read_at_once = *holding == Holding::Answers;
        let is_mirrored = matches!(holding, Holding::Mirror(_));
        let (history, cuts, observers) = (Default::default(), Default::default(), Vec::new());
        let judged = Instant::ZERO;
        let mut world = Self { network, history, cuts, is_read_at_once, is_mirrored, partial, observers, judged };
        world.remember();
        world.network.settle();
        world
    }

    fn remember(&mut self) {
        for (source, uri) in SOURCES.iter().enumerate() {
            let said = QUERIES.iter().map(|(interface, query)| {
                let links = self.network.links(uri, interface, query);
                links.into_iter().map(|link| link.replace("</", &format!("<{uri}/"))).collect()
            });
            let said = said.collect();
            self.history[source].push((self.network.now, said));
        }
    }

    fn play(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let now = self.network.now;
        match *step {
            Step::Register { source, node, sector, link } => {
                let sector = if sector { "one" } else { "two" };
                // Names and bases tell the sources apart.
                let base = format!("coap://[2001:db8:{source}::{node}{}]", u8::from(sector == "one"));
                let links = ["", "</x>;rt=x", "</x>;rt=x,</y>;rt=y"][usize::from(link)];
                self.network.register(
                    SOURCES[source],
                    &format!("ep=node{source}{node}&d={sector}&base={base}&lt=100000"),
                    links,
                );
                self.network.settle();
                self.remember();
            }
            Step::Remove { source, node } => {
                for sector in ["one", "two"] {
                    let key = registration(&format!("ep=node{source}{node}&d={sector}&base=coap://h"), "").key();
                    let directory = self.network.directory(SOURCES[source]);
                    let location = directory.locate(key.sector.as_ref(), &key.endpoint);
                    // It need not be there.
                    let _ = directory.remove(now, &location);
                }
                self.network.settle();
                self.remember();
            }
            Step::Wait { seconds } => self.network.run_until(now + Duration::from_secs(seconds)),
            Step::Cut { source } => {
                if self.cuts[source].last().is_none_or(|(_, end)| end.is_some()) {
                    self.network.cut(PROXY, SOURCES[source]);
                    self.cuts[source].push((now, None));
                }
            }
            Step::Heal => {
                self.network.heal();
                for cut in self.cuts.iter_mut().flatten() {
                    cut.1.get_or_insert(now);
                }
            }
            Step::Ask { query } => {
                let (interface, asked) = QUERIES[query];
                let response = self.network.look_up(PROXY, interface, asked);
                let response = response.ok_or_else(|| TestCaseError::fail("no answer"))?;
                self.judge(query, &response, now)?;
                if response.code == Code::CONTENT {
                    self.judge_pages(query, &response)?;
                }
            }
            Step::Observe { query } => {
                let (interface, asked) = QUERIES[query];
                let request = Request::new(Method::Get, ["rd-lookup", interface]).with_observe(Observe::Register);
                let request = asked.split('&').filter(|part| !part.is_empty()).fold(request, Request::with_query);
                let exchange = self.network.send("coap://observer", PROXY, request);
                self.network.settle();
                self.observers.push((exchange, query));
            }
            Step::Leave => {
                if let Some((exchange, _)) = self.observers.pop() {
                    self.network.proxy(PROXY).handle_cancel(now, exchange);
                    self.network.settle();
                }
            }
        }
        self.judge_observers()
    }

    /// Pages line up: together they are the whole answer.
    fn judge_pages(&mut self, query: usize, whole: &Response) -> Result<(), TestCaseError> {
        let (interface, asked) = QUERIES[query];
        let mut pages = Vec::new();
        for page in 0.. {
            let part = self.network.look_up(PROXY, interface, &format!("{asked}&page={page}&count=2"));
            let part = part.ok_or_else(|| TestCaseError::fail("no page"))?;
            prop_assert_eq!(part.code, Code::CONTENT);
            if part.payload.is_empty() {
                break;
            }
            pages.push(part.payload);
        }
        prop_assert_eq!(pages.join(&b','), whole.payload.to_vec(), "{}?{}", interface, asked);
        Ok(())
    }

    /// What observers were told last is an answer of now, and equals one that is asked for now.
    fn judge_observers(&mut self) -> Result<(), TestCaseError> {
        for (exchange, query) in core::mem::take(&mut self.observers) {
            let told = self.network.answers(exchange).last().cloned();
            let told = told.ok_or_else(|| TestCaseError::fail("an observer has no answer"))?;
            self.judge(query, &told, self.judged)?;
            if !told.is_observed {
                continue;
            }
            self.observers.push((exchange, query));
            let (interface, asked) = QUERIES[query];
            let fresh = self.network.look_up(PROXY, interface, asked);
            let told = self.network.answers(exchange).last();
            let (fresh, told) = (fresh.expect("an answer"), told.expect("an answer"));
            prop_assert_eq!((fresh.code, &fresh.payload), (told.code, &told.payload), "{}?{}", interface, asked);
        }
        self.judged = self.network.now;
        Ok(())
    }

    /// Judges what somebody was told at some time since a moment.
    fn judge(&self, query: usize, response: &Response, told_since: Instant) -> Result<(), TestCaseError> {
        let now = self.network.now;
        let (interface, asked) = QUERIES[query];
        if response.code != Code::CONTENT {
            prop_assert_eq!(response.code, Code::GATEWAY_TIMEOUT);
            prop_assert!((0..2).any(|source| self.was_cut(source, told_since)), "5.04 though all can be reached");
            return Ok(());
        }
        let text = core::str::from_utf8(&response.payload).expect("text");
        let mut by_source: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        for link in waypost_link_format::LinkDocument::parse(text).expect("link-format") {
            let raw = link.raw().to_string();
            let source = usize::from(raw.contains("coap://b/") || raw.contains("[2001:db8:1::"));
            prop_assert!(by_source.entry(source).or_default().insert(raw), "said twice: {}", link.raw());
        }
        for source in 0..2 {
            let said = by_source.remove(&source).unwrap_or_default();
            let may_miss =
                self.partial && response.max_age == Some(0) && !text.is_empty() && self.was_cut(source, told_since);
            if may_miss && said.is_empty() {
                continue;
            }
            let since = self.since(source, response.max_age == Some(0));
            let history = &self.history[source];
            // Several look-ups are not read at one moment: then each registration is taken by itself.
            let all = history.iter().flat_map(|(_, snapshot)| &snapshot[query]).chain(&said);
            let units: BTreeSet<&str> = match self.is_read_at_once {
                true => BTreeSet::from([""]),
                false => all.map(|link| registration_of(link)).collect(),
            };
            for unit in units {
                let part = |links: &BTreeSet<String>| -> BTreeSet<String> {
                    links.iter().filter(|link| link.contains(unit)).cloned().collect()
                };
                let is_possible = history.iter().enumerate().any(|(position, (_, snapshot))| {
                    let until = history.get(position + 1).map_or(now, |(next, _)| *next);
                    until >= since && part(&snapshot[query]) == part(&said)
                });
                prop_assert!(
                    is_possible,
                    "{interface}?{asked} at {now:?}: {unit} of {said:?} was never so since {since:?}"
                );
            }
        }
        Ok(())
    }

    /// Tells whether a source may have counted as one that cannot be reached at some time since a moment.
    fn was_cut(&self, source: usize, since: Instant) -> bool {
        let is_recent = |end: Instant| since.saturating_since(end) <= Duration::from_secs(70);
        self.cuts[source].iter().any(|(_, end)| end.is_none_or(is_recent))
    }

    /// Returns since when what a source says may be what is answered.
    fn since(&self, source: usize, is_stale: bool) -> Instant {
        let now = self.network.now;
        // What is mirrored is told of, but that a source was lost, or that what is new has no links, is found out only when it is
        // asked again (`Limits::refresh`). An answer may be used for a minute (Max-Age). Who did not answer is left in peace for at
        // most `Limits::retry_max` by the mirror, and `ProxyLimits::retry_max` by the proxy. Each may take a quarter more.
        let (lag, wait) = match self.is_mirrored {
            true => (Limits::default().refresh * 5 / 4, Limits::default().retry_max * 5 / 4),
            false => (Duration::from_secs(60), ProxyLimits::default().retry_max * 5 / 4),
        };
        let mut since = now;
        for (begin, end) in self.cuts[source].iter().rev() {
            if end.is_none_or(|end| since.saturating_since(end) <= wait) {
                since = *begin;
            }
        }
        since.saturating_sub(lag).saturating_sub(if is_stale { STALE } else { Duration::ZERO })
    }
}

fn holding() -> impl Strategy<Value = Holding> {
    prop_oneof![
        Just(Holding::Answers),
        Just(Holding::Recurring),
        Just(Holding::Mirror(Query::all())),
        Just(Holding::Mirror("d=one".parse().expect("a query"))),
        Just(Holding::Mirror("rt=x".parse().expect("a query"))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_answer_is_what_the_sources_said_within_the_stated_staleness(
        holding in holding(),
        partial in any::<bool>(),
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut world = World::new(&holding, partial);
        for step in &steps {
            world.play(step)?;
        }
    }
}
