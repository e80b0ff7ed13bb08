//! A CoRE Resource Directory on UDP.
//!
//! `cargo run --release --example rd`

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use waypost::coap::{Config as CoapConfig, Driver, Endpoint};
use waypost::server::{Server, ServerConfig};
use waypost::sync::{Replicated, Replicator, SyncConfig};
use waypost::{Config, Directory, LinkDocumentBuf, ReplicaId};
use waypost_examples::{Arguments, Problem, ended, listen, log, random, say, zone};

const HELP: &str = "\
A CoRE Resource Directory (RFC 9176) on CoAP over UDP.

Usage: rd [OPTIONS]

  --listen ADDR:PORT     listen here; can be repeated [127.0.0.1:5683 and [::1]:5683]. A host of several addresses should name each,
                         as answers from [::] or 0.0.0.0 go out from the one that the system chooses
  --multicast INTERFACE  answer discovery by multicast, too, on this interface (name or number); can be repeated
  --registrations N      how many there can be [1000000]
  --secret HEX           32 hexadecimal digits that locations are derived from, to keep them over restarts
  --quiet                log nothing
  --help                 show this

Prints `listening on coap://ADDR:PORT` on standard output for each socket when it is ready, and on standard error a line, with the
time of day in UTC, for each renewal, other change of a registration, and refusal, 60 of each in a minute and then how many more
there were. Registration is at /rd, look-up at /rd-lookup/res and /rd-lookup/ep, and a feed of what changes, for mirrors, at /sync/feed.
A host registers 10000 endpoints at most, unless all sockets are on loopback. Ends on SIGINT and SIGTERM.";

struct Options {
    listen: Vec<SocketAddr>,
    multicast: Vec<u32>,
    registrations: usize,
    secret: [u8; 16],
    quiet: bool,
}

fn main() -> ExitCode {
    waypost_examples::main("rd", HELP, Options::parse, serve)
}

async fn serve(options: Options) -> Result<ExitCode, Problem> {
    // Whoever starts without memory is somebody new to those who mirror.
    let mut config = Config::new(options.secret, ReplicaId(random()));
    config.epoch = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    config.limits = waypost::directory::Limits::with_room_for(options.registrations);
    let mut server = ServerConfig::default();
    // On loopback everybody is one peer, so that a share for each would be the limit for all.
    if options.listen.iter().all(|address| address.ip().is_loopback()) {
        server.limits.registrations_per_peer = usize::MAX;
        server.limits.changes_per_minute = usize::MAX;
        server.limits.changes_per_minute_in_all = usize::MAX;
    }
    server.links = LinkDocumentBuf::parse(FEED)?;
    let mut sync = SyncConfig::new(random());
    sync.admits_mirrors = true;
    let service = Replicated::new(Server::new(Directory::new(config), server), Replicator::new(sync));

    let mut driver = Driver::new(Endpoint::new(service, CoapConfig::random()));
    if !options.quiet {
        driver.on_step(|_, service| {
            while let Some(event) = service.service_mut().poll_event() {
                log(event);
            }
        });
    }
    let end = ended()?;
    for &address in &options.listen {
        let local = listen(&mut driver, address)?;
        for &interface in &options.multicast {
            join(&mut driver, interface, local)?;
        }
        // So that a registration is found by the whole URI of its location, too.
        if let Ok(authority) = format!("coap://{local}").parse() {
            driver.update(|_, service| service.service_mut().directory_mut().add_authority(authority));
        }
        say(format_args!("listening on coap://{local}"));
    }
    driver.run_until(end).await?;
    Ok(ExitCode::SUCCESS)
}

/// Joins the groups of resource directories (RFC 9176 §9.5) and of CoAP itself (RFC 7252 §12.8).
fn join(driver: &mut Driver<Replicated<Server>>, interface: u32, local: SocketAddr) -> Result<(), Problem> {
    let groups: &[&str] = match local {
        SocketAddr::V4(_) => &["224.0.1.190", "224.0.1.187"],
        SocketAddr::V6(_) => &["ff02::fe", "ff05::fe", "ff02::fd", "ff05::fd"],
    };
    for group in groups.iter().filter_map(|group| group.parse::<IpAddr>().ok()) {
        let joined = driver.join(group, interface, local);
        joined.map_err(|error| format!("--multicast {interface}: cannot join {group} for {local}: {error}"))?;
    }
    Ok(())
}

impl Options {
    /// Reads the arguments; `None` when help is wanted.
    fn parse(arguments: &mut Arguments) -> Result<Option<Self>, Problem> {
        let mut options = Self {
            listen: Vec::new(),
            multicast: Vec::new(),
            registrations: 1_000_000,
            secret: CoapConfig::random().seed,
            quiet: false,
        };
        while let Some(argument) = arguments.poll() {
            match argument.as_str() {
                "--listen" => options.listen.push(arguments.address(&argument)?),
                "--multicast" => options.multicast.push(arguments.read(&argument, zone)?),
                "--registrations" => options.registrations = arguments.number(&argument)?,
                "--secret" => options.secret = arguments.secret(&argument)?,
                "--quiet" => options.quiet = true,
                "--help" | "-h" => return Ok(None),
                _ => return Err(format!("{argument} is not known").into()),
            }
        }
        if options.listen.is_empty() {
            options.listen = vec![(Ipv4Addr::LOCALHOST, 5683).into(), (Ipv6Addr::LOCALHOST, 5683).into()];
        }
        Ok(Some(options))
    }
}

/// Where what changes is told, for `/.well-known/core`.
const FEED: &str = r#"</sync/feed>;rt="waypost.feed";obs"#;
