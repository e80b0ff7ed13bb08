use core::time::Duration;

use waypost::{Directory, Instant, Query};

use crate::measure::once;
use crate::scene::Scene;
use crate::table::{Row, Table};

/// Lets everything expire at the same time, several times over.
///
/// The work of each call is the same in each round. So what another program on the machine takes is told from what the call
/// takes: by the best of the rounds.
pub(crate) fn expire(table: &mut Table, scene: Scene) {
    let Scene { documents, directory, size, peer, .. } = scene;
    let count = directory.len();
    let mut removed = 0;
    let theirs = once(|| {
        peer.in_one_go(|| {
            while removed < EXPIRING {
                removed += match peer.expire(64)? {
                    0 => break,
                    some => some,
                };
            }
            Ok(())
        })
    });
    let theirs = theirs / removed.max(1) as u32;
    drop(peer);

    let mut best: Vec<Duration> = Vec::new();
    // Of a directory that may be too large for the memory to have it twice, there is one round.
    if size <= 1_000_000 {
        (1..ROUNDS).for_each(|_| round(directory.clone(), &mut best));
    }
    round(directory, &mut best);
    let all = best.iter().sum::<Duration>() / count.max(1) as u32;
    let longest = best.iter().max().copied().unwrap_or_default();
    let row = Row::new("expire, all at once", all).of(documents);
    table.add(row.peer("SQLite", theirs).goal(Duration::from_micros(10)));
    table.add(Row::new("the longest pause meanwhile", longest).of(documents).goal(Duration::from_millis(1)));
}

/// Takes each call's time into the best.
fn round(mut directory: Directory, best: &mut Vec<Duration>) {
    let mut has_more = true;
    let mut calls = Vec::new();
    while has_more {
        calls.push(once(|| has_more = directory.expire(END)));
    }
    assert!(directory.resources(END, &Query::all()).next().is_none());
    best.resize(calls.len(), Duration::MAX);
    best.iter_mut().zip(calls).for_each(|(best, call)| *best = call.min(*best));
}

/// When all that was registered at the beginning has expired and been forgotten.
const END: Instant = Instant::from_millis(400_000_000);
/// How often everything expires.
const ROUNDS: usize = 3;
/// How many are taken out of SQLite.
const EXPIRING: usize = 20_000;
