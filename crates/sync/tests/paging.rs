//! Look-ups whose answers are too large are read in pages.

extern crate alloc;

mod common;

use alloc::collections::BTreeMap;
use core::time::Duration;

use waypost_client::Fault;
use waypost_directory::{Config, Directory};
use waypost_filter::Query;
use waypost_model::ReplicaId;
use waypost_rest::{ContentFormat, Observe, Output, Request, RequestFailure, RequestId, Response};
use waypost_sync::{Limits, Replicator, SyncConfig, SyncEvent};
use waypost_time::Instant;

/// What a source makes of `page` and `count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heeds {
    Both,
    Count,
    Neither,
    /// They are criteria that nothing meets.
    NeitherAndFindsNothing,
}

/// A directory without feed, and its mirror.
struct Scene {
    now: Instant,
    directory: Directory,
    replicator: Replicator,
    /// Registrations by number, with the titles of their links.
    registrations: BTreeMap<u32, Vec<String>>,
    /// What is on no page, as it moves to one that was read already.
    moving: Vec<u32>,
    /// Of the look-up of all resources with their provenance, if the source has one.
    of_resources: Option<Heeds>,
    of_endpoints: Heeds,
    /// How long an answer can be.
    longest: usize,
    observers: BTreeMap<RequestId, Request>,
    /// Requests for all registrations, or a page of them.
    asked_for_all: usize,
    /// Requests whose answers were too large.
    too_large: usize,
}

impl Scene {
    fn new(count: u32) -> Self {
        Self::of(count, Heeds::Both, Some(Heeds::Both))
    }

    fn of(count: u32, of_endpoints: Heeds, of_resources: Option<Heeds>) -> Self {
        Self::limited(count, of_endpoints, of_resources, |_| ())
    }

    fn limited(count: u32, of_endpoints: Heeds, of_resources: Option<Heeds>, limit: impl FnOnce(&mut Limits)) -> Self {
        let mut config = SyncConfig::new(2);
        limit(&mut config.limits);
        let mut replicator = Replicator::new(config);
        replicator.add_mirror("coap://source".parse().expect("a URI")).expect("room");
        let mut scene = Self {
            now: Instant::ZERO,
            directory: Directory::new(Config::new([2; 16], ReplicaId(2))),
            replicator,
            registrations: (0..count).map(|number| (number, vec!["one".into(), "two".into()])).collect(),
            moving: Vec::new(),
            of_resources,
            of_endpoints,
            longest: 28 * 1024,
            observers: BTreeMap::new(),
            asked_for_all: 0,
            too_large: 0,
        };
        scene.serve();
        scene
    }

