//! Observed look-ups whose notifications are link deltas.

mod harness;

use harness::*;
use proptest::prelude::*;
use waypost_link_delta::{Basis, Limits, LinkDelta, Tag};
use waypost_link_format::LinkDocumentBuf;
use waypost_rest::{Code, ContentFormat, ETag, ExchangeId, Observe, Request, Response, Service as _};
use waypost_server::{ServerConfig, ServerLimits};

const FORMAT: ContentFormat = ContentFormat(65_040);

fn by_deltas(uri: &str) -> Request {
    let mut request = get(uri).with_observe(Observe::Register);
    request.accept = Some(FORMAT);
    request
}

fn delta(response: &Response) -> LinkDelta {
    assert_eq!((response.code, response.content_format), (Code::CONTENT, Some(FORMAT)));
    let limits = Limits { bytes: usize::MAX, links: usize::MAX };
    LinkDelta::decode(&response.payload, &limits).unwrap()
}

/// What a client makes of what it is told.
#[derive(Debug, Default)]
struct Follower {
    links: LinkDocumentBuf,
    state: Option<Tag>,
}

impl Follower {
    /// Takes an answer or a notification; returns whether it led on from what was there.
    fn take(&mut self, response: &Response) -> bool {
        if response.code == Code::VALID {
            assert_eq!(response.etag, self.etag());
            return true;
        }
        let delta = delta(response);
        let leads_on = delta.from().is_met_by(self.state);
        if leads_on {
            self.links = delta.apply(self.links.as_document());
            self.state = delta.to();
        }
        leads_on
    }

    fn etag(&self) -> Option<ETag> {
        ETag::new(self.state?.as_bytes()).ok()
    }

    fn links(&self) -> Vec<String> {
        links(self.links.as_str())
    }
}

/// Starts to observe, and returns the exchange, what it starts with and what a client makes of that.
fn observe(world: &mut World, uri: &str) -> (ExchangeId, Response, Follower) {
    let exchange = world.submit(&client(), by_deltas(uri));
    let response = world.answer(exchange).unwrap();
    let mut follower = Follower::default();
    assert!(follower.take(&response));
    (exchange, response, follower)
}

#[test]
fn it_starts_from_nothing_and_goes_on_in_steps() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=a&base=coap://a", "</1>;rt=x,</2>;rt=x");
    world.register(&host(3), "ep=c&base=coap://c", "</4>;rt=x,</5>;rt=x,</6>;rt=x");
    let uri = "/rd-lookup/res?rt=x";
    let (exchange, first, _) = observe(&mut world, uri);
    assert!(first.is_observed);
    let all = delta(&first);
    assert_eq!(all.from(), Basis::Nothing);
    assert_eq!(all.put().as_str(), world.get(&client(), uri));
    assert_eq!(first.etag, world.ask(&client(), get(uri)).etag, "a state has one name in every format");
    assert_eq!(all.to().unwrap().as_bytes(), first.etag.unwrap().as_bytes());

    world.register(&host(2), "ep=b&base=coap://b", "</3>;rt=x");
    let [entered] = &world.notifications(exchange)[..] else { panic!() };
    assert!(entered.is_observed);
    let entered = delta(entered);
    assert_eq!(entered.from(), Basis::State(all.to().unwrap()));
    assert_eq!((entered.removed().as_str(), entered.put().as_str()), ("", r#"<coap://b/3>;rt="x""#));

    world.ask(&node(), delete(&location));
    let [left] = &world.notifications(exchange)[..] else { panic!() };
    assert_eq!(delta(left).removed().as_str(), "<coap://a/1>,<coap://a/2>");
    assert_eq!(delta(left).from(), Basis::State(entered.to().unwrap()));
}

#[test]
fn endpoints_are_observed_so_as_well() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=a&base=coap://a", "");
    let (exchange, _, mut follower) = observe(&mut world, "/rd-lookup/ep");
    world.ask(&node(), touch(&format!("{location}?floor=3")));
    let [changed] = &world.notifications(exchange)[..] else { panic!() };
    assert!(follower.take(changed));
    assert_eq!(follower.links(), links(&world.get(&client(), "/rd-lookup/ep")));
}

#[test]
fn no_cache_is_to_keep_a_step() {
    let mut world = World::new();
    let (exchange, first, _) = observe(&mut world, "/rd-lookup/res");
    assert!(first.etag.is_some() && first.max_age.is_none());
    world.register(&node(), "ep=a&base=coap://a", "</1>");
    world.register(&node(), "ep=b&base=coap://b", "</1>");
    world.notifications(exchange);
    world.register(&node(), "ep=c&base=coap://c", "</1>");
    let [step] = &world.notifications(exchange)[..] else { panic!() };
    assert!(matches!(delta(step).from(), Basis::State(_)));
    assert_eq!((step.etag, step.max_age), (None, Some(0)));
}

