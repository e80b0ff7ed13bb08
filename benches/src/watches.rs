//! Watches to measure with: made from a number, the same each time.
//!
//! They are about nodes of the lower half of the [`SECTORS`] of a fleet; the lowest of these are watched as a whole.

use waypost::directory::Scope;
use waypost::{Directory, Instant, Query};

use crate::fleet;

/// How many sectors a fleet has: the registration of that number, modulo this, is in the sector `floor-…`.
pub const SECTORS: usize = 100;
/// How many of them are watched as a whole.
pub const WHOLE_SECTORS: usize = 10;
/// How many of them have nodes that are watched.
pub const WATCHED_SECTORS: usize = 50;

/// Adds `count` watches of all kinds to a directory of the registrations `0..size` of a [fleet](crate::fleet).
pub fn add(directory: &mut Directory, count: usize, size: usize) {
    for number in 0..count {
        let (scope, query) = watch(number, size);
        let query = Query::parse(&query).expect("a query");
        directory.watch(Instant::ZERO, scope, query).expect("room for a watch");
    }
}

/// Returns watch `number` over the registrations `0..size`.
pub fn watch(number: usize, size: usize) -> (Scope, String) {
    if number < WHOLE_SECTORS {
        return (Scope::Resources, format!("d=floor-{number}"));
    }
    let node = watched_node(number, size);
    let (name, base) = (format!("node{node:08}"), fleet::base(node));
    match number % 8 {
        0 => (Scope::Endpoints, format!("ep={name}")),
        1 => (Scope::Endpoints, format!("ep={name}*")),
        2 => (Scope::Resources, format!("ep={name}&if=sensor")),
        3 => (Scope::Endpoints, format!("if=sensor&ep={name}")),
        4 => (Scope::Resources, format!("rt=core.s&if=sensor&href={base}/sensors/*")),
        // Nobody has the rest of these: they are in the way of those that have all but one of their values.
        5 => (Scope::Resources, format!("rt=alarm.{number}")),
        6 => (Scope::Resources, format!("rt=temperature-c&et=unit-{number}")),
        _ => (Scope::Resources, format!("rt=alarm.{number}*&if=sensor&ct=40")),
    }
}

/// Returns the node that watch `number` is about if it is about one.
pub fn watched_node(number: usize, size: usize) -> usize {
    (number / WATCHED_SECTORS * SECTORS + number % WATCHED_SECTORS) % size.max(1)
}