    fn run_for(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while let Some(next) = self.replicator.poll_timeout().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.replicator.handle_timeout(self.now, &mut self.directory);
            self.serve();
        }
        self.now = end;
        self.replicator.handle_timeout(end, &mut self.directory);
        self.serve();
    }

    /// Answers what the mirror asks, until it asks no more.
    fn serve(&mut self) {
        while let Some(output) = self.replicator.poll_output(self.now, &mut self.directory) {
            let Output::Request { id, request, .. } = output else { continue };
            let outcome = self.answer(&request);
            match outcome.as_ref().is_ok_and(|response| response.is_observed) {
                true => self.observers.insert(id, request),
                false => self.observers.remove(&id),
            };
            self.replicator.handle_response(self.now, &mut self.directory, id, outcome);
        }
    }

    /// Tells those who observe what there is now.
    fn notify(&mut self) {
        for (id, request) in self.observers.clone() {
            let outcome = self.answer(&request);
            self.replicator.handle_response(self.now, &mut self.directory, id, outcome);
        }
        self.serve();
    }

    fn answer(&mut self, request: &Request) -> Result<Response, RequestFailure> {
        let argument = |name: &str| request.query.iter().find_map(|argument| argument.strip_prefix(name));
        let is_provenance_asked = argument("provenance").is_some() && self.of_resources.is_some();
        let named = argument("ep=");
        let is_there = |number: &u32| named.is_none_or(|name| name == format!("node{number}"));
        let shown = self.registrations.iter().filter(|(number, _)| is_there(number));
        let (heeds, all): (_, Vec<String>) = match request.path.last().map(String::as_str) {
            Some("core") => {
                let links = [r#"</res>;rt="core.rd-lookup-res""#, r#"</ep>;rt="core.rd-lookup-ep""#];
                (Heeds::Neither, links.map(String::from).into())
            }
            Some("ep") => {
                self.asked_for_all += usize::from(named.is_none());
                let link = |number| format!(r#"</reg/{number}>;ep="node{number}";base="coap://h{number}""#);
                (self.of_endpoints, shown.map(|(number, _)| link(number)).collect())
            }
            _ => {
                let provenance = |number| match is_provenance_asked {
                    true => format!(r#";provenance="/reg/{number}""#),
                    false => String::new(),
                };
                let link = |number, title: &String| {
                    format!(r#"<coap://h{number}/{title}>;title="{title}"{}"#, provenance(number))
                };
                let links = shown.flat_map(|(number, titles)| titles.iter().map(move |title| link(number, title)));
                (self.of_resources.unwrap_or(Heeds::Both), links.collect())
            }
        };
        let number = |name| argument(name).map(|value| value.parse::<usize>().expect("a number"));
        let links: Vec<String> = match (heeds, number("count=")) {
            (Heeds::NeitherAndFindsNothing, Some(_)) => Vec::new(),
            (Heeds::Both | Heeds::Count, Some(count)) => {
                let page = number("page=").filter(|_| heeds == Heeds::Both).unwrap_or(0);
                let is_moving = |link: &String| self.moving.iter().any(|number| link.contains(&format!("h{number}")));
                let page = all.into_iter().filter(|link| !is_moving(link)).skip(page * count).take(count);
                page.collect()
            }
            (_, _) => all,
        };
        let links = links.join(",");
        if links.len() > self.longest {
            self.too_large += 1;
            return Err(RequestFailure::TooLarge);
        }
        let mut response = Response::content(ContentFormat::LINK_FORMAT, links);
        response.is_observed = request.observe == Some(Observe::Register);
        Ok(response)
    }

    /// What is mirrored: names, and targets.
    fn shown(&self) -> (Vec<String>, Vec<String>) {
        let all = Query::all();
        let endpoints = self.directory.endpoints(self.now, &all).map(|found| found.name().to_owned());
        let resources = self.directory.resources(self.now, &all).map(|found| found.target().to_string());
        let (mut endpoints, mut resources): (Vec<_>, Vec<_>) = (endpoints.collect(), resources.collect());
        endpoints.sort_unstable();
        resources.sort_unstable();
        (endpoints, resources)
    }

    fn expected(&self) -> (Vec<String>, Vec<String>) {
        let mut endpoints: Vec<_> = self.registrations.keys().map(|number| format!("node{number}")).collect();
        let target = |number, title: &String| format!("coap://h{number}/{title}");
        let links = self.registrations.iter();
        let links = links.flat_map(|(number, titles)| titles.iter().map(move |title| target(number, title)));
        let mut resources: Vec<_> = links.collect();
        endpoints.sort_unstable();
        resources.sort_unstable();
        (endpoints, resources)
    }

    fn is_in_step(&self) -> bool {
        self.replicator.standings().all(|standing| standing.is_in_step)
    }

    fn is_shown(&self, number: u32) -> bool {
        self.shown().0.contains(&format!("node{number}"))
    }

    fn events(&mut self) -> Vec<SyncEvent> {
        core::iter::from_fn(|| self.replicator.poll_event()).collect()
    }
}

/// Longer than it takes until a source is asked again that said nothing about how long its answer holds.
const POLLED: u64 = 80;

#[test]
fn a_source_whose_answers_are_too_large_is_mirrored_page_by_page_and_followed_by_polling() {
    // The first pages of registrations are short enough, those of links are not.
    let mut scene = Scene::new(700);
    scene.run_for(POLLED);
    assert!(scene.is_in_step());
    assert!(scene.shown() == scene.expected());
    assert!(
        scene.events().iter().all(|event| matches!(event, SyncEvent::InStep { .. } | SyncEvent::MirroredBy { .. }))
    );

    scene.registrations.remove(&7);
    scene.registrations.insert(5_000, vec!["new".into()]);
    scene.registrations.insert(9, vec!["one".into(), "changed".into()]);
    scene.run_for(3 * POLLED);
    assert!(scene.shown() == scene.expected());
    let too_large = scene.too_large;
    scene.run_for(5 * POLLED);
    assert_eq!(scene.too_large, too_large, "everything at once is not asked for again");
}

#[test]
fn what_a_pass_misses_is_gone_when_the_next_one_misses_it_too_and_not_before() {
    let mut scene = Scene::new(700);
    scene.run_for(POLLED);
    assert!(scene.shown() == scene.expected());
    // It moves to a page that was read already, once.
    let before = scene.shown();
    let mut missed = 0;
    for _ in 0..5 {
        let asked = scene.asked_for_all;
        scene.moving = vec![7];
        scene.run_for(55);
        scene.moving.clear();
        missed += scene.asked_for_all - asked;
        scene.run_for(POLLED);
        assert!(scene.shown() == before);
    }
    assert!(missed > 0);
    // And for good.
    scene.moving = vec![7];
    scene.run_for(3 * POLLED);
    assert!(!scene.is_shown(7) && scene.is_shown(8));
}

#[test]
fn what_a_pass_misses_lives_no_longer_than_it_would_have() {
    let mut scene = Scene::new(700);
    scene.run_for(POLLED);
    let lifetime = Limits::default().unconfirmed;
    // The source is asked again; it does not answer.
    scene.longest = 0;
    scene.run_for(lifetime.as_secs());
    assert_eq!(scene.shown().0.len(), 0);
}

#[test]
fn what_fits_into_one_page_again_is_observed_again() {
    let mut scene = Scene::new(700);
    scene.run_for(POLLED);
    assert!(scene.observers.is_empty());
    scene.registrations.retain(|number, _| *number < 200);
    scene.run_for(4 * POLLED);
    assert_eq!(scene.observers.len(), 2);
    scene.registrations.remove(&7);
    scene.notify();
    assert!(scene.shown() == scene.expected());
}

#[test]
fn links_are_looked_up_registration_by_registration_where_they_cannot_be_read_in_pages() {
    for heeds in [Heeds::Count, Heeds::Neither, Heeds::NeitherAndFindsNothing] {
        let mut scene = Scene::of(540, Heeds::Both, Some(heeds));
        scene.run_for(POLLED);
        assert!(scene.shown() == scene.expected(), "{heeds:?}");
        assert!(scene.is_in_step(), "{heeds:?}");
    }
}

#[test]
fn a_source_that_does_not_know_pages_is_told_of_left_in_peace_and_asked_for_all_again() {
    for heeds in [Heeds::Count, Heeds::Neither, Heeds::NeitherAndFindsNothing] {
        let mut scene = Scene::of(700, heeds, Some(Heeds::Both));
        scene.run_for(3_600);
        assert!(!scene.is_in_step(), "{heeds:?}");
        let too_large = |event: &SyncEvent| matches!(event, SyncEvent::Failed { fault: Fault::TooLarge, .. });
        assert!(scene.events().iter().any(too_large), "{heeds:?}");
        let asked = scene.asked_for_all;
        assert!(asked < 100, "{heeds:?}: asked {asked} times in an hour");
        scene.registrations.retain(|number, _| *number < 200);
        scene.run_for(Limits::default().retry_max.as_secs() * 2);
        assert!(scene.shown() == scene.expected(), "{heeds:?}");
        assert!(scene.is_in_step(), "{heeds:?}");
    }
}

#[test]
fn what_was_found_before_a_source_forgot_its_pages_is_not_taken_for_gone() {
    for heeds in [Heeds::Count, Heeds::Neither, Heeds::NeitherAndFindsNothing] {
        let mut scene = Scene::new(700);
        scene.run_for(POLLED);
        scene.of_endpoints = heeds;
        scene.run_for(600);
        assert_eq!(scene.shown().0.len(), 700, "{heeds:?}");
    }
}

#[test]
fn what_is_on_more_pages_than_may_be_read_is_not_mirrored_and_its_links_are_looked_up_one_by_one() {
    for (bytes, is_mirrored) in [(60_000, true), (1_000, false)] {
        let mut scene = Scene::limited(540, Heeds::Both, Some(Heeds::Both), |limits| limits.paged_bytes = bytes);
        scene.run_for(POLLED);
        // The links are more than sixty thousand bytes, and registrations go into one answer.
        assert!(scene.shown() == scene.expected(), "{bytes}");
        scene.registrations.extend((540..700).map(|number| (number, vec!["one".into()])));
        scene.notify();
        scene.run_for(3 * POLLED);
        assert_eq!(scene.is_shown(699), is_mirrored, "{bytes}");
    }
}

#[test]
fn links_of_more_registrations_than_lookups_per_source_are_not_mirrored() {
    let mut scene = Scene::limited(40, Heeds::Both, None, |limits| limits.lookups_per_source = 14);
    scene.run_for(POLLED);
    // Four are for other questions.
    assert_eq!((scene.shown().0.len(), scene.is_in_step()), (10, false));
}
