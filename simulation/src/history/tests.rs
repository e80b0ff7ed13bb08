use waypost_model::{Dot, ReplicaId, Version};

use super::*;
use crate::replicas::Position;

const CONTENT: Content = Content { lifetime: 600, attribute: 7, links: 3, is_simple: false };

fn host() -> Host {
    Host::nth(0)
}

fn at(seconds: u64) -> Time {
    Time::from_millis(seconds * 1000)
}

/// Returns a history of requests that began and ended so, and a way to judge by it.
fn history(requests: &[(u64, u64, Telling, Outcome)]) -> History {
    let mut history = History::new(host());
    for (id, (begun, ended, telling, outcome)) in (0..).zip(requests) {
        history.begin(at(*begun), host(), RequestId(id), telling.clone());
        history.end(at(*ended), RequestId(id), *outcome);
    }
    history
}

fn judge(history: &History, shown: Option<u32>, from: u64, to: u64) -> Result<(), Rule> {
    let clock = Clock::new(Time::ZERO, 0, 0);
    let mut replicas = Replicas::default();
    replicas.add(host());
    let clocks = [(host(), &clock)];
    let span = Span { from: at(from), to: at(to), lives_from: at(from), ..span(&replicas, &clocks) };
    history.judge(shown, Scope::Endpoints, &span)
}

/// Returns no time at the first directory.
fn span<'a>(replicas: &'a Replicas, clocks: &'a [(Host, &'a Clock)]) -> Span<'a> {
    Span {
        from: Time::ZERO,
        to: Time::ZERO,
        at: host(),
        replicas,
        clocks,
        remembers: Duration::from_secs(247),
        lives_from: Time::ZERO,
        proxies: &[],
        delay: Duration::ZERO,
        transit: Duration::ZERO,
        renews_since: None,
    }
}

fn position(replica: u64, written: &[(u64, u64)]) -> Position {
    let written = written.iter().map(|(replica, sequence)| Dot::new(ReplicaId(*replica), *sequence)).collect();
    Position { replica: ReplicaId(replica), written, renewed: Version::new() }
}

#[test]
fn what_an_update_found_is_there_again_once_what_it_did_not_know_of_is_gone() {
    let [one, other] = [0, 1].map(Host::nth);
    let mut replicas = Replicas::default();
    [one, other].into_iter().for_each(|host| replicas.add(host));
    let mut history = History::new(one);
    let update = Telling::Update { attribute: None, lifetime: None, links: Some(4) };
    let register = Telling::Register(Content { attribute: 9, ..CONTENT });
    let told = [
        (10, one, Telling::Register(CONTENT), [&[(1, 1)][..], &[(1, 1)]]),
        (30, one, update, [&[(1, 2)], &[(1, 1)]]),
        (40, other, register, [&[(1, 2)], &[(1, 1), (2, 1)]]),
        (50, other, Telling::Remove, [&[(1, 2)], &[(1, 1), (2, 2)]]),
    ];
    for (id, (time, host, telling, written)) in (0..).zip(told) {
        history.begin(at(time), host, RequestId(id), telling);
        replicas.moved(at(time), one, position(1, written[0]));
        replicas.moved(at(time), other, position(2, written[1]));
        history.end(at(time + 1), RequestId(id), Outcome::Acknowledged);
    }
    for (host, id) in [(one, 1), (other, 2)] {
        replicas.moved(at(60), host, position(id, &[(1, 2), (2, 2)]));
    }
    let clock = Clock::new(Time::ZERO, 0, 0);
    let clocks = [(one, &clock), (other, &clock)];
    let judge = |history: &History, shown| {
        let times = Span { from: at(70), to: at(70), lives_from: at(70), ..span(&replicas, &clocks) };
        history.judge(shown, Scope::Endpoints, &times)
    };
    assert_eq!(judge(&history, Some(7)), Ok(()));
    history.operations.retain(Operation::holds);
    assert_eq!(judge(&history, Some(7)), Err(Rule::Outdated), "the later registration is there");
    assert_eq!(judge(&history, Some(9)), Ok(()));
}

