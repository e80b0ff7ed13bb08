use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;

use std::sync::{PoisonError, RwLock};
use std::thread;
use std::time::Instant as Wall;

use waypost::directory::Show;
use waypost::link_format::LinkWriter;
use waypost::{Directory, Instant, Query};

use crate::Histogram;
use crate::fleet::{self, Documents};

/// A directory that several threads read while one of them writes.
pub trait Shared: Sync {
    /// Looks up what concerns endpoint `number` alone, if any.
    fn look_up(&self, number: Option<usize>, look_up: &mut dyn FnMut(&Directory));

    /// Changes endpoint `number`.
    fn change(&self, number: usize, change: &dyn Fn(&mut Directory));
}

impl Shared for RwLock<Directory> {
    fn look_up(&self, _: Option<usize>, look_up: &mut dyn FnMut(&Directory)) {
        look_up(&self.read().unwrap_or_else(PoisonError::into_inner));
    }

    fn change(&self, _: usize, change: &dyn Fn(&mut Directory)) {
        change(&mut self.write().unwrap_or_else(PoisonError::into_inner));
    }
}

/// What readers and a writer beside them got done.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// How long each look-up took, of all readers, with the waiting for the lock.
    pub look_ups: Histogram,
    /// How long each write took, with the waiting for the lock.
    pub writes: Histogram,
    /// How long it went on.
    pub elapsed: Duration,
}

impl Outcome {
    /// Returns how many look-ups there were each second, of all readers together.
    #[must_use]
    pub fn look_up_rate(&self) -> f64 {
        self.look_ups.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// Returns how many writes there were each second.
    #[must_use]
    pub fn write_rate(&self) -> f64 {
        self.writes.len() as f64 / self.elapsed.as_secs_f64()
    }
}

/// Lets `readers` look up for a `time` as fast as they can, beside a writer or not, in a fleet of `size` registrations.
///
/// Nine of ten look-ups are for the links of one endpoint, the tenth for ten links of a rare type; each writes its result. The
/// writer registers a new endpoint and renews another one by turns, as fast as it can. What it registers is made and checked
/// before it asks for the lock. It starts with endpoint `new`.
pub fn contest(
    shared: &impl Shared,
    size: usize,
    links: usize,
    readers: usize,
    new: Option<usize>,
    time: Duration,
) -> Outcome {
    let is_over = AtomicBool::new(false);
    let start = Wall::now();
    let (look_ups, writes) = thread::scope(|scope| {
        let is_over = &is_over;
        let readers: Vec<_> =
            (0..readers).map(|reader| scope.spawn(move || read(shared, size, links, reader, is_over))).collect();
        let writer = new.map(|new| scope.spawn(move || write(shared, size, links, new, is_over)));
        thread::sleep(time);
        is_over.store(true, Ordering::Relaxed);
        let mut look_ups = Histogram::default();
        readers.into_iter().for_each(|reader| look_ups.add_all(&reader.join().expect("a reader goes on")));
        let writes = writer.map(|writer| writer.join().expect("a writer goes on"));
        (look_ups, writes.unwrap_or_default())
    });
    Outcome { look_ups, writes, elapsed: start.elapsed() }
}

fn read(shared: &impl Shared, size: usize, links: usize, reader: usize, is_over: &AtomicBool) -> Histogram {
    let mut times = Histogram::default();
    let rare = Query::parse("rt=rare").expect("a query");
    let mut text = String::with_capacity(1 << 16);
    for turn in 0.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let number = fleet::scatter(turn * 16 + reader) % size;
        let of_one = Query::parse(&format!("ep=node{number:08}")).expect("a query");
        let (query, number, expected) = if turn % 10 == 9 { (&rare, None, 10) } else { (&of_one, Some(number), links) };
        text.clear();
        let mut found = 0;
        let start = Wall::now();
        shared.look_up(number, &mut |directory| found += look_up(directory, query, &mut text));
        times.add(start.elapsed());
        assert_eq!(found, expected, "{query}");
    }
    times
}

fn look_up(directory: &Directory, query: &Query, text: &mut String) -> usize {
    let mut writer = LinkWriter::new(text);
    let mut count = 0;
    for resource in directory.resources(Instant::ZERO, query) {
        resource.write(&mut writer, Show::default()).expect("a string takes everything");
        count += 1;
    }
    writer.finish().expect("a string takes everything");
    count
}

fn write(shared: &impl Shared, size: usize, links: usize, new: usize, is_over: &AtomicBool) -> Histogram {
    let mut times = Histogram::default();
    for turn in 0.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let is_new = turn % 2 == 0;
        let number = if is_new { new + turn / 2 } else { fleet::scatter(turn) % size };
        let registration = is_new.then(|| fleet::registration(number, usize::MAX, links, Documents::Fleet));
        let (sector, endpoint) = (fleet::sector(number), fleet::endpoint(number));
        let start = Wall::now();
        shared.change(number, &|directory| {
            match &registration {
                Some(new) => directory.register(Instant::ZERO, new.clone()).map(drop),
                None => directory.renew(Instant::ZERO, &directory.locate(Some(&sector), &endpoint)),
            }
            .expect("within the limits");
        });
        times.add(start.elapsed());
    }
    times
}
