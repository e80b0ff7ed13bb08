//! How a mirror finds out what its source can do, be it that the source does not say for now, or that a registrant says it instead.

use core::time::Duration;

use waypost_directory::{Config, Directory};
use waypost_filter::Query;
use waypost_model::ReplicaId;
use waypost_rest::{Code, ContentFormat, Observe, Output, Request, Response};
use waypost_sync::{Means, Replicator, SyncConfig, SyncEvent};
use waypost_time::Instant;

/// A directory with one registration, which shows provenance and ages but when it refuses to, and its mirror.
struct Scene {
    now: Instant,
    directory: Directory,
    replicator: Replicator,
    refusal: Option<Response>,
    /// What one registrant of a source that cannot show anything gave its registration and its link, if that is the source.
    forged: Option<Forged>,
    /// How many registrations have come and gone, where another one is there with each question.
    brief: Option<u32>,
    /// How many registrations change as fast as they can: each has no links, or is not there at all, every other time or so.
    restless: u32,
    /// How many questions were answered.
    answered: u32,
    /// When a look-up of what may be refused was asked.
    tried: Vec<Instant>,
}

/// What a registrant gives to be taken for what the source shows.
#[derive(Clone, Copy)]
struct Forged {
    registration: &'static str,
    link: &'static str,
    /// Whether it is there only while it is asked for.
    is_hidden: bool,
    /// Whether it has the name of another, in a sector of its own.
    shares_name: bool,
}

impl Forged {
    /// Answers as a source that filters by all criteria, and knows none that says what to show.
    fn answer(&self, request: &Request) -> Response {
        let is_asked_for = |name| request.query.iter().any(|argument| argument.starts_with(name));
        let is_there = !self.is_hidden || is_asked_for("provenance") || is_asked_for("lt-age");
        let forged = |attribute: &'static str| if is_there { attribute } else { "" };
        let is_of_endpoints = match request.path.last().map(String::as_str) {
            Some("core") => {
                let links = r#"</res>;rt="core.rd-lookup-res",</ep>;rt="core.rd-lookup-ep""#;
                return Response::content(ContentFormat::LINK_FORMAT, links);
            }
            last => last == Some("ep"),
        };
        let links = ["evil", "node1", "node2"].iter().enumerate().filter_map(|(number, host)| {
            let attribute = |attribute| if number == 0 { forged(attribute) } else { "" };
            let (name, sector) = match number {
                0 if self.shares_name => ("node1", "evil"),
                _ => (*host, "s"),
            };
            let link = match is_of_endpoints {
                true => format!(
                    r#"</reg/{number}>;ep="{name}";d="{sector}";base="coap://{host}";lt=90000{}"#,
                    attribute(self.registration)
                ),
                false => format!("<coap://{host}/t>{}", attribute(self.link)),
            };
            let meets = |argument: &String| match argument.split_once('=') {
                Some(("ep", value)) => value == name,
                Some(("d", value)) => value == sector,
                Some((shown, _)) => link.contains(&format!(";{shown}=")),
                None => link.contains(&format!(";{argument}=")),
            };
            request.query.iter().all(meets).then_some(link)
        });
        let links = links.collect::<Vec<_>>().join(",");
        let mut response = Response::content(ContentFormat::LINK_FORMAT, links);
        response.is_observed = request.observe == Some(Observe::Register);
        response
    }
}

impl Scene {
    fn forged(forged: Forged) -> Self {
        Self { forged: Some(forged), refusal: None, ..Self::new(Response::refusal(Code::FORBIDDEN, "")) }
    }

    fn new(refusal: Response) -> Self {
        let mut replicator = Replicator::new(SyncConfig::new(2));
        replicator.add_mirror("coap://source".parse().expect("a URI")).expect("room");
        let directory = Directory::new(Config::new([2; 16], ReplicaId(2)));
        let refusal = Some(refusal);
        Self {
            now: Instant::ZERO,
            directory,
            replicator,
            refusal,
            forged: None,
            brief: None,
            restless: 0,
            answered: 0,
            tried: Vec::new(),
        }
    }