#[test]
fn an_endpoint_renews_by_the_lifetime_that_it_was_told_also_where_that_was_lost() {
    let [one, other] = [0, 1].map(Host::nth);
    let longer = Telling::Register(Content { lifetime: 1200, ..CONTENT });
    let renewal = Telling::Update { attribute: None, lifetime: None, links: None };
    let judge = |is_lost: bool, time| {
        let mut replicas = Replicas::default();
        [one, other].into_iter().for_each(|host| replicas.add(host));
        let mut history = History::new(one);
        let told = [(10, Telling::Register(CONTENT), 1), (30, longer.clone(), 2), (100, renewal.clone(), 3)];
        for (id, (time, telling, sequence)) in (0..).zip(told) {
            history.begin(at(time), one, RequestId(id), telling);
            if id == 2 && is_lost {
                replicas.stopped(at(50), one, true);
                replicas.moved(at(60), one, position(3, &[(1, 1)]));
                replicas.moved(at(time), one, position(3, &[(1, 1), (3, 1)]));
            } else {
                replicas.moved(at(time), one, position(1, &[(1, sequence)]));
            }
            history.end(at(time + 1), RequestId(id), Outcome::Acknowledged);
            replicas.moved(at(time), other, position(2, &[(1, 1)]));
        }
        let clock = Clock::new(Time::ZERO, 0, 0);
        let clocks = [(one, &clock), (other, &clock)];
        let times = Span { from: at(time), to: at(time), lives_from: at(time), ..span(&replicas, &clocks) };
        history.judge(None, Scope::Endpoints, &Span { renews_since: Some(at(90)), ..times })
    };
    assert_eq!(judge(true, 690), Err(Rule::Missing));
    assert_eq!(judge(true, 710), Ok(()), "the lifetime of 600 seconds is what is left");
    assert_eq!(judge(true, 1310), Err(Rule::Lapsed));
    assert_eq!(judge(false, 1290), Err(Rule::Missing));
    assert_eq!(judge(false, 1310), Err(Rule::Lapsed));
}

#[test]
fn who_renews_is_missed_where_renewals_may_come_late_too() {
    let [one, other] = [0, 1].map(Host::nth);
    let mut replicas = Replicas::default();
    [one, other].into_iter().for_each(|host| replicas.add(host));
    let mut history = History::new(one);
    let renewal = Telling::Update { attribute: None, lifetime: None, links: None };
    for (id, (time, telling, sequence)) in (0..).zip([(10, Telling::Register(CONTENT), 1), (100, renewal, 2)]) {
        history.begin(at(time), one, RequestId(id), telling);
        for (host, replica) in [(one, 1), (other, 2)] {
            replicas.moved(at(time), host, position(replica, &[(1, sequence)]));
        }
        history.end(at(time + 1), RequestId(id), Outcome::Acknowledged);
    }
    let clock = Clock::new(Time::ZERO, 0, 0);
    let clocks = [(one, &clock), (other, &clock)];
    let judge = |renews_since| {
        let (from, to, transit) = (at(200), at(200), Duration::from_secs(660));
        let span = Span { from, to, lives_from: from, at: other, transit, renews_since, ..span(&replicas, &clocks) };
        history.judge(None, Scope::Endpoints, &span)
    };
    assert_eq!(judge(None), Ok(()), "it can have expired, for all that is known there");
    assert_eq!(judge(Some(at(90))), Err(Rule::Lapsed));
}

#[test]
fn what_is_acknowledged_is_there_until_it_expires() {
    let history = history(&[(10, 20, Telling::Register(CONTENT), Outcome::Acknowledged)]);
    assert_eq!(judge(&history, None, 5, 15), Ok(()));
    assert_eq!(judge(&history, Some(7), 5, 15), Ok(()));
    assert_eq!(judge(&history, None, 21, 22), Err(Rule::Missing));
    assert_eq!(judge(&history, Some(8), 21, 22), Err(Rule::Invented));
    assert_eq!(judge(&history, None, 608, 609), Err(Rule::Missing));
    assert_eq!(judge(&history, Some(7), 619, 700), Ok(()));
    assert_eq!(judge(&history, Some(7), 621, 622), Err(Rule::Expired));
}

