//! Measures what a directory costs, beside SQLite and coap-lite in the same run: one table, with plots.
//!
//! ```text
//! cargo run --release -p waypost-benches --bin report -- [REGISTRATIONS] [--sqlite REGISTRATIONS] [--memory GIB]
//! ```
//!
//! It holds a million registrations of ten links unless told otherwise, and SQLite as many, up to a million. Everything is measured
//! with two kinds of data: a *fleet* of a thousand models of devices, each with one document, and *distinct* documents, in which
//! the targets of each registration are its own. Look-ups include the writing of the result. All results are counted, and
//! compared with those of the peer where that has as many registrations.
//!
//! *Growth* is how many times as long a look-up takes as in a directory of ten thousand, by turns in the same run; a goal is met
//! if that is at most two as well. *Ratio* is how many times as good Waypost is as the peer.
//!
//! Memory is what was asked of the allocator for the directory and not given back, everything included.
//!
//! The table goes to `target/report/table.md`, the plots beside it; also one of look-ups over UDP, if `benches/wire` ran before.

mod changes;
mod curves;
mod expiry;
mod feed;
mod figure;
mod look_ups;
mod measure;
mod memory;
mod options;
mod pages;
mod parsing;
mod plot;
mod rendering;
mod scene;
mod sqlite;
mod table;
mod threads;
mod watches;
mod wire;

use core::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use waypost_benches::fleet::Documents;

use crate::curves::Curves;
use crate::options::{Options, SMALL, USAGE};
use crate::scene::Scene;
use crate::table::Table;

fn main() -> ExitCode {
    let Some(options) = Options::read(env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match report(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("report: {error}");
            ExitCode::FAILURE
        }
    }
}

fn report(options: Options) -> Result<(), Box<dyn Error>> {
    let folder = Path::new("target/report");
    fs::create_dir_all(folder)?;
    let mut table = Table::default();
    let mut heading = String::new();
    parsing::parse(&mut table);
    let mut all_curves = Vec::new();
    for documents in [Documents::Distinct, Documents::Fleet] {
        let small = Scene::new(SMALL, SMALL, documents);
        let mut curves = Curves::new(documents);
        let mut scene = grow(options, documents, &mut curves);
        heading += &format!("{documents:?}: {} registrations, {} in SQLite. ", scene.size, scene.peer_size);
        memory::memory(&mut table, &scene);
        look_ups::look_up(&mut table, &scene, &small);
        drop(small);
        rendering::render(&mut table, &scene);
        if documents == Documents::Fleet {
            watches::watches(&mut table, &scene);
            let latencies = threads::threads(&mut table, scene.directory.clone(), scene.size);
            plot::latencies(&folder.join("threads.svg"), "Look-ups from several threads", latencies)?;
        }
        changes::register(&mut table, &mut scene);
        pages::pages(&mut table, &mut scene);
        feed::feed(&mut table, &mut scene);
        changes::change(&mut table, &mut scene);
        expiry::expire(&mut table, scene);
        if documents == Documents::Distinct {
            memory::titled(&mut table, options.size);
        }
        all_curves.push(curves);
    }
    plot::memory(&folder.join("memory.svg"), &all_curves)?;
    for curves in &all_curves {
        plot::look_ups(&folder.join(format!("look-ups-{}.svg", curves.name())), curves)?;
    }
    let latencies = wire::latencies(Path::new("target/wire"));
    if !latencies.is_empty() {
        plot::latencies(&folder.join("wire.svg"), "Look-ups over UDP at half load", latencies)?;
    }
    let text = format!("{heading}\n\n{table}");
    println!("{text}");
    fs::write(folder.join("table.md"), text)?;
    Ok(())
}

/// Fills larger and larger directories and notes what each costs; returns the last one.
fn grow(options: Options, documents: Documents, curves: &mut Curves) -> Scene {
    let mut size = SMALL;
    loop {
        let scene = Scene::new(size, size.min(options.peer_size), documents);
        curves.add(&scene);
        let next = (size * 10).min(options.size);
        let bytes = scene.bytes as f64 * next as f64 / size as f64;
        if next == size {
            return scene;
        }
        if bytes > options.memory as f64 {
            eprintln!("report: {next} registrations with {documents:?} documents would take {bytes:.0} bytes");
            return scene;
        }
        size = next;
    }
}
