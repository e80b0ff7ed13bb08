//! Measures what a directory costs, beside SQLite and coap-lite in the same run, and prints one table.
//!
//! ```text
//! cargo run --release -p waypost-benches --bin report -- [REGISTRATIONS [REGISTRATIONS_OF_SQLITE]]
//! ```
//!
//! A million registrations by default, and a tenth of them in SQLite, which would take minutes to fill otherwise. Look-ups
//! include writing the result. The table goes to `target/report.md` as well.

mod changes;
mod look_ups;
mod measure;
mod sqlite;
mod table;

use std::process::ExitCode;
use std::{env, fs};

use waypost_benches::fleet::{self, Documents};

use crate::changes::LINKS;
use crate::sqlite::Sqlite;
use crate::table::Table;

fn main() -> ExitCode {
    let mut numbers = env::args().skip(1).map(|argument| argument.parse::<usize>());
    let size = numbers.next().unwrap_or(Ok(1_000_000));
    let peer_size = numbers.next().unwrap_or(size.clone().map(|size| size / 10));
    let (Ok(size @ 10_000..=10_000_000), Ok(peer_size @ 1000..)) = (size, peer_size) else {
        eprintln!("usage: report [REGISTRATIONS [REGISTRATIONS_OF_SQLITE]], from 10000 and 1000 to ten million");
        return ExitCode::from(2);
    };
    let peer_size = peer_size.min(size);
    let mut table = Table::default();
    look_ups::parse(&mut table);
    for documents in [Documents::Distinct, Documents::Fleet] {
        let peer = fill(peer_size, documents);
        let mut directory = fleet::directory(size, LINKS, documents);
        if documents == Documents::Fleet {
            look_ups::look_up(&mut table, &directory, size, &peer, peer_size);
            look_ups::pages(&mut table, &directory, size);
            look_ups::render(&mut table, &directory);
        }
        changes::register(&mut table, &mut directory, size, documents, &peer);
        if documents == Documents::Fleet {
            changes::change(&mut table, &mut directory, size, &peer, peer_size);
            changes::expire(&mut table, &directory);
        }
    }
    let text = format!("{size} registrations, {peer_size} in SQLite\n\n{table}");
    println!("{text}");
    match fs::create_dir_all("target").and_then(|()| fs::write("target/report.md", text)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("report: target/report.md: {error}");
            ExitCode::FAILURE
        }
    }
}

fn fill(size: usize, documents: Documents) -> Sqlite {
    let peer = Sqlite::new().expect("SQLite in memory");
    peer.begin().expect("a transaction");
    for number in 0..size {
        peer.register(&fleet::registration(number, size, LINKS, documents)).expect("a new endpoint");
    }
    peer.commit().expect("room in memory");
    peer
}