#[test]
fn what_is_removed_is_gone_and_what_is_changed_is_as_it_was_changed_to() {
    let update = Telling::Update { attribute: Some(9), lifetime: None, links: None };
    let history = history(&[
        (10, 20, Telling::Register(CONTENT), Outcome::Acknowledged),
        (30, 40, update, Outcome::Acknowledged),
        (50, 60, Telling::Remove, Outcome::Acknowledged),
    ]);
    assert_eq!(judge(&history, Some(7), 35, 45), Ok(()));
    assert_eq!(judge(&history, Some(7), 41, 45), Err(Rule::Outdated));
    assert_eq!(judge(&history, Some(9), 41, 61), Ok(()));
    assert_eq!(judge(&history, Some(9), 61, 62), Err(Rule::Risen));
    assert_eq!(judge(&history, None, 61, 62), Ok(()));
}

#[test]
fn an_update_changes_what_was_acknowledged_or_what_was_told_since() {
    let [long, none] = [Some(6000), None].map(|lifetime| Telling::Update { attribute: None, lifetime, links: None });
    let history = history(&[
        (10, 20, Telling::Register(CONTENT), Outcome::Acknowledged),
        (30, 40, long, Outcome::Unknown),
        (80, 90, none, Outcome::Acknowledged),
    ]);
    for time in [700, 6000] {
        assert_eq!(judge(&history, Some(7), time, time), Ok(()));
        assert_eq!(judge(&history, None, time, time), Ok(()));
    }
    assert_eq!(judge(&history, Some(7), 6091, 6091), Err(Rule::Expired));
}

#[test]
fn what_was_refused_is_not_done_unless_the_refusal_can_be_that_of_a_copy() {
    let register = (10, 20, Telling::Register(CONTENT), Outcome::Acknowledged);
    let prompt = history(&[register.clone(), (30, 40, Telling::Remove, Outcome::Refused)]);
    assert_eq!(judge(&prompt, None, 50, 50), Err(Rule::Missing));
    let slow = history(&[register, (30, 400, Telling::Remove, Outcome::Refused)]);
    assert_eq!(judge(&slow, None, 410, 410), Ok(()));
}

#[test]
fn what_has_no_outcome_can_be_done_or_not_and_late() {
    let unknown =
        [(10, 20, Telling::Register(CONTENT), Outcome::Acknowledged), (30, 40, Telling::Remove, Outcome::Unknown)];
    let mut unknown = history(&unknown);
    for time in [35, 65, 400] {
        assert_eq!(judge(&unknown, None, time, time), Ok(()));
        assert_eq!(judge(&unknown, Some(7), time, time), Ok(()));
    }
    unknown.begin(at(80), host(), RequestId(9), Telling::Register(CONTENT));
    unknown.end(at(81), RequestId(9), Outcome::Acknowledged);
    assert_eq!(judge(&unknown, None, 82, 83), Err(Rule::Missing));
}

#[test]
fn who_renews_is_missed_for_a_moment_where_that_is_heard_of_late() {
    let renewal = Telling::Update { attribute: None, lifetime: None, links: None };
    let told =
        [(10, 10, Telling::Register(CONTENT), Outcome::Acknowledged), (560, 560, renewal, Outcome::Acknowledged)];
    let judge = |history: &History, seconds| {
        let clock = Clock::new(Time::ZERO, 0, 0);
        let mut replicas = Replicas::default();
        replicas.add(host());
        let (clocks, delay) = ([(host(), &clock)], Duration::from_secs(seconds));
        let times = Span { from: at(500), to: at(615), lives_from: at(500), delay, ..span(&replicas, &clocks) };
        history.judge(None, Scope::Endpoints, &Span { renews_since: Some(at(5)), ..times })
    };
    assert_eq!(judge(&history(&told), 40), Err(Rule::Lapsed));
    assert_eq!(judge(&history(&told), 60), Ok(()), "it was renewed 50 seconds before it expired");
    assert_eq!(judge(&history(&told[..1]), 60), Err(Rule::Lapsed), "it was not renewed");
}
