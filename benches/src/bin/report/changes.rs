use core::time::Duration;

use waypost::{Base, Directory, Instant, LinkDocumentBuf, Location, Query, Registration, Update};
use waypost_benches::fleet::{self, Documents};

use crate::measure::{each, once};
use crate::sqlite::Sqlite;
use crate::table::{Row, Table};

/// Registers more than `size` endpoints, with the parsing of their links.
pub(crate) fn register(table: &mut Table, directory: &mut Directory, size: usize, documents: Documents, peer: &Sqlite) {
    let prepare = |number| {
        (fleet::registration(number, usize::MAX, LINKS, documents), fleet::document(number, LINKS, documents, false))
    };
    let new: Vec<_> = (size..size + SAMPLE).map(prepare).collect();
    let theirs = each(SAMPLE, || {
        peer.begin().expect("a transaction");
        new.iter().for_each(|(registration, text)| peer.register(&parsed(registration, text)).expect("a new endpoint"));
        peer.commit().expect("room in memory");
    });
    let mut new: Vec<_> = new.iter().map(|(registration, text)| (registration.clone(), text)).collect();
    let ours = each(SAMPLE, || {
        for (registration, text) in new.drain(..) {
            directory.register(Instant::ZERO, parsed(&registration, text)).expect("within the limits");
        }
    });
    let goal = if documents == Documents::Fleet { 5 } else { 25 };
    let name = format!("register, {documents:?} of 10 links").to_lowercase();
    table.add(Row::new(name, ours).peer("SQLite", theirs).goal(Duration::from_micros(goal)));
}

fn parsed(registration: &Registration, text: &str) -> Registration {
    let links = LinkDocumentBuf::parse(text).expect("a document");
    Registration { links, ..registration.clone() }
}

/// Renews, updates and removes what is there, far apart from each other.
pub(crate) fn change(table: &mut Table, directory: &mut Directory, size: usize, peer: &Sqlite, peer_size: usize) {
    let now = Instant::ZERO;
    let every = directory.endpoints(now, &Query::all()).map(|found| found.location()).step_by((size / SAMPLE).max(1));
    let some: Vec<Location> = every.take(SAMPLE).collect();
    let names: Vec<_> = (0..SAMPLE).map(|number| format!("node{:08}", number * 7919 % peer_size)).collect();
    let theirs = each(SAMPLE, || names.iter().for_each(|name| peer.renew(name).expect("a name")));
    let ours = each(some.len(), || some.iter().for_each(|at| directory.renew(now, at).expect("a registration")));
    table.add(Row::new("renew", ours).peer("SQLite", theirs).goal(Duration::from_nanos(400)));

    let before = directory.version().clone();
    let updates: Vec<_> = (0..some.len()).map(|number| fleet::base(10_000_000 + number)).collect();
    let ours = each(some.len(), || {
        for (location, base) in some.iter().zip(&updates) {
            let update = Update { base: Some(Base::given(base).expect("a base")), ..Update::default() };
            directory.update(now, location, update).expect("a registration");
        }
    });
    table.add(Row::new("update of the base", ours).goal(Duration::from_micros(5)));

    let feed = once(|| directory.feed(now, &before).expect("nothing is forgotten").take(1000).count());
    table.add(Row::new("feed of 1000 changes", feed).goal(Duration::from_micros(200)));

    let ours = each(some.len(), || some.iter().for_each(|at| directory.remove(now, at).expect("a registration")));
    table.add(Row::new("remove", ours).goal(Duration::from_micros(10)));
}

/// Lets everything expire at the same time, several times over.
///
/// The work of each call is the same in each round. So what another program on the machine takes is told from what the call
/// takes: by the best of the rounds.
pub(crate) fn expire(table: &mut Table, directory: &Directory) {
    let end = Instant::from_millis(400_000_000);
    let mut best: Vec<Duration> = Vec::new();
    for _ in 0..ROUNDS {
        let mut directory = directory.clone();
        let mut has_more = true;
        let mut calls = Vec::new();
        while has_more {
            calls.push(once(|| has_more = directory.expire(end)));
        }
        best.resize(calls.len(), Duration::MAX);
        best.iter_mut().zip(calls).for_each(|(best, call)| *best = call.min(*best));
    }
    let count = directory.len();
    let all = best.iter().sum::<Duration>() / count.max(1) as u32;
    let longest = best.iter().max().copied().unwrap_or_default();
    table.add(Row::new(format!("expire, {count} at once"), all).goal(Duration::from_micros(10)));
    table.add(Row::new("the longest pause meanwhile", longest).goal(Duration::from_millis(1)));
}

/// How many links a registration has.
pub(crate) const LINKS: usize = 10;
/// How many things are done to see what one takes.
const SAMPLE: usize = 5000;
/// How often everything expires.
const ROUNDS: usize = 3;