#[test]
fn changes_until_an_observer_is_ready_make_one_step() {
    let mut world = World::new();
    world.register(&node(), "ep=z&base=coap://z", "</1>,</2>,</3>");
    let (exchange, _, mut follower) = observe(&mut world, "/rd-lookup/res");
    for name in ["a", "b", "c"] {
        world.register(&node(), &format!("ep={name}&base=coap://{name}"), "</1>");
    }
    let [step] = &world.notifications(exchange)[..] else { panic!() };
    assert!(follower.take(step));
    assert_eq!(delta(step).put().links().count(), 3);
    assert_eq!(follower.links().len(), 6);
}

#[test]
fn observers_that_are_behind_are_led_on_from_where_they_are() {
    let mut world = World::new();
    world.register(&node(), "ep=z&base=coap://z", "</1>,</2>,</3>,</4>");
    let (fast, _, mut quick) = observe(&mut world, "/rd-lookup/res");
    let (slow, _, mut lazy) = observe(&mut world, "/rd-lookup/res");
    for name in ["a", "b", "c"] {
        world.register(&node(), &format!("ep={name}&base=coap://{name}"), "</1>");
        world.told();
        world.server.handle_ready(world.now, fast);
        let [step] = &world.notifications(fast)[..] else { panic!() };
        assert!(quick.take(step));
    }
    world.server.handle_ready(world.now, slow);
    let [step] = &world.notifications(slow)[..] else { panic!() };
    assert!(matches!(delta(step).from(), Basis::State(_)), "no need to begin anew");
    assert!(lazy.take(step));
    assert_eq!(lazy.links(), quick.links());
    assert_eq!(lazy.state, quick.state);
}

#[test]
fn as_many_earlier_states_are_remembered_as_the_limits_say() {
    let limits = ServerLimits { remembered_states: 2, ..ServerLimits::default() };
    let mut world = World::with(ServerConfig::default().with_limits(limits));
    let many: Vec<_> = (0..20).map(|number| format!("</{number}>")).collect();
    world.register(&node(), "ep=z&base=coap://z", &many.join(","));
    let (quick, _, _) = observe(&mut world, "/rd-lookup/res");
    let slow = ["a", "b", "c"].map(|name| {
        let (slow, _, _) = observe(&mut world, "/rd-lookup/res");
        world.register(&node(), &format!("ep={name}&base=coap://{name}"), "</1>");
        world.told();
        world.server.handle_ready(world.now, quick);
        slow
    });
    let is_led_on = slow.map(|slow| {
        world.server.handle_ready(world.now, slow);
        let [response] = &world.taken(slow)[..] else { panic!() };
        delta(response).from() != Basis::Nothing
    });
    assert_eq!(is_led_on, [false, true, true], "the one that is three states behind is not");
}

#[test]
fn steps_that_would_be_larger_than_everything_are_not_taken() {
    let mut world = World::new();
    world.register(&node(), "ep=a&base=coap://a", "</1>,</2>");
    let (exchange, _, mut follower) = observe(&mut world, "/rd-lookup/res");
    world.register(&node(), "ep=a&base=coap://b", "</1>,</2>");
    let [all] = &world.notifications(exchange)[..] else { panic!() };
    assert_eq!(delta(all).from(), Basis::Nothing);
    assert!(follower.take(all));
    assert_eq!(follower.links(), ["<coap://b/1>", "<coap://b/2>"]);
}

#[test]
fn what_a_client_has_is_led_on_from_when_it_asks_again() {
    let mut world = World::new();
    world.register(&node(), "ep=a&base=coap://a", "</1>,</2>,</3>");
    let (_, _, mut follower) = observe(&mut world, "/rd-lookup/res");
    let (other, _, _) = observe(&mut world, "/rd-lookup/res");
    let mut again = by_deltas("/rd-lookup/res");
    again.etags.push(follower.etag().unwrap());
    let response = world.ask(&client(), again.clone());
    assert_eq!((response.code, response.is_observed), (Code::VALID, true));

    world.register(&node(), "ep=b&base=coap://b", "</4>");
    world.notifications(other);
    let response = world.ask(&client(), again.clone());
    assert!(matches!(delta(&response).from(), Basis::State(_)) && response.is_observed);
    assert!(follower.take(&response));
    assert_eq!(follower.links().len(), 4);

    again.etags = vec![ETag::new(b"unknown").unwrap()];
    assert_eq!(delta(&world.ask(&client(), again)).from(), Basis::Nothing);
}

#[test]
fn a_look_up_that_is_not_observed_is_answered_from_nothing() {
    let mut world = World::new();
    world.register(&node(), "ep=a&base=coap://a", "</1>");
    let mut once = by_deltas("/rd-lookup/res");
    once.observe = None;
    let response = world.ask(&client(), once);
    assert!(!response.is_observed);
    assert_eq!((delta(&response).from(), delta(&response).put().as_str()), (Basis::Nothing, "<coap://a/1>"));
}

