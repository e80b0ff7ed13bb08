//! What waits to be told to the application.

use waypost_rest::{CountedEvent, Events};
use waypost_time::Instant;

#[derive(Debug, Clone, PartialEq)]
enum Event {
    Of(char),
    Own,
    Untold(Option<char>, u64),
}

impl CountedEvent for Event {
    type Kind = char;

    fn kind(&self) -> Option<char> {
        if let Self::Of(kind) = self { Some(*kind) } else { None }
    }

    fn untold(kind: Option<char>, count: u64) -> Self {
        Self::Untold(kind, count)
    }
}

fn at(seconds: u64) -> Instant {
    Instant::from_millis(seconds * 1_000)
}

fn told(events: &mut Events<Event>) -> Vec<Event> {
    core::iter::from_fn(|| events.pop()).collect()
}

#[test]
fn each_kind_has_its_own_count_and_a_new_one_each_minute() {
    let mut events = Events::new(100, 2);
    for event in [Event::Of('a'), Event::Of('a'), Event::Of('a'), Event::Of('a'), Event::Of('b'), Event::Own] {
        events.push(at(30), event);
    }
    events.push_with(at(30), 'a', || panic!("made in vain"));
    assert_eq!(told(&mut events), [Event::Of('a'), Event::Of('a'), Event::Of('b'), Event::Own]);
    assert_eq!(events.deadline(), Some(at(60)));
    events.turn(at(59));
    assert_eq!(told(&mut events), []);
    events.turn(at(60));
    assert_eq!(events.deadline(), None);
    events.push(at(60), Event::Of('a'));
    assert_eq!(told(&mut events), [Event::Untold(Some('a'), 3), Event::Of('a')]);
}

#[test]
fn a_minute_that_nobody_turns_is_over_all_the_same() {
    let mut events = Events::new(100, 1);
    for second in [0, 60, 120] {
        events.push(at(second), Event::Of('a'));
    }
    assert_eq!(told(&mut events), [const { Event::Of('a') }; 3]);
}

#[test]
fn the_oldest_go_when_too_many_wait_and_how_many_is_told_first() {
    let mut events = Events::new(2, 100);
    for kind in 'a'..'f' {
        events.push(at(0), Event::Of(kind));
    }
    assert_eq!(told(&mut events), [Event::Untold(None, 3), Event::Of('d'), Event::Of('e')]);
}
