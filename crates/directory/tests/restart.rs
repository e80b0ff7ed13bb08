//! A directory comes back from what its feed said, as a replica of its own.

use core::time::Duration;

use waypost_directory::{Config, Directory};
use waypost_filter::Query;
use waypost_model::{Change, Location, Registration, ReplicaId, Version};
use waypost_time::Instant;

/// The clock of the process that starts again has nothing to do with that of the one before.
const STOPPED: Instant = Instant::from_millis(1_000_000);
const STARTED: Instant = Instant::from_millis(5_000);

fn directory(replica: u64) -> Directory {
    Directory::new(Config::new(*b"keep it a secret", ReplicaId(replica)))
}

/// A directory with an endpoint that lives for an hour and one that lives for two minutes, seen five minutes and one minute ago.
fn stopped() -> (Directory, [Location; 2]) {
    let mut directory = directory(1);
    let mut register = |ago: u64, parameters: &str| {
        let registration = Registration::parse(parameters, "</temp>;rt=temperature-c").unwrap();
        let then = Instant::from_millis(STOPPED.as_millis() - ago * 1000);
        directory.register(then, registration).unwrap().location
    };
    let long = register(300, "ep=long&lt=3600&base=coap://[2001:db8::1]");
    let short = register(60, "ep=short&lt=120&base=coap://[2001:db8::2]");
    (directory, [long, short])
}

/// Starts again from the feed, after an absence.
fn started(stopped: &Directory, away: Duration) -> Directory {
    let mut directory = directory(2);
    for change in stopped.feed(STOPPED, &Version::new()).unwrap() {
        let change = match change.to_change() {
            Change::Put { record, age } => Change::Put { record, age: age + away },
            other => other,
        };
        directory.apply(STARTED, change).unwrap();
    }
    directory.advance(stopped.version()).unwrap();
    directory
}

fn names(directory: &Directory, now: Instant) -> Vec<&str> {
    directory.endpoints(now, &Query::all()).map(|endpoint| endpoint.name()).collect()
}

#[test]
fn what_lives_is_there_after_a_restart_and_what_ran_out_meanwhile_is_not() {
    let (stopped, _) = stopped();
    assert_eq!(names(&started(&stopped, Duration::from_secs(59)), STARTED), ["long", "short"]);
    assert_eq!(names(&started(&stopped, Duration::from_secs(61)), STARTED), ["long"]);
    assert_eq!(names(&started(&stopped, Duration::from_secs(3301)), STARTED), [""; 0]);
}

#[test]
fn endpoints_go_on_at_the_locations_that_they_know() {
    let (stopped, [long, _]) = stopped();
    let mut directory = started(&stopped, Duration::from_secs(3000));
    directory.renew(STARTED, &long).unwrap();
    assert_eq!(names(&directory, STARTED + Duration::from_secs(3599)), ["long"]);
    directory.remove(STARTED, &long).unwrap();
    assert!(directory.registration(STARTED, &long).is_none());
}

#[test]
fn removals_are_remembered_over_a_restart() {
    let (mut stopped, [long, _]) = stopped();
    let before: Vec<Change> =
        stopped.feed(STOPPED, &Version::new()).unwrap().map(|change| change.to_change()).collect();
    stopped.remove(STOPPED, &long).unwrap();
    let mut directory = started(&stopped, Duration::ZERO);
    // A copy of what was removed comes late.
    for change in before {
        directory.apply(STARTED, change).unwrap();
    }
    assert_eq!(names(&directory, STARTED), ["short"]);
}
