//! Shows that what a look-up costs depends on its result and not on the size of the directory.
//!
//! ```text
//! cargo run --release -p waypost-benches --bin scale -- [LARGE [SMALL [LINKS]]]
//! ```
//!
//! Each look-up runs in a small and in a large directory, in turns within one process, and medians are compared. Memory is
//! what the process occupies more after a directory was filled than before.

use core::hint::black_box;
use core::time::Duration;
use std::time::Instant as Wall;
use std::{env, fs};

use waypost::directory::Show;
use waypost::link_format::LinkWriter;
use waypost::{Directory, Instant, Query};
use waypost_benches::fleet::{self, Documents};

fn main() {
    let mut numbers = env::args().skip(1).filter_map(|argument| argument.parse::<usize>().ok());
    let large = numbers.next().unwrap_or(1_000_000);
    let small = numbers.next().unwrap_or(10_000);
    let links = numbers.next().unwrap_or(5);
    for documents in [Documents::Fleet, Documents::Distinct] {
        report(documents, small, large, links);
    }
}

fn report(documents: Documents, small: usize, large: usize, links: usize) {
    let few = fleet::directory(small, links, documents);
    let before = resident();
    let start = Wall::now();
    let many = fleet::directory(large, links, documents);
    let each = start.elapsed().as_nanos() / large as u128;
    let bytes = resident().saturating_sub(before) / large as u64;
    let text = fleet::document(large / 2, links, documents, false).len();
    println!("{documents:?}: {links} links, {text} bytes of link data per registration");
    println!("  {large} registrations: {bytes} bytes and {each} ns each, with the making of the data");
    println!("  {:<48}{:>12}{small:>12}{large:>12}{:>8}", "look-up", "results", "ratio");
    for (name, query, of_links) in look_ups(small) {
        let query = Query::parse(&query).expect("a query");
        let (mut times, mut results) = ([Vec::new(), Vec::new()], [0; 2]);
        for _ in 0..ROUNDS {
            for (number, directory) in [&few, &many].into_iter().enumerate() {
                let (time, count) = run(directory, &query, of_links);
                times[number].push(time);
                results[number] = count;
            }
        }
        let [few, many] = times.map(median);
        let results = if results[0] == results[1] { results[0].to_string() } else { format!("{results:?}") };
        let ratio = many.as_nanos() as f64 / few.as_nanos().max(1) as f64;
        println!("  {name:<48}{results:>12}{:>12}{:>12}{ratio:>8.2}", format!("{few:.1?}"), format!("{many:.1?}"));
    }
    render(&many);
}

/// Name, query, and whether it is for links.
fn look_ups(small: usize) -> Vec<(&'static str, String, bool)> {
    let node = small / 2;
    let base = fleet::base(node);
    vec![
        ("res?ep=…", format!("ep=node{node:08}"), true),
        ("ep?ep=…", format!("ep=node{node:08}"), false),
        ("ep?base=coap://[…]", format!("base={base}"), false),
        ("res?href=coap://[…]/sensors/*", format!("href={base}/sensors/*"), true),
        ("res?rt=rare", "rt=rare".into(), true),
        ("res?rt=seldom*", "rt=seldom*".into(), true),
        ("res?rt=rare&if=sensor&ct=40", "rt=rare&if=sensor&ct=40".into(), true),
        ("res?if=sensor&title=Sensor*&rt=rare", "if=sensor&title=Sensor*&rt=rare".into(), true),
        ("res?et=x.rare&rt=rare", "et=x.rare&rt=rare".into(), true),
        ("ep?rt=rare", "rt=rare".into(), false),
        ("res?et=x.common&rt=humidity&count=10", "et=x.common&rt=humidity&count=10".into(), true),
        ("res?rt=core.s&count=10", "rt=core.s&count=10".into(), true),
        ("res?if=sensor&rt=humidity&count=10", "if=sensor&rt=humidity&count=10".into(), true),
        ("res?count=10&page=400", "count=10&page=400".into(), true),
    ]
}

/// Looks up once and writes the result, as a server would.
fn run(directory: &Directory, query: &Query, of_links: bool) -> (Duration, usize) {
    let mut text = String::with_capacity(4096);
    let start = Wall::now();
    let mut writer = LinkWriter::new(&mut text);
    let mut count = 0;
    if of_links {
        for resource in directory.resources(Instant::ZERO, query) {
            resource.write(&mut writer, Show::default()).expect("a string takes everything");
            count += 1;
        }
    } else {
        for endpoint in directory.endpoints(Instant::ZERO, query) {
            endpoint.write(&mut writer, Show::default()).expect("a string takes everything");
            count += 1;
        }
    }
    writer.finish().expect("a string takes everything");
    let time = start.elapsed();
    black_box(&text);
    (time, count)
}

fn render(directory: &Directory) {
    let mut text = String::new();
    // The first round finds out how much there is, and makes the memory known to the system.
    for round in 0..2 {
        text.clear();
        let start = Wall::now();
        let mut writer = LinkWriter::new(&mut text);
        for resource in directory.resources(Instant::ZERO, &Query::all()) {
            resource.write(&mut writer, Show::default()).expect("a string takes everything");
        }
        writer.finish().expect("a string takes everything");
        let seconds = start.elapsed().as_secs_f64();
        if round == 1 {
            let megabytes = text.len() as f64 / 1e6;
            println!("  everything rendered: {megabytes:.0} MB in {seconds:.2} s, {:.0} MB/s\n", megabytes / seconds);
        }
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Returns how many bytes of memory the process occupies; zero where the system does not tell.
fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4096
}

const ROUNDS: usize = 201;
