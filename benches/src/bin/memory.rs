//! Shows how much memory a registration takes, by counting what is asked of the allocator.
//!
//! ```text
//! cargo run --release -p waypost-benches --bin memory -- [REGISTRATIONS [fleet|distinct|titled]]
//! ```
//!
//! Documents have ten links, and the registrations come evenly over a day. Everything is counted that the directory holds:
//! names, attributes and links, the index, what expires when, and the feed.

use std::alloc::System;
use std::env;
use std::process::ExitCode;
use std::time::Instant as Wall;

use cap::Cap;
use waypost::Instant;
use waypost_benches::fleet::{self, Documents};

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let documents = match arguments.get(1).map(String::as_str) {
        Some("fleet") | None => Documents::Fleet,
        Some("distinct") => Documents::Distinct,
        Some("titled") => Documents::Titled,
        _ => return usage(),
    };
    let Ok(count @ 1..) = arguments.first().map_or(Ok(1_000_000), |count| count.parse::<usize>()) else {
        return usage();
    };
    let (before, start) = (ALLOCATOR.allocated(), Wall::now());
    let (mut directory, mut link_data) = (fleet::empty(), 0);
    for number in 0..count {
        let registration = fleet::registration(number, count, LINKS, documents);
        if documents != Documents::Fleet || number < fleet::MODELS {
            link_data += registration.links.as_str().len();
        }
        let now = Instant::from_millis(number as u64 * DAY / count as u64);
        directory.register(now, registration).expect("within the limits");
    }
    let (took, bytes) = (start.elapsed(), ALLOCATOR.allocated() - before);
    let (bytes, link_data) = (bytes as f64 / count as f64, link_data as f64 / count as f64);
    println!("{count} registrations of {LINKS} links, {documents:?}, in {took:.1?}");
    println!("{bytes:.0} bytes per registration, {link_data:.0} of them link data");
    println!(
        "{:.0} bytes, {:.0} % of the link data, for all else",
        bytes - link_data,
        (bytes / link_data - 1.0) * 100.0
    );
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: memory [REGISTRATIONS [fleet|distinct|titled]]");
    ExitCode::from(2)
}

/// A day in milliseconds; the default lifetime is an hour longer.
const DAY: u64 = 24 * 3_600_000;
/// How many links a registration has.
const LINKS: usize = 10;
