//! How much of what a source does wrong is told of.

extern crate alloc;

mod common;

use core::slice::from_ref;
use core::time::Duration;

use common::follower::Follower;
use common::liar::{Claim, HONEST, NOW, encode, hear, is_refused, mirror_with};
use waypost_rest::Response;
use waypost_sync::{FEED_FORMAT, SyncConfig, SyncEvent};

#[test]
fn a_source_that_lies_much_fills_no_log() {
    let mut config = SyncConfig::new(1);
    config.limits.events_per_minute = 5;
    let mut victim = mirror_with(config);
    let lie = encode(&Claim { place: "elsewhere", ..HONEST });
    let told: Vec<_> =
        (0..12).flat_map(|_| hear(&mut victim, &lie)).filter(|event| is_refused(from_ref(event))).collect();
    assert_eq!(told.len(), 5);
    let end = NOW + Duration::from_secs(60);
    assert!(victim.replicator.poll_timeout().is_some_and(|due| due <= end));
    victim.replicator.handle_timeout(end, &mut victim.directory);
    let more: Vec<_> = victim.events();
    assert!(more.contains(&SyncEvent::More { count: 7 }), "{more:?}");
}

#[test]
fn what_a_source_says_after_a_minute_that_was_full_is_told_of() {
    let mut config = SyncConfig::new(1);
    config.limits.events_per_minute = 5;
    let mut victim = mirror_with(config);
    let lie = encode(&Claim { place: "elsewhere", ..HONEST });
    let told = |victim: &mut Follower| hear(victim, &lie).iter().filter(|event| is_refused(from_ref(event))).count();
    assert_eq!((0..5).map(|_| told(&mut victim)).sum::<usize>(), 5);
    let later = NOW + Duration::from_secs(60);
    let answer = Response::content(FEED_FORMAT, [&[victim.number], &*lie].concat());
    victim.replicator.handle_response(later, &mut victim.directory, victim.request, Ok(answer));
    let events = victim.events();
    assert!(events.iter().any(|event| is_refused(from_ref(event))), "{events:?}");
}

#[test]
fn what_nobody_took_is_told_of() {
    let mut config = SyncConfig::new(1);
    config.limits.events = 3;
    let mut victim = mirror_with(config);
    let lie = encode(&Claim { place: "elsewhere", ..HONEST });
    for _ in 0..5 {
        victim.hear(&lie);
        victim.ask();
    }
    let events = victim.events();
    let Some(SyncEvent::Missed { count }) = events.first() else { panic!("{events:?}") };
    assert!(*count >= 2 && events.len() == 4 && is_refused(&events[3..]), "{events:?}");
}