#[test]
fn without_the_format_of_deltas_they_are_not_acceptable() {
    let mut config = ServerConfig::default();
    config.link_delta_format = None;
    let mut world = World::with(config);
    assert_eq!(world.ask(&client(), by_deltas("/rd-lookup/res")).code, Code::NOT_ACCEPTABLE);
    let mut world = World::new();
    let mut other = by_deltas("/rd-lookup/res");
    other.accept = Some(ContentFormat(65_041));
    assert_eq!(world.ask(&client(), other).code, Code::NOT_ACCEPTABLE);
}

#[test]
fn pages_are_followed_as_what_they_show() {
    let mut world = World::new();
    let uri = "/rd-lookup/res?count=2";
    let (exchange, _, mut follower) = observe(&mut world, uri);
    for name in ["a", "b", "c", "d"] {
        world.register(&node(), &format!("ep={name}&base=coap://{name}"), "</1>");
        for response in world.notifications(exchange) {
            assert!(follower.take(&response));
        }
        assert_eq!(follower.links(), links(&world.get(&client(), uri)));
    }
}

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    Register {
        endpoint: u8,
        links: u8,
    },
    Remove {
        endpoint: u8,
    },
    Pass {
        seconds: u8,
    },
    /// An observer can be sent to; what it is sent may be lost.
    Ready {
        observer: usize,
        is_lost: bool,
    },
    /// An observer asks again, with what it has.
    Again {
        observer: usize,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let observer = 0..3_usize;
    let step = prop_oneof![
        4 => (0..5_u8, any::<u8>()).prop_map(|(endpoint, links)| Step::Register { endpoint, links }),
        1 => (0..5_u8).prop_map(|endpoint| Step::Remove { endpoint }),
        1 => (1..200_u8).prop_map(|seconds| Step::Pass { seconds }),
        6 => (observer.clone(), prop::bool::weighted(0.2)).prop_map(|(observer, is_lost)| Step::Ready { observer, is_lost }),
        1 => observer.prop_map(|observer| Step::Again { observer }),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    #[test]
    fn whatever_is_lost_or_late_an_observer_knows_in_the_end_what_a_look_up_shows(
        uri in prop::sample::select(vec!["/rd-lookup/res", "/rd-lookup/res?rt=x", "/rd-lookup/ep", "/rd-lookup/res?page=0&count=3"]),
        steps in steps(),
    ) {
        let mut world = World::new();
        let mut observers: Vec<_> = (0..3).map(|_| {
            let (exchange, _, follower) = observe(&mut world, uri);
            (exchange, follower)
        }).collect();
        let mut begun_anew = 0;
        let mut ask_again = |world: &mut World, (exchange, follower): &mut (ExchangeId, Follower)| {
            world.cancel(*exchange);
            let mut request = by_deltas(uri);
            request.etags.extend(follower.etag());
            *exchange = world.submit(&client(), request);
            let answer = world.answer(*exchange).unwrap();
            assert!(follower.take(&answer), "an answer leads on from what was asked with");
            begun_anew += 1;
        };
        for step in steps {
            match step {
                Step::Register { endpoint, links } => {
                    let links: Vec<_> = (0..8).filter(|bit| links >> bit & 1 != 0).map(|bit| {
                        format!("</{}>;rt={}", bit / 2, if bit % 2 == 0 { "x" } else { "y" })
                    }).collect();
                    world.register(&node(), &format!("ep={endpoint}&base=coap://h{endpoint}&lt=150"), &links.join(","));
                }
                Step::Remove { endpoint } => {
                    let location = world.register(&node(), &format!("ep={endpoint}&base=coap://h{endpoint}"), "");
                    world.ask(&node(), delete(&location));
                }
                Step::Pass { seconds } => world.pass(seconds.into()),
                Step::Ready { observer, is_lost } => {
                    let observer = &mut observers[observer];
                    world.told();
                    world.server.handle_ready(world.now, observer.0);
                    for response in world.taken(observer.0).into_iter().filter(|_| !is_lost) {
                        if !observer.1.take(&response) {
                            ask_again(&mut world, observer);
                        }
                    }
                }
                Step::Again { observer } => ask_again(&mut world, &mut observers[observer]),
            }
        }
        let shown = links(&world.get(&client(), uri));
        for observer in &mut observers {
            for response in world.notifications(observer.0) {
                if !observer.1.take(&response) {
                    ask_again(&mut world, observer);
                }
            }
            // What was lost at the very end is found out when it is asked again.
            ask_again(&mut world, observer);
            prop_assert_eq!(observer.1.links(), shown.clone());
        }
    }
}

#[test]
fn what_is_kept_for_observers_by_deltas_counts_also_as_it_is_sent() {
    let observed = |observed_bytes| {
        let limits = ServerLimits { observed_bytes, ..ServerLimits::default() };
        let mut world = World::with(ServerConfig::default().with_limits(limits));
        world.register(&host(1), "ep=a&base=coap://h", &format!("</a>;title=\"{}\"", "x".repeat(1_000)));
        let exchange = world.submit(&reachable(1), by_deltas("/rd-lookup/res"));
        world.answer(exchange).unwrap().is_observed
    };
    // The links, the same as a delta, what leads to them, and that as it is sent.
    assert!(!observed(3_900));
    assert!(observed(4_200));
}
