use std::time::Duration;

use waypost_coap::Timing;

use super::{Model, Present};
use crate::Time;
use crate::clock::Clock;
use crate::history::Span;
use crate::host::Host;
use crate::machine::Machine;
use crate::proxied::{self, KEPT, Staleness, UNNOTICED, Way};

/// What a machine that is asked may show of a directory: what was so there at some time.
pub(super) struct View<'a> {
    pub(super) source: Host,
    /// The clocks of its authority.
    clocks: Vec<(Host, &'a Clock)>,
    pub(super) since: Time,
    /// Since when something can have been shown that had some of its lifetime left then.
    lives_from: Time,
    /// The clocks of the proxies that are between.
    proxies: Vec<&'a Clock>,
    /// How late a renewal may be heard of there.
    delay: Duration,
    /// Whether endpoints and links are asked for one after the other.
    pub(super) is_asked: bool,
}

impl Model {
    /// Returns what a directory may show that has an answer of some time since.
    pub(super) fn view<'m>(&self, present: &Present<'m>, directory: Host, since: Time) -> View<'m> {
        let clocks = self.clocks(present.machines, self.authorities[&directory]);
        View {
            source: directory,
            clocks,
            since,
            lives_from: since,
            proxies: Vec::new(),
            delay: Duration::ZERO,
            is_asked: false,
        }
    }

    /// Returns what a machine that is asked may show of each directory that has an answer of some time since, and says whether it is
    /// fresh.
    pub(super) fn views<'m>(&self, present: &Present<'m>, asked: Host, since: Time, is_fresh: bool) -> Vec<View<'m>> {
        let Some(proxy) = self.proxies.get(&asked) else { return vec![self.view(present, asked, since)] };
        proxy.ways.iter().map(|way| self.view_through(present, (asked, way), since, is_fresh)).collect()
    }

    fn view_through<'m>(
        &self,
        present: &Present<'m>,
        (asked, way): (Host, &Way),
        since: Time,
        is_fresh: bool,
    ) -> View<'m> {
        let between: Vec<_> = std::iter::once(&asked)
            .chain(&way.through)
            .map(|host| (&self.proxies[host], &present.machines[host.index()].clock))
            .collect();
        let is_fair = self.is_fair_since(since.before(UNNOTICED * way.through.len() as u32));
        let staleness = match (is_fair, is_fresh) {
            (true, _) => Staleness::Fair,
            (false, true) => Staleness::Fresh,
            (false, false) => Staleness::Stale,
        };
        let shown = (since, present.now);
        let longest = staleness.longest(between.len());
        let view = self.view(present, way.source, proxied::since(&between, shown, longest));
        // What is kept is kept by who was asked.
        let lives_from = if way.has_feed { proxied::since(&between[..1], shown, KEPT) } else { view.since };
        View {
            lives_from,
            proxies: between.into_iter().map(|(_, clock)| clock).collect(),
            delay: way.delay(),
            is_asked: !way.has_feed,
            ..view
        }
    }

    /// Returns what is known of the time of a view, for what an endpoint told the directory.
    pub(super) fn span<'a>(&'a self, now: Time, view: &'a View<'_>, host: Host) -> Span<'a> {
        let endpoint = &self.endpoints[&host];
        let authority = self.authorities[&view.source];
        let wants_to_stay =
            endpoint.wants.filter(|_| endpoint.directory.is_some_and(|last| self.authorities[&last] == authority));
        Span {
            from: view.since,
            to: now,
            at: view.source,
            replicas: &self.replicas[authority],
            clocks: &view.clocks,
            remembers: Timing::default().exchange_lifetime(),
            lives_from: view.lives_from,
            proxies: &view.proxies,
            delay: view.delay,
            transit: LONGEST_TRANSIT,
            renews_since: self.fair_from.zip(wants_to_stay).map(|(fair_from, wants)| fair_from.max(wants)),
        }
    }

    fn clocks<'m>(&self, machines: &'m [Machine], authority: usize) -> Vec<(Host, &'m Clock)> {
        self.replicas[authority].hosts().map(|host| (host, &machines[host.index()].clock)).collect()
    }
}

/// How much younger than it is a registration may seem elsewhere: what messages take, with all repetitions, by way of others.
const LONGEST_TRANSIT: Duration = Duration::from_secs(11 * 60);
