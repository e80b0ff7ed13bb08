use core::convert::Infallible;

use minicbor::Encoder;
use waypost_client::ResourceUri;
use waypost_directory::{Config, Directory};
use waypost_filter::Query;
use waypost_model::{Registration, ReplicaId, Version};
use waypost_sync::{NotFollowed, Replicator, SyncConfig, SyncEvent};
use waypost_time::Instant;

use super::follower::Follower;

pub(crate) const NOW: Instant = Instant::from_millis(1_000_000_000);

/// Whom the liar tells of.
pub(crate) const VICTIM: &str = "coap://victim";

/// What of a directory a source must not touch.
pub(crate) fn own(directory: &Directory) -> (Vec<String>, Version, usize) {
    let local = directory.endpoints(NOW, &Query::all()).filter(|found| found.location().is_local());
    let names = local.map(|found| format!("{} {} {}", found.name(), found.base(), found.document().as_str())).collect();
    let changes = directory.feed(NOW, &Version::new()).expect("everything is there").count();
    (names, directory.version().clone(), changes)
}

/// A directory with a registration of its own, which follows the liar.
pub(crate) fn follower(
    config: SyncConfig,
    follow: impl FnOnce(&mut Replicator) -> Result<(), NotFollowed>,
) -> Follower {
    let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
    let sensor = Registration::parse("ep=own&base=coap://own", "</own>").expect("a registration");
    directory.register(NOW, sensor).expect("room");
    Follower::of(NOW, directory, config, follow)
}

pub(crate) fn mirror() -> Follower {
    mirror_with(SyncConfig::new(1))
}

pub(crate) fn mirror_with(config: SyncConfig) -> Follower {
    follower(config, |replicator| replicator.add_mirror(liar()))
}

pub(crate) fn replica() -> Follower {
    follower(SyncConfig::new(1), |replicator| replicator.add_replica(liar()))
}

/// One that mirrors an authority through the liar.
pub(crate) fn mirror_through(query: &str) -> Follower {
    let (authority, query) = (VICTIM.parse().expect("an authority"), query.parse().expect("a query"));
    follower(SyncConfig::new(1), |replicator| replicator.add_mirror_through(liar(), authority, query))
}

pub(crate) fn liar() -> ResourceUri {
    "coap://liar/sync/feed".parse().expect("a URI")
}

/// Answers the last question for changes, and lets it ask on; what it told of.
pub(crate) fn hear(victim: &mut Follower, answer: &[u8]) -> Vec<SyncEvent> {
    victim.hear(answer);
    while victim.ask().is_some() {}
    victim.events()
}

/// What is said of one registration.
pub(crate) struct Claim<'c> {
    pub(crate) replica: u64,
    pub(crate) after: u64,
    pub(crate) span: u64,
    pub(crate) delta: u64,
    pub(crate) age: u64,
    pub(crate) time: u64,
    pub(crate) place: &'c str,
}

pub(crate) const HONEST: Claim<'static> =
    Claim { replica: 9, after: 0, span: 1, delta: 1, age: 0, time: 5 << 16, place: "/rd/there" };

pub(crate) fn encode(claim: &Claim<'_>) -> Vec<u8> {
    let mut out = Encoder::new(Vec::new());
    let written: Result<(), minicbor::encode::Error<Infallible>> = (|| {
        out.array(4)?.bytes(&claim.replica.to_be_bytes())?.u64(claim.after)?.u64(claim.span)?;
        // A base that was given, and a place.
        out.array(12)?.u64(2 | 4)?.u64(claim.delta)?.null()?.str("theirs")?.str("coap://theirs")?.u32(3600)?;
        out.map(0)?.str("</theirs>")?.u64(claim.age)?.u64(claim.time)?.u32(0)?.str(claim.place)?;
        Ok(())
    })();
    written.expect("a vector takes everything");
    out.into_writer()
}

pub(crate) fn is_refused(events: &[SyncEvent]) -> bool {
    events.iter().any(|event| matches!(event, SyncEvent::Refused { .. } | SyncEvent::Malformed { .. }))
}

/// What says through how many directories it has come, and how many milliseconds ago it was all there was.
pub(crate) fn passage(hops: u64, age: u64) -> Vec<u8> {
    let mut out = Encoder::new(Vec::new());
    out.bool(false).and_then(|out| out.u64(hops)?.u64(u64::MAX)?.u64(age).map(drop)).expect("room");
    out.into_writer()
}

/// One that has heard what is true.
pub(crate) fn informed() -> Follower {
    let mut victim = mirror();
    assert!(!is_refused(&hear(&mut victim, &encode(&HONEST))));
    victim
}
