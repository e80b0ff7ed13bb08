use waypost_benches::fleet::{self, Documents};

use crate::figure::Figure;
use crate::scene::{LINKS, Scene};
use crate::table::{Row, Table};

/// Shows what a registration takes, everything included, beside the pages that SQLite has in use.
pub(crate) fn memory(table: &mut Table, scene: &Scene) {
    let links = link_data(scene.documents);
    let goal = match scene.documents {
        Documents::Fleet => 300.0,
        Documents::Distinct | Documents::Titled => links * 1.6,
    };
    let theirs = scene.peer.bytes().expect("SQLite knows") as f64 / scene.peer_size as f64;
    let row = Row::new(format!("memory of a registration, {links:.0} B of links"), each(scene)).of(scene.documents);
    table.add(row.peer("SQLite", Figure::Bytes(theirs)).goal(Figure::Bytes(goal)));
}

/// Returns the bytes that each registration takes.
pub(crate) fn each(scene: &Scene) -> Figure {
    Figure::Bytes(scene.bytes as f64 / scene.size as f64)
}

/// Returns the bytes of the link documents, on average.
pub(crate) fn link_data(documents: Documents) -> f64 {
    let bytes =
        (0..SAMPLE).map(|number| fleet::document(fleet::scatter(number) % 1_000_000, LINKS, documents, false).len());
    bytes.sum::<usize>() as f64 / SAMPLE as f64
}

const SAMPLE: usize = 1000;
