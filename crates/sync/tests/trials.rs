//! What a mirror makes of a source that does not say for now what it can do.

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
    /// When a look-up of what may be refused was asked.
    tried: Vec<Instant>,
}

impl Scene {
    fn new(refusal: Response) -> Self {
        let mut replicator = Replicator::new(SyncConfig::new(2));
        replicator.add_mirror("coap://source".parse().expect("a URI")).expect("room");
        let directory = Directory::new(Config::new([2; 16], ReplicaId(2)));
        Self { now: Instant::ZERO, directory, replicator, refusal: Some(refusal), tried: Vec::new() }
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
        if let Some(refusal) = self.refusal.as_ref().filter(|_| is_trial) {
            return refusal.clone();
        }
        let links = match request.path.last().map(String::as_str) {
            Some("core") => r#"</res>;rt="core.rd-lookup-res",</ep>;rt="core.rd-lookup-ep""#,
            Some("ep") if shows("lt-age") => r#"</reg/1>;ep="node1";base="coap://h1";lt=90000;lt-age=7"#,
            Some("ep") => r#"</reg/1>;ep="node1";base="coap://h1";lt=90000"#,
            _ if shows("provenance") => r#"<coap://h1/t>;provenance="/reg/1""#,
            _ => "<coap://h1/t>",
        };
        let mut response = Response::content(ContentFormat::LINK_FORMAT, links);
        response.is_observed = request.observe == Some(Observe::Register);
        response
    }

    fn count(&self) -> usize {
        self.directory.resources(self.now, &Query::all()).count()
    }
}

#[test]
fn what_is_refused_for_a_while_is_found_out_later() {
    for code in [Code::TOO_MANY_REQUESTS, Code::SERVICE_UNAVAILABLE] {
        let mut scene = Scene::new(Response::refusal(code, "later").with_max_age(1_000));
        assert_eq!(scene.pass(900), [], "{code}: nothing is known");
        assert_eq!(
            (scene.count(), scene.tried.len()),
            (1, 2),
            "what is there is mirrored, and nothing asked for again"
        );
        scene.refusal = None;
        assert_eq!(scene.pass(600), [Means::Lookups], "{code}");
        assert!(scene.tried[2] >= Instant::ZERO + Duration::from_secs(1_000), "{:?}", scene.tried);
        assert_eq!(scene.count(), 1);
    }
}

#[test]
fn what_is_refused_whenever_it_is_asked_is_tried_no_more_often_than_it_says() {
    let mut scene = Scene::new(Response::refusal(Code::SERVICE_UNAVAILABLE, "later").with_max_age(1_000));
    assert_eq!(scene.pass(10_500), []);
    let rounds: Vec<_> = scene.tried.chunks(2).map(|round| round[0]).collect();
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
