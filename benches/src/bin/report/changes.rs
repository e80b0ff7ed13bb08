use core::time::Duration;

use waypost::model::Attributes;
use waypost::{Base, Instant, LinkDocumentBuf, Location, Registration, Update};
use waypost_benches::fleet::{self, Documents};

use crate::measure::each;
use crate::scene::{LINKS, Scene};
use crate::table::{Row, Table};

/// Registers more endpoints, with the parsing of their links.
pub(crate) fn register(table: &mut Table, scene: &mut Scene) {
    let documents = scene.documents;
    let goal = Duration::from_micros(if documents == Documents::Fleet { 5 } else { 25 });
    let new = |first: usize| -> Vec<_> { (first..first + SAMPLE).map(|number| new(number, documents)).collect() };
    let theirs = new(scene.peer_size);
    let theirs = scene.peer.in_one_go(|| {
        Ok(each(theirs, |(new, text)| scene.peer.register(&with_links(new, &text)).expect("a new endpoint")))
    });
    let before = scene.directory.len();
    let ours = each(new(scene.size), |(new, text)| {
        scene.directory.register(Instant::ZERO, with_links(new, &text)).expect("within the limits")
    });
    assert_eq!(scene.directory.len(), before + SAMPLE);
    let row = Row::new("register a new endpoint", ours).of(documents);
    table.add(row.peer("SQLite", theirs.expect("a transaction")).goal(goal));
}

/// Returns a registration without its links, and their text.
pub(crate) fn new(number: usize, documents: Documents) -> (Registration, String) {
    let registration = fleet::registration(number, usize::MAX, LINKS, documents);
    let text = registration.links.as_str().to_owned();
    (Registration { links: LinkDocumentBuf::default(), ..registration }, text)
}

/// Reads the links of a registration.
pub(crate) fn with_links(registration: Registration, text: &str) -> Registration {
    Registration { links: LinkDocumentBuf::parse(text).expect("a document"), ..registration }
}

/// Renews, updates and removes registrations that are drawn by lot.
pub(crate) fn change(table: &mut Table, scene: &mut Scene) {
    let now = Instant::ZERO;
    let some = drawn(scene.size);
    let some: Vec<Location> = some.into_iter().map(|number| scene.location(number)).collect();
    let others: Vec<i64> = drawn(scene.peer_size).into_iter().map(|number| number as i64 + 1).collect();
    let in_peer = |work: &mut dyn FnMut(i64)| {
        let numbers = others.clone();
        scene.peer.in_one_go(|| Ok(each(numbers, work))).expect("a transaction")
    };
    let documents = scene.documents;
    let directory = &mut scene.directory;

    let theirs = in_peer(&mut |id| scene.peer.renew(id).expect("a registration"));
    let ours = each(some.iter().collect(), |at| directory.renew(now, at).expect("a registration"));
    table.add(Row::new("renew", ours).of(documents).peer("SQLite", theirs).goal(Duration::from_nanos(400)));

    let bases: Vec<_> = (0..SAMPLE).map(|number| fleet::base(30_000_000 + number)).collect();
    let mut turns = bases.iter();
    let mut next = || turns.next().expect("one for each");
    let theirs = in_peer(&mut |id| scene.peer.rebase(id, next()).expect("a registration"));
    let updates = some.iter().zip(&bases).collect();
    let ours = each(updates, |(at, base)| {
        let update = Update { base: Some(Base::given(base).expect("a base")), ..Update::default() };
        directory.update(now, at, update).expect("a registration");
    });
    let goal = Duration::from_micros(5);
    table.add(Row::new("update the base", ours).of(documents).peer("SQLite", theirs).goal(goal));

    let ours = each(some.iter().collect(), |at| {
        let mut attributes = Attributes::new();
        attributes.push("et", Some("x.changed")).expect("an attribute");
        directory.update(now, at, Update { attributes, ..Update::default() }).expect("a registration");
    });
    table.add(Row::new("update an attribute", ours).of(documents).goal(goal));

    let before = directory.len();
    let theirs = in_peer(&mut |id| scene.peer.remove(id).expect("a registration"));
    let ours = each(some.iter().collect(), |at| directory.remove(now, at).expect("a registration"));
    assert_eq!(directory.len(), before - some.len());
    let goal = Duration::from_micros(10);
    table.add(Row::new("remove", ours).of(documents).peer("SQLite", theirs).goal(goal));
}

/// Returns numbers drawn by lot, each once.
fn drawn(size: usize) -> Vec<usize> {
    let mut numbers: Vec<_> = (0..SAMPLE).map(|round| fleet::scatter(round) % size).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.sort_unstable_by_key(|number| fleet::scatter(*number));
    numbers
}

/// How many things are done to see what one takes.
const SAMPLE: usize = 4500;
