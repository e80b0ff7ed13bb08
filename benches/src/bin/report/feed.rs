use core::hint::black_box;
use core::time::Duration;

use waypost::directory::ChangeRef;
use waypost::{Base, Instant, Update};
use waypost_benches::fleet;

use crate::measure::median;
use crate::scene::Scene;
use crate::table::{Row, Table};

/// Reads what changed last, and what changed first: the text of each change, with its links.
pub(crate) fn feed(table: &mut Table, scene: &mut Scene) {
    let now = Instant::ZERO;
    let (before, before_of_peer) = (scene.directory.version().clone(), scene.peer.version().expect("a version"));
    for step in 0..CHANGES {
        let base = fleet::base(40_000_000 + step);
        let update = Update { base: Some(Base::given(&base).expect("a base")), ..Update::default() };
        let location = scene.location(step * (scene.size / CHANGES));
        scene.directory.update(now, &location, update).expect("a registration");
        scene.peer.rebase((step * (scene.peer_size / CHANGES)) as i64 + 1, &base).expect("a registration");
    }
    let theirs = median(21, || assert_eq!(scene.peer.feed(before_of_peer, CHANGES).expect("SQL").0, CHANGES));
    let ours = median(21, || {
        let changes = scene.directory.feed(now, &before).expect("nothing is forgotten").take(CHANGES);
        assert_eq!(changes.map(|change| black_box(bytes(&change))).filter(|bytes| *bytes > 0).count(), CHANGES);
    });
    let row = Row::new("feed of the last 1000 changes", ours).of(scene.documents);
    table.add(row.peer("SQLite", theirs).goal(Duration::from_micros(200)));
}

fn bytes(change: &ChangeRef<'_>) -> usize {
    match change {
        ChangeRef::Put(record) => {
            let names = record.sector().map_or(0, str::len) + record.endpoint().len();
            let values = record.attributes().flat_map(|(_, values)| values.value);
            let attributes = values.map(|value| value.map_or(0, str::len)).sum::<usize>();
            names + record.base().value.len() + attributes + record.links().value.as_str().len()
        }
        _ => 0,
    }
}

/// How many changes are read.
const CHANGES: usize = 1000;
