//! Watches to measure with: made from a number, the same each time.
//!
//! They are about the nodes of half of the sectors of a [fleet], a few of which are watched as a whole.

use core::ops::Range;

use waypost::directory::Scope;
use waypost::{Directory, Instant, Query};

use crate::fleet;

/// How much of what is watched a node is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concern {
    /// No watch shows it, though many wait for values that it has.
    None,
    /// Watches of that node show it: one or none where there are twice as many registrations as watches.
    One,
    /// So do those, and one that shows its whole sector.
    Sector,
}

impl Concern {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::None, Self::One, Self::Sector];

    /// Returns the nodes among the registrations `0..size`.
    pub fn nodes(self, size: usize) -> impl Iterator<Item = usize> {
        let sectors: Range<usize> = match self {
            Self::None => WATCHED_SECTORS..SECTORS,
            Self::One => WHOLE_SECTORS..WATCHED_SECTORS,
            Self::Sector => 0..WHOLE_SECTORS,
        };
        (0..size).filter(move |node| sectors.contains(&(node % SECTORS)))
    }
}

/// Adds `count` watches of all kinds to a directory of the registrations `0..size` of a fleet.
pub fn add(directory: &mut Directory, count: usize, size: usize) {
    for number in 0..count {
        let (scope, query) = watch(number, size);
        directory.watch(Instant::ZERO, scope, query).expect("room for a watch");
    }
}

/// Returns watch `number` over the registrations `0..size`.
pub fn watch(number: usize, size: usize) -> (Scope, Query) {
    let (scope, query) = scope_and_query(number, size);
    (scope, Query::parse(&query).expect("a query"))
}

fn scope_and_query(number: usize, size: usize) -> (Scope, String) {
    if number < WHOLE_SECTORS {
        return (Scope::Resources, format!("d=floor-{number}"));
    }
    let node = (number / WATCHED_SECTORS * SECTORS + number % WATCHED_SECTORS) % size.max(1);
    let (name, base) = (format!("node{node:08}"), fleet::base(node));
    match number % 8 {
        0 => (Scope::Endpoints, format!("ep={name}")),
        1 => (Scope::Endpoints, format!("ep={name}*")),
        2 => (Scope::Resources, format!("ep={name}&if=sensor")),
        3 => (Scope::Endpoints, format!("if=sensor&ep={name}")),
        4 => (Scope::Resources, format!("rt=core.s&if=sensor&href={base}/sensors/*")),
        // Nobody has all values of these, and everybody all but one.
        5 => (Scope::Resources, format!("rt=alarm.{number}")),
        6 => (Scope::Resources, format!("rt=core.s&et=unit-{number}")),
        _ => (Scope::Resources, format!("rt=alarm.{number}*&if=sensor&ct=40")),
    }
}

/// How many sectors a fleet has.
const SECTORS: usize = 100;
/// How many of them have nodes that are watched.
const WATCHED_SECTORS: usize = 50;
/// How many of them are watched as a whole.
const WHOLE_SECTORS: usize = 10;
