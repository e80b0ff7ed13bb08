//! Loads a directory on this machine with requests, and tells how many it answers and how fast.

extern crate alloc;

mod generator;
mod options;
mod outcome;
mod wire;
mod workload;

use core::time::Duration;
use std::io;
use std::process::ExitCode;

use crate::generator::{Generator, Pace};
use crate::options::{Mix, Options};
use crate::workload::{Ask, Workload};

const HELP: &str = "\
Loads a directory on this machine with requests, and tells how many it answers and how fast.

Usage: load coap://127.0.0.1:PORT [OPTIONS]

  --mix MIX          renew, point, filter, block, mixed, or echo for a server that sends everything back [point]
  --registrations N  register so many endpoints of a fleet first [1000]
  --loaded N         ask for so many endpoints, which the directory has already
  --links N          links of each registration, 1 to 12 [10]
  --requests N       stop after so many requests
  --seconds S        stop after this time, at most 600 [5]
  --window W         so many requests are under way at a time, at most 4096 [64]
  --rate R           send so many requests per second, whether answers come or not, as far as the window allows
  --renewals R       renew so many registrations per second beside all else; they are not counted with the others
  --histogram FILE   write there how long the requests took: microseconds, and the share that took no longer
  --sockets N        how many clients to be; on IPv4 each has an address of its own [16]
  --help             show this

Without --rate the next request goes out when an answer comes in. With it, time counts from when a request was due. No
request is repeated; without an answer within two seconds it is lost. A transfer in blocks is one request. Everything goes
to the loopback interface only.";

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("load: {problem}; see --help");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(load(&options))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn load(options: &Options) -> io::Result<()> {
    let renewable = match options.renews_what_is_loaded() {
        true => options.loaded.min(MOST_LOCATED),
        false => options.registrations,
    };
    let workload = Workload::new(options.mix, options.loaded, renewable, options.links);
    let mut generator = Generator::new(options.target, options.sockets, workload).await?;
    if options.mix != Mix::Echo {
        // A server that does not answer this has its interfaces where the examples of the standard have them.
        let outcome = all(&mut generator, 1, vec![Ask::Discover]).await?;
        if !outcome.lost.is_empty() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, format!("no answer from {}", options.target)));
        }
    }
    if options.registrations > 0 {
        let registrations = (0..options.registrations).map(Ask::Register);
        let outcome = all(&mut generator, options.window, registrations).await?;
        println!("{} registrations: {outcome}", options.registrations);
    }
    if options.renews_what_is_loaded() {
        all(&mut generator, options.window, (0..renewable).map(Ask::Locate)).await?;
    }
    let pace = Pace { window: options.window, rate: options.rate, renewals: options.renewals, time: options.time };
    let mut left = options.requests;
    let outcome = generator
        .run(pace, |workload| {
            left = left.checked_sub(1)?;
            Some(workload.draw())
        })
        .await?;
    let speed = options.rate.map_or(format!("window of {}", options.window), |rate| format!("{rate} requests/s due"));
    println!("{}, {} endpoints, {speed}: {outcome}", options.mix, options.loaded);
    if let Some(file) = &options.histogram {
        std::fs::write(file, outcome.latency.shares())?;
    }
    Ok(())
}

/// Asks all there is to ask, what is lost again a few times.
async fn all(
    generator: &mut Generator,
    window: usize,
    asks: impl IntoIterator<Item = Ask>,
) -> io::Result<outcome::Outcome> {
    let pace = Pace { window, rate: None, renewals: None, time: Duration::from_secs(600) };
    let mut asks = asks.into_iter();
    let mut outcome = generator.run(pace, |_| asks.next()).await?;
    for _ in 0..REPETITIONS {
        let mut lost = core::mem::take(&mut outcome.lost).into_iter();
        outcome.lost = generator.run(pace, |_| lost.next()).await?.lost;
    }
    Ok(outcome)
}

/// How many of the registrations that others made are renewed.
const MOST_LOCATED: usize = 10_000;
/// How often a lost registration is sent again.
const REPETITIONS: usize = 3;
