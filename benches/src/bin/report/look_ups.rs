use core::hint::black_box;
use core::time::Duration;

use coap_lite::link_format::LinkFormatParser;
use waypost::directory::Show;
use waypost::link_format::LinkWriter;
use waypost::{Directory, Instant, LinkDocument, Query};
use waypost_benches::fleet::{self, Documents};

use crate::changes::LINKS;
use crate::measure::{median, once};
use crate::sqlite::Sqlite;
use crate::table::{Figure, Row, Table};

/// Looks up by what finds one or ten results, by another value each time where there is more than one.
pub(crate) fn look_up(table: &mut Table, directory: &Directory, size: usize, peer: &Sqlite, peer_size: usize) {
    for (name, query, value, sql, goal) in lines() {
        let numbers = |size: usize| (0..ROUNDS).map(move |round| round * 7919 * 31 % size);
        let queries: Vec<_> = numbers(size).map(|at| Query::parse(&query(&value(at))).expect("a query")).collect();
        let values: Vec<_> = numbers(peer_size).map(value).collect();
        let is_of_links = name.starts_with("res");
        let (mut queries, mut values) = (queries.iter(), values.iter());
        let ours = median(ROUNDS, || queries.next().map(|query| write(directory, query, is_of_links)));
        let theirs = median(ROUNDS, || values.next().map(|value| peer.look_up(&sql, value).expect("a query")));
        table.add(Row::new(name, ours).peer("SQLite", theirs).goal(Duration::from_micros(goal)));
    }
}

/// Name, how the query is made of a value, how the value is made of a number, the same in SQL, and the goal in microseconds.
type Line = (&'static str, fn(&str) -> String, fn(usize) -> String, String, u64);

fn lines() -> [Line; 9] {
    let (link, of) = ("SELECT link.text FROM link", "JOIN registration ON registration.id = link.registration");
    let valued = "JOIN value ON value.link = link.id";
    let name = |number| format!("node{number:08}");
    let target = |number| format!("{}/sensors/{}/3", fleet::base(number), number % fleet::MODELS);
    let by_ep = |value: &str| format!("ep={value}");
    [
        ("ep?ep=…", by_ep, name, "SELECT base FROM registration WHERE ep = ?1".into(), 2),
        ("res?ep=…", by_ep, name, format!("{link} {of} WHERE ep = ?1"), 4),
        (
            "ep?base=…",
            |value| format!("base={value}"),
            fleet::base,
            "SELECT ep FROM registration WHERE base = ?1".into(),
            2,
        ),
        ("res?href=…", |value| format!("href={value}"), target, format!("{link} WHERE target = ?1"), 2),
        (
            "res?rt=…, 10 results",
            |value| format!("rt={value}"),
            |_| "rare".into(),
            format!("{link} {valued} WHERE name = 'rt' AND value = ?1"),
            5,
        ),
        (
            "res?rt=…*, 10 results",
            |value| format!("rt={value}*"),
            |_| "seldom".into(),
            format!("{link} {valued} WHERE name = 'rt' AND value >= ?1 AND value < ?1 || '~'"),
            20,
        ),
        (
            "res?rt=…&if=…&ct=…, 10 results",
            |value| format!("rt={value}&if=sensor&ct=40"),
            |_| "rare".into(),
            format!(
                "{link} JOIN value a ON a.link = link.id JOIN value b ON b.link = link.id JOIN value c ON c.link = link.id \
                 WHERE a.name = 'rt' AND a.value = ?1 AND b.name = 'if' AND b.value = 'sensor' \
                 AND c.name = 'ct' AND c.value = '40'"
            ),
            200,
        ),
        (
            "res?et=…&rt=…, first 10",
            |value| format!("et=x.common&rt={value}&count=10"),
            |_| "humidity".into(),
            format!("{link} {of} {valued} WHERE et = 'x.common' AND name = 'rt' AND value = ?1 LIMIT 10"),
            20,
        ),
        (
            "ep?rt=…, first 10",
            |value| format!("rt={value}&count=10"),
            |_| "battery".into(),
            format!("SELECT DISTINCT ep FROM link {of} {valued} WHERE name = 'rt' AND value = ?1 LIMIT 10"),
            20,
        ),
    ]
}

/// Cuts pages out of everything, and walks along the links one by one while registrations are renewed.
pub(crate) fn pages(table: &mut Table, directory: &Directory, size: usize) {
    let page = |page: usize| Query::parse(&format!("count=10&page={page}")).expect("a query");
    let deep = median(9, || write(directory, &page(size / 2), true));
    table.add(Row::new(format!("page {} of 10 links", size / 2), deep).goal(Duration::from_millis(20)));
    let mut number = size / 4;
    let walk = median(ROUNDS, || {
        number += 1;
        write(directory, &Query::parse(&format!("rt=humidity&count=1&page={number}")).expect("a query"), true)
    });
    table.add(Row::new("one further page of one link", walk).goal(Duration::from_micros(50)));
}

/// Writes everything.
pub(crate) fn render(table: &mut Table, directory: &Directory) {
    let bytes = write(directory, &Query::all(), true).len();
    let time = median(3, || write(directory, &Query::all(), true));
    table.add(Row::new("everything rendered", throughput(bytes, time)).goal(Figure::Throughput(1e9)));
}

/// Parses a document of 20 links.
pub(crate) fn parse(table: &mut Table) {
    let text = fleet::document(1, 20, Documents::Fleet, false);
    let repeat = |work: fn(&str) -> bool| median(21, || once(|| (0..1000).all(|_| work(black_box(&text)))));
    let ours = repeat(|text| LinkDocument::parse(text).is_ok());
    let theirs =
        repeat(|text| LinkFormatParser::new(text).all(|link| link.is_ok_and(|(_, attributes)| attributes.count() > 0)));
    let bytes = text.len() * 1000;
    let row =
        Row::new("parse and check 20 links", throughput(bytes, ours)).peer("coap-lite", throughput(bytes, theirs));
    table.add(row.goal(Figure::Throughput(1e9)));
}

fn write(directory: &Directory, query: &Query, is_of_links: bool) -> String {
    let mut text = String::with_capacity(4096);
    let mut writer = LinkWriter::new(&mut text);
    let written = if is_of_links {
        directory.resources(Instant::ZERO, query).try_for_each(|found| found.write(&mut writer, Show::default()))
    } else {
        directory.endpoints(Instant::ZERO, query).try_for_each(|found| found.write(&mut writer, Show::default()))
    };
    written.and_then(|()| writer.finish()).expect("a string takes everything");
    text
}

fn throughput(bytes: usize, time: Duration) -> Figure {
    Figure::Throughput(bytes as f64 / time.as_secs_f64())
}

/// How often a look-up is repeated.
const ROUNDS: usize = 301;

const _: () = assert!(LINKS >= 4, "the look-up by href is for the fourth link");