    /// Lets time pass, and returns the means that are told of.
    fn pass(&mut self, seconds: u64) -> Vec<Means> {
        let end = self.now + Duration::from_secs(seconds);
        self.serve();
        while let Some(next) = self.replicator.poll_timeout().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.replicator.handle_timeout(self.now, &mut self.directory);
            self.serve();
        }
        self.now = end;
        let events = core::iter::from_fn(|| self.replicator.poll_event());
        let means = events.filter_map(|event| match event {
            SyncEvent::MirroredBy { means, .. } => Some(means),
            _ => None,
        });
        means.collect()
    }

    fn serve(&mut self) {
        while let Some(output) = self.replicator.poll_output(self.now, &mut self.directory) {
            let Output::Request { id, request, .. } = output else { continue };
            let response = self.answer(&request);
            self.replicator.handle_response(self.now, &mut self.directory, id, Ok(response));
        }
    }

    fn answer(&mut self, request: &Request) -> Response {
        let shows = |name: &str| request.query.iter().any(|argument| argument.starts_with(name));
        let is_trial = shows("provenance") || shows("lt-age");
        if is_trial {
            self.tried.push(self.now);
        }
        if let Some(forged) = self.forged {
            return forged.answer(request);
        }
        if let Some(refusal) = self.refusal.as_ref().filter(|_| is_trial) {
            return refusal.clone();
        }
        let mut names = vec!["1".to_owned()];
        if let Some(brief) = &mut self.brief {
            *brief += 1;
            names.insert(0, format!("0{brief}"));
        }
        self.answered += 1;
        let is_now =
            |number: u32| (number ^ self.answered.wrapping_mul(0x9e37_79b9) >> 7).wrapping_mul(0x85eb_ca6b) >> 31 == 0;
        let is_of_endpoints = request.path.last().is_some_and(|last| last == "ep");
        names.extend(
            (0..self.restless)
                .filter(|number| is_now(*number) || is_of_endpoints && number % 2 == 0)
                .map(|number| format!("00{number}")),
        );
        let is_meant = |name: &&String| match request.query.iter().find(|argument| argument.starts_with("ep=")) {
            Some(argument) => *argument == format!("ep=node{name}"),
            None => true,
        };
        let link = |name: &String| match request.path.last().map(String::as_str) {
            Some("ep") => {
                let age = if shows("lt-age") { ";lt-age=7" } else { "" };
                format!(r#"</reg/{name}>;ep="node{name}";base="coap://h{name}";lt=90000{age}"#)
            }
            _ if shows("provenance") => format!(r#"<coap://h{name}/t>;provenance="/reg/{name}""#),
            _ => format!("<coap://h{name}/t>"),
        };
        let links = match request.path.last().map(String::as_str) {
            Some("core") => r#"</res>;rt="core.rd-lookup-res",</ep>;rt="core.rd-lookup-ep""#.to_owned(),
            _ => names.iter().filter(is_meant).map(link).collect::<Vec<_>>().join(","),
        };
        let mut response = Response::content(ContentFormat::LINK_FORMAT, links);
        response.is_observed = request.observe == Some(Observe::Register);
        response
    }

    fn count(&self) -> usize {
        self.directory.resources(self.now, &Query::all()).count()
    }

    /// Returns which registration has which link, of those that a query selects.
    fn links(&self, query: &str) -> Vec<String> {
        let query = query.parse().expect("a query");
        let resources = self.directory.resources(self.now, &query);
        let mut links: Vec<_> =
            resources.map(|found| format!("{} {}", found.endpoint().name(), found.target())).collect();
        links.sort_unstable();
        links
    }
}

#[test]
fn what_is_refused_for_a_while_is_found_out_later() {
    for code in [Code::TOO_MANY_REQUESTS, Code::SERVICE_UNAVAILABLE] {
        let mut scene = Scene::new(Response::refusal(code, "later").with_max_age(1_000));
        assert_eq!(scene.pass(900), [], "{code}: nothing is known");
        assert_eq!(
            (scene.count(), scene.tried.len()),
            (1, 1),
            "what is there is mirrored, and nothing asked for again"
        );
        scene.refusal = None;
        assert_eq!(scene.pass(600), [Means::Lookups], "{code}");
        assert!(scene.tried[1] >= Instant::ZERO + Duration::from_secs(1_000), "{:?}", scene.tried);
        assert_eq!(scene.count(), 1);
    }
}

#[test]
fn what_is_refused_whenever_it_is_asked_is_tried_no_more_often_than_it_says() {
    let mut scene = Scene::new(Response::refusal(Code::SERVICE_UNAVAILABLE, "later").with_max_age(1_000));
    assert_eq!(scene.pass(10_500), []);
    let rounds: Vec<_> = scene.tried[1..].chunks(2).map(|round| round[0]).collect();
    let pauses = rounds.windows(2).map(|pair| pair[1].saturating_since(pair[0]));
    assert!(rounds.len() > 5 && pauses.min() >= Some(Duration::from_secs(1_000)), "{rounds:?}");
    assert_eq!(scene.count(), 1);
    let mut scene = Scene::new(Response::refusal(Code::SERVICE_UNAVAILABLE, "at once").with_max_age(0));
    scene.pass(1_000);
    assert!(scene.tried.len() < 200, "{} in a thousand seconds", scene.tried.len());
}

#[test]
fn what_is_refused_as_such_is_not_asked_for_again() {
    let mut scene = Scene::new(Response::refusal(Code::FORBIDDEN, "no"));
    assert_eq!(scene.pass(10_000), [Means::LookupsOfEach]);
    assert_eq!((scene.count(), scene.tried.len()), (1, 2));
}

#[test]
fn what_one_registrant_says_of_provenance_and_ages_is_not_taken_for_what_the_source_shows() {
    // Of all that there is, and of one of them all that it has and more.
    let of_all = r#";provenance="/reg/0",<coap://evil/x>;provenance="/reg/1",<coap://evil/x>;provenance="/reg/2""#;
    let of_one = r#";provenance="/reg/0",<coap://node1/t>;provenance="/reg/1",<coap://evil/x>;provenance="/reg/1",<coap://node2/t>;provenance="/reg/2""#;
    let links = ["", r#";provenance="/reg/0""#, r#";provenance="/reg/1""#, of_all, of_one];
    for (number, link) in (0..).zip(links.into_iter().flat_map(|link| [link; 8])) {
        let [is_hidden, shares_name, is_aged] = [1, 2, 4].map(|bit| number & bit != 0);
        // Who copies all that there is at the moment it is asked for cannot be told from the source.
        if link == of_one && is_hidden {
            continue;
        }
        let forged = Forged { registration: if is_aged { ";lt-age=0" } else { "" }, link, is_hidden, shares_name };
        let (what, mut scene) =
            (format!("{} {link} {is_hidden} {shares_name}", forged.registration), Scene::forged(forged));
        for seconds in [1].into_iter().chain([300; 20]) {
            let means = scene.pass(seconds);
            assert!(!means.contains(&Means::Lookups), "{what}");
            assert_eq!(scene.links("ep=node*&d=s"), ["node1 coap://node1/t", "node2 coap://node2/t"], "{what}");
        }
        // A few every few minutes.
        assert!(scene.tried.len() < 100, "{} times", scene.tried.len());
    }
}

#[test]
fn what_comes_and_goes_between_the_questions_keeps_nothing_from_being_found_out() {
    let mut scene =
        Scene { brief: Some(0), refusal: None, ..Scene::new(Response::refusal(Code::SERVICE_UNAVAILABLE, "")) };
    let means: Vec<Means> = (0..60).flat_map(|_| scene.pass(60)).collect();
    assert_eq!(means.last(), Some(&Means::Lookups));
    assert!(scene.links("").contains(&"node1 coap://h1/t".to_owned()));
    assert!(scene.replicator.standings().all(|standing| standing.delay.is_some()), "ages are shown");
}

#[test]
fn registrations_that_change_all_the_time_keep_nothing_from_being_found_out() {
    for answered in (0..8).map(|seed| seed * 1_000) {
        let refusal = Response::refusal(Code::SERVICE_UNAVAILABLE, "");
        let mut scene = Scene { refusal: None, restless: 40, answered, ..Scene::new(refusal) };
        let means: Vec<Means> = (0..60).flat_map(|_| scene.pass(60)).collect();
        assert_eq!(means.last(), Some(&Means::Lookups));
        assert!(scene.links("").contains(&"node1 coap://h1/t".to_owned()));
        assert!(scene.replicator.standings().all(|standing| standing.delay.is_some()), "ages are shown");
    }
}
