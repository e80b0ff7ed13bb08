use waypost_benches::fleet::{self, Documents};

use crate::figure::Figure;
use crate::scene::{LINKS, Scene, fill};
use crate::table::{Row, Table};

/// Shows what a registration takes, everything included, beside the pages that SQLite has in use.
pub(crate) fn memory(table: &mut Table, scene: &Scene) {
    let theirs = scene.peer.bytes().expect("SQLite knows") as f64 / scene.peer_size as f64;
    table.add(row(scene.documents, each(scene)).peer("SQLite", Figure::Bytes(theirs)));
}

/// Shows what a registration takes if even the title of each link is its own.
pub(crate) fn titled(table: &mut Table, size: usize) {
    let size = size.min(1_000_000);
    let (directory, bytes) = fill(size, Documents::Titled);
    drop(directory);
    table.add(row(Documents::Titled, Figure::Bytes(bytes as f64 / size as f64)));
}

fn row(documents: Documents, bytes: Figure) -> Row {
    let links = link_data(documents);
    let goal = if documents == Documents::Fleet { 300.0 } else { links * 1.6 };
    Row::new(format!("memory of a registration, {links:.0} B of links"), bytes).of(documents).goal(Figure::Bytes(goal))
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
