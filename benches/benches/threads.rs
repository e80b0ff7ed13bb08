//! Ways to read a directory from several threads while one writes: how many look-ups and writes each lets through, and how long
//! the slow ones take.
//!
//! ```text
//! cargo bench -p waypost-benches --bench threads [-- REGISTRATIONS]
//! ```
//!
//! * `RwLock`: the read-write lock of the standard library; `parking_lot`: that of the crate, also with unlocking that hands the
//!   lock on to who waits.
//! * `16 shards`: sixteen directories behind a lock each, by endpoint name. What asks for no name has to ask all of them, and their
//!   results have no common order, so that there are no pages.
//! * `two copies`: readers use one while the writer changes the other one; then they change places, and the writer changes the
//!   first one, too. No reader ever waits for a write. It takes twice the memory, and each write is made twice.
//! * `snapshots`: the writer publishes a copy every 100 ms. Readers see the past.

extern crate alloc;

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::{Mutex, RwLock};
use std::time::Instant as Wall;

use parking_lot::RwLockWriteGuard;
use waypost::Directory;
use waypost_benches::fleet::{self, Documents};
use waypost_benches::{Shared, contest};

fn main() {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let size = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let size = size.unwrap_or(if is_test { 1_000 } else { 100_000 });
    let (time, rounds) = if is_test { (Duration::from_millis(2), 1) } else { (Duration::from_millis(500), 3) };
    let full = fleet::directory(size, LINKS, Documents::Fleet);
    println!("| {size} registrations | readers | writer | look-ups/s | p50 | p99 | p99.9 | writes/s | p99 of these |");
    println!("|---|--:|---|--:|--:|--:|--:|--:|--:|");
    let bench = Bench { size, time, rounds };
    bench.run("`RwLock`", || RwLock::new(full.clone()));
    bench.run("`parking_lot`", || ParkingLot(parking_lot::RwLock::new(full.clone()), false));
    bench.run("`parking_lot`, fair", || ParkingLot(parking_lot::RwLock::new(full.clone()), true));
    bench.run("16 shards", || Shards::new(size));
    bench.run("two copies", || TwoCopies::new(full.clone()));
    bench.run("snapshots", || Snapshots::new(full.clone()));
}

struct Bench {
    size: usize,
    time: Duration,
    rounds: usize,
}

impl Bench {
    /// Prints what goes through, of several rounds the one with the most look-ups.
    fn run<S: Shared>(&self, name: &str, make: impl Fn() -> S) {
        let shared = make();
        for (number, (readers, is_written)) in [(1, false), (1, true), (2, false), (2, true)].into_iter().enumerate() {
            let round = |round: usize| {
                let new = is_written.then_some(2 * self.size + (number * self.rounds + round) * 10_000_000);
                contest(&shared, self.size, LINKS, readers, new, self.time)
            };
            let outcomes = (0..self.rounds).map(round);
            let Some(best) = outcomes.max_by(|a, b| a.look_up_rate().total_cmp(&b.look_up_rate())) else { return };
            let times = [50.0, 99.0, 99.9].map(|percent| format!("{:.1?}", best.look_ups.percentile(percent)));
            let [median, slow, slowest] = times;
            let (writes, slow_write) = match is_written {
                true => (format!("{:.0}", best.write_rate()), format!("{:.1?}", best.writes.percentile(99.0))),
                false => Default::default(),
            };
            println!(
                "| {name} | {readers} | {} | {:.0} | {median} | {slow} | {slowest} | {writes} | {slow_write} |",
                if is_written { "yes" } else { "no" },
                best.look_up_rate()
            );
        }
    }
}

struct ParkingLot(parking_lot::RwLock<Directory>, bool);

impl Shared for ParkingLot {
    fn look_up(&self, _: Option<usize>, look_up: &mut dyn FnMut(&Directory)) {
        look_up(&self.0.read());
    }

    fn change(&self, _: usize, change: &dyn Fn(&mut Directory)) {
        let mut guard = self.0.write();
        change(&mut guard);
        if self.1 {
            RwLockWriteGuard::unlock_fair(guard);
        }
    }
}

struct Shards(Vec<RwLock<Directory>>);

impl Shards {
    fn new(size: usize) -> Self {
        let mut shards: Vec<_> = (0..16).map(|_| fleet::empty()).collect();
        for number in 0..size {
            let new = fleet::registration(number, size, LINKS, Documents::Fleet);
            shards[number % 16].register(waypost::Instant::ZERO, new).expect("within the limits");
        }
        Self(shards.into_iter().map(RwLock::new).collect())
    }
}

impl Shared for Shards {
    fn look_up(&self, number: Option<usize>, look_up: &mut dyn FnMut(&Directory)) {
        match number {
            Some(number) => self.0[number % 16].look_up(None, look_up),
            None => self.0.iter().for_each(|shard| shard.look_up(None, look_up)),
        }
    }

    fn change(&self, number: usize, change: &dyn Fn(&mut Directory)) {
        Shared::change(&self.0[number % 16], number, change);
    }
}

struct TwoCopies {
    copies: [RwLock<Directory>; 2],
    shown: AtomicUsize,
    writer: Mutex<()>,
}

impl TwoCopies {
    fn new(directory: Directory) -> Self {
        let copies = [RwLock::new(directory.clone()), RwLock::new(directory)];
        Self { copies, shown: AtomicUsize::new(0), writer: Mutex::new(()) }
    }
}

impl Shared for TwoCopies {
    fn look_up(&self, _: Option<usize>, look_up: &mut dyn FnMut(&Directory)) {
        loop {
            // It fails only if the copies changed places in between.
            if let Ok(directory) = self.copies[self.shown.load(Ordering::Acquire)].try_read() {
                return look_up(&directory);
            }
        }
    }

    fn change(&self, number: usize, change: &dyn Fn(&mut Directory)) {
        let _writer = self.writer.lock().expect("no writer panics");
        let shown = self.shown.load(Ordering::Relaxed);
        Shared::change(&self.copies[1 - shown], number, change);
        self.shown.store(1 - shown, Ordering::Release);
        Shared::change(&self.copies[shown], number, change);
    }
}

struct Snapshots {
    shown: RwLock<Arc<Directory>>,
    own: Mutex<(Directory, Wall)>,
}

impl Snapshots {
    fn new(directory: Directory) -> Self {
        Self { shown: RwLock::new(Arc::new(directory.clone())), own: Mutex::new((directory, Wall::now())) }
    }
}

impl Shared for Snapshots {
    fn look_up(&self, _: Option<usize>, look_up: &mut dyn FnMut(&Directory)) {
        let shown = self.shown.read().expect("no reader panics").clone();
        look_up(&shown);
    }

    fn change(&self, _: usize, change: &dyn Fn(&mut Directory)) {
        let mut own = self.own.lock().expect("no writer panics");
        change(&mut own.0);
        if own.1.elapsed() > Duration::from_millis(100) {
            let copy = Arc::new(own.0.clone());
            *self.shown.write().expect("no reader panics") = copy;
            own.1 = Wall::now();
        }
    }
}

/// How many links a registration has.
const LINKS: usize = 10;
