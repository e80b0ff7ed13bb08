//! A source that lies about what it passes on of others.

extern crate alloc;

mod common;

use core::time::Duration;

use common::liar::{Claim, HONEST, NOW, encode, hear, is_refused, mirror_through, own, passage};
use waypost_directory::Directory;
use waypost_model::{Location, Origin, Registration};
use waypost_sync::SyncEvent;

#[test]
fn who_passes_on_an_authority_lies_about_that_one_alone() {
    let mut victim = mirror_through("");
    let third = Location::new("coap://third/rd/1").expect("a location");
    let sensor = Registration::parse("ep=theirs&base=coap://honest", "</honest>").expect("a registration");
    victim.directory.mirror(NOW, third, sensor, Duration::ZERO).expect("room");
    let before = own(&victim.directory);
    let others = |directory: &Directory| {
        let origin = Origin::Foreign("coap://third".parse().expect("an authority"));
        (directory.version_of(&origin).clone(), directory.digest(&origin))
    };
    let kept = others(&victim.directory);
    let mut out = passage(1, 0);
    out.extend(encode(&HONEST));
    let events = hear(&mut victim, &out);
    assert!(!is_refused(&events), "{events:?}");
    let found = |href: &str| victim.directory.endpoints(NOW, &format!("href={href}").parse().expect("a query")).count();
    assert_eq!(["coap://victim/rd/there", "coap://third/rd/1"].map(found), [1, 1]);
    assert_eq!(found("coap://liar/rd/there"), 0, "it is no registration of the liar");

    for place in ["//third/rd/1", "coap://third/rd/1", "coap://liar/rd/there", "/../x"] {
        let mut out = passage(1, 0);
        out.extend(encode(&Claim { after: 1, place, ..HONEST }));
        assert!(is_refused(&hear(&mut victim, &out)), "{place}");
    }
    assert_eq!((own(&victim.directory), others(&victim.directory)), (before, kept));
}

#[test]
fn a_source_that_says_it_has_it_from_far_away_is_not_taken_from() {
    for hops in [9, u64::MAX] {
        let mut victim = mirror_through("");
        let mut out = passage(hops, u64::MAX);
        out.extend(encode(&HONEST));
        let events = hear(&mut victim, &out);
        assert!(events.iter().any(|event| matches!(event, SyncEvent::TooFar { .. })), "{events:?}");
        assert_eq!(victim.directory.len(), 1);
    }
}

#[test]
fn a_source_that_says_it_was_never_in_step_or_will_be_is_not_in_step() {
    for age in [1, u64::MAX] {
        let mut victim = mirror_through("");
        hear(&mut victim, &passage(1, age));
        let standing = victim.replicator.standings().next().expect("a source");
        assert!(!standing.is_in_step && standing.confirmed < Some(NOW), "{standing:?}");
    }
}
