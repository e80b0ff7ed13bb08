//! A directory on UDP that is full from the start, without the limits that a public one has: what to run under load.
//!
//! ```text
//! cargo run --release -p waypost-benches --bin serve -- 127.0.0.1:5683 [REGISTRATIONS [LINKS [SECONDS]]]
//! ```
//!
//! Holds a million registrations of ten links of a fleet by default, and ends after ten minutes.

use core::time::Duration;
use std::process::ExitCode;

use waypost::coap::{Config, Driver, Endpoint};
use waypost::server::{Server, ServerConfig};
use waypost_benches::fleet::{self, Documents};
use waypost_benches::loopback;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(Ok(address)) = arguments.next().map(|argument| loopback(&argument)) else {
        eprintln!("usage: serve 127.0.0.1:PORT [REGISTRATIONS [LINKS [SECONDS]]]");
        return ExitCode::from(2);
    };
    let mut numbers = arguments.filter_map(|argument| argument.parse().ok());
    let registrations = numbers.next().unwrap_or(1_000_000);
    let links = numbers.next().unwrap_or(10);
    let seconds = numbers.next().unwrap_or(600) as u64;

    let mut config = ServerConfig::default();
    config.limits.registrations_per_peer = usize::MAX;
    config.limits.changes_per_minute = usize::MAX;
    config.limits.changes_per_minute_in_all = usize::MAX;
    let server = Server::new(fleet::directory(registrations, links, Documents::Fleet), config);
    let mut driver = Driver::new(Endpoint::new(server, Config::new(*b"only for benches")));
    driver.on_step(|_, server| while server.poll_event().is_some() {});
    let serve = async {
        println!("listening on coap://{}", driver.listen(address)?);
        driver.run_until(tokio::time::sleep(Duration::from_secs(seconds))).await
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(serve)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("serve: {error}");
            ExitCode::FAILURE
        }
    }
}
