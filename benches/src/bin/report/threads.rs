use core::time::Duration;
use std::sync::RwLock;

use waypost::Directory;
use waypost_benches::{Histogram, contest};

use crate::figure::Figure;
use crate::scene::LINKS;
use crate::table::{Row, Table};

/// Of each name, times in seconds and the share of the look-ups that took longer.
pub(crate) type Latencies = Vec<(String, Vec<(f64, f64)>)>;

/// Looks up from one and from two threads, alone and beside a writer, behind the read-write lock of the standard library.
pub(crate) fn threads(table: &mut Table, directory: Directory, size: usize) -> Latencies {
    let shared = RwLock::new(directory);
    let mut new = 2 * size + 1_000_000;
    let mut latencies = Vec::new();
    for readers in [1, 2] {
        for is_written in [false, true] {
            let outcome = contest(&shared, size, LINKS, readers, is_written.then_some(new), TIME);
            new += 1_000_000;
            let beside = if is_written { "beside a writer" } else { "alone" };
            let name = format!("{readers} {} {beside}", if readers == 1 { "reader" } else { "readers" });
            table.add(Row::new(format!("{name}: look-ups"), Figure::Rate(outcome.look_up_rate())));
            table.add(Row::new(format!("{name}: 99 of 100 take at most"), outcome.look_ups.percentile(99.0)));
            if is_written {
                table.add(Row::new(format!("{name}: writes"), Figure::Rate(outcome.write_rate())));
            }
            latencies.push((name, points(&outcome.look_ups)));
        }
    }
    latencies
}

/// Returns what was exceeded by how many, from all down to one of ten thousand.
fn points(look_ups: &Histogram) -> Vec<(f64, f64)> {
    let shares = (-16..=16).rev().map(|eighth| 10_f64.powf(f64::from(eighth) / 8.0));
    shares.map(|percent| (look_ups.percentile(100.0 - percent).as_secs_f64(), percent / 100.0)).collect()
}

/// How long each goes on.
const TIME: Duration = Duration::from_secs(1);
