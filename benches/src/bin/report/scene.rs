use std::thread;

use allocation_counter::measure;
use waypost::{Directory, Location};
use waypost_benches::fleet::{self, Documents};

use crate::sqlite::Sqlite;

/// A directory and SQLite, filled with the same.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) documents: Documents,
    pub(crate) directory: Directory,
    /// How many registrations the directory was filled with.
    pub(crate) size: usize,
    /// Bytes that were requested for the directory and are in use.
    pub(crate) bytes: u64,
    pub(crate) peer: Sqlite,
    /// How many registrations SQLite was filled with.
    pub(crate) peer_size: usize,
}

impl Scene {
    /// Fills both, at the same time.
    pub(crate) fn new(size: usize, peer_size: usize, documents: Documents) -> Self {
        let ((directory, bytes), peer) = thread::scope(|scope| {
            let peer = scope.spawn(|| Sqlite::filled(peer_size, LINKS, documents));
            (fill(size, documents), peer.join().expect("SQLite takes it in"))
        });
        Self { documents, directory, size, bytes, peer: peer.expect("SQLite takes it in"), peer_size }
    }

    /// Returns where a registration is.
    pub(crate) fn location(&self, number: usize) -> Location {
        self.directory.locate(Some(&fleet::sector(number)), &fleet::endpoint(number))
    }

    /// Returns the number of a registration drawn by lot.
    pub(crate) fn draw(&self, round: usize) -> usize {
        fleet::scatter(round) % self.size
    }

    /// Returns the number of a registration in SQLite drawn by lot.
    pub(crate) fn draw_of_peer(&self, round: usize) -> usize {
        fleet::scatter(round) % self.peer_size
    }
}

/// Returns a directory, and the bytes that were requested for it and are in use.
pub(crate) fn fill(size: usize, documents: Documents) -> (Directory, u64) {
    let mut directory = None;
    let info = measure(|| directory = Some(fleet::directory(size, LINKS, documents)));
    (directory.expect("it was made"), info.bytes_current.unsigned_abs())
}

/// How many links a registration has.
pub(crate) const LINKS: usize = 10;
