//! A directory in process: register, look up with a filter, watch, renew, expire.
//!
//! `cargo run --example embed`

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use waypost::directory::Scope;
use waypost::{Config, Directory, Instant, Query, Registration, ReplicaId};

const HELP: &str = "\
Registers, looks up, watches, renews and expires in a directory in process, and prints what happens.

Usage: embed [--help]";

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        None => {}
        Some("--help" | "-h") => {
            // Nobody may be listening.
            let _ = writeln!(std::io::stdout(), "{HELP}");
            return ExitCode::SUCCESS;
        }
        Some(argument) => {
            eprintln!("embed: {argument} is not known; see --help");
            return ExitCode::from(2);
        }
    }
    match embed() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("embed: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn embed() -> Result<(), Box<dyn std::error::Error>> {
    let mut directory = Directory::new(Config::new(*b"keep it a secret", ReplicaId(1)));
    let mut now = Instant::ZERO;

    // A watch is a query that stays. This one is about the temperature sensors of floor 3.
    directory.watch(now, Scope::Resources, "rt=temperature-c&d=floor-3".parse()?)?;

    // Two endpoints say what they offer: parameters as in a registration request, links in link-format.
    let node1 = Registration::parse(
        "ep=node1&d=floor-3&lt=600&base=coap://[2001:db8::1]",
        r#"</temp>;rt="temperature-c";if="core.s",</light>;rt="light-lux""#,
    )?;
    let node2 = Registration::parse("ep=node2&d=floor-4&base=coap://[2001:db8::2]", r#"</t>;rt="temperature-c""#)?;
    let node1 = directory.register(now, node1)?.location;
    directory.register(now, node2)?;
    tell(&mut directory, now); // node1 entered

    println!("all temperatures:");
    for resource in directory.resources(now, &"rt=temperature-c".parse()?) {
        println!("  {} from {}", resource.target(), resource.endpoint().name());
    }
    println!("endpoints on floor 3 that sense light:");
    for endpoint in directory.endpoints(now, &"d=floor-3&rt=light*".parse()?) {
        println!("  {} at {}, age {} s", endpoint.name(), endpoint.base(), endpoint.age().as_secs());
    }

    // A renewal keeps node1 for another 600 s. No watch fires: the links are what they were.
    now += Duration::from_secs(500);
    directory.renew(now, &node1)?;
    now += Duration::from_secs(500);
    tell(&mut directory, now);

    // Without another one it expires. Each call of `expire` does a bounded amount of work; `next_expiry` says when there is some.
    now += Duration::from_secs(101);
    while directory.expire(now) {}
    tell(&mut directory, now); // node1 left
    Ok(())
}

/// Says what the watches saw since they were asked last, and how many endpoints a look-up finds.
fn tell(directory: &mut Directory, now: Instant) {
    while let Some(event) = directory.poll_watch() {
        println!("watch: {} {:?}", event.location, event.what);
    }
    println!("after {} s: endpoints: {}", now.as_millis() / 1000, directory.endpoints(now, &Query::all()).count());
}
