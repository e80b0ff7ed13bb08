//! A CoRE Resource Directory on UDP.
//!
//! `cargo run --release --example rd`

use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::signal::unix::{SignalKind, signal};
use waypost::coap::{Config as CoapConfig, Driver, Endpoint};
use waypost::server::{Server, ServerConfig};
use waypost::sync::{Replicated, Replicator, SyncConfig};
use waypost::{Config, Directory, LinkDocumentBuf, ReplicaId};

/// Writes a line to standard error. Whoever started this may have stopped reading; that is no reason to end.
macro_rules! log {
    ($($line:tt)*) => {{
        let _ = writeln!(std::io::stderr(), $($line)*);
    }};
}

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

Prints `listening on coap://ADDR:PORT` on standard output for each socket when it is ready, and a line on standard error
for each renewal, other change of a registration, and refusal, 60 of each in a minute and then how many more there were.
Registration is at /rd, look-up at /rd-lookup/res and /rd-lookup/ep, and a feed of what changes, for mirrors, at /sync/feed.
A host registers 10000 endpoints at most, unless all sockets are on loopback. Ends on SIGINT and SIGTERM.";

struct Options {
    listen: Vec<SocketAddr>,
    multicast: Vec<u32>,
    registrations: usize,
    secret: [u8; 16],
    quiet: bool,
}

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            let _ = writeln!(std::io::stdout(), "{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("rd: {problem}; see --help");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(serve(&options))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rd: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: &Options) -> std::io::Result<()> {
    // Whoever starts without memory is somebody new to those who mirror.
    let mut config = Config::new(options.secret, ReplicaId(random()));
    config.epoch = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    config.limits = waypost::directory::Limits::with_room_for(options.registrations);
    let mut server = ServerConfig::default();
    // On loopback everybody is one peer, so that a share for each would be the limit for all.
    if options.listen.iter().all(|address| address.ip().is_loopback()) {
        server.limits.registrations_per_peer = options.registrations;
        server.limits.changes_per_minute = usize::MAX;
    }
    server.links = LinkDocumentBuf::parse(FEED).map_err(std::io::Error::other)?;
    let mut sync = SyncConfig::new(random());
    sync.admits_mirrors = true;
    let service = Replicated::new(Server::new(Directory::new(config), server), Replicator::new(sync));

    let mut driver = Driver::new(Endpoint::new(service, CoapConfig::random()));
    if !options.quiet {
        driver.on_step(|_, service| {
            while let Some(event) = service.service_mut().poll_event() {
                log!("{event}");
            }
        });
    }
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    for &address in &options.listen {
        let local = driver.listen(address).map_err(|error| at(address, &error))?;
        for &interface in &options.multicast {
            join(&mut driver, interface, local)?;
        }
        // So that a registration is found by the whole URI of its location, too.
        if let Ok(authority) = format!("coap://{local}").parse() {
            driver.update(|_, service| service.service_mut().directory_mut().add_authority(authority));
        }
        // Whoever started this may have read enough and gone.
        let mut stdout = std::io::stdout().lock();
        let _ = writeln!(stdout, "listening on coap://{local}").and_then(|()| stdout.flush());
    }
    driver
        .run_until(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
        .await
}

/// Joins the groups of resource directories (RFC 9176 §9.5) and of CoAP itself (RFC 7252 §12.8).
fn join(driver: &mut Driver<Replicated<Server>>, interface: u32, local: SocketAddr) -> std::io::Result<()> {
    let groups: &[&str] = match local {
        SocketAddr::V4(_) => &["224.0.1.190", "224.0.1.187"],
        SocketAddr::V6(_) => &["ff02::fe", "ff05::fe", "ff02::fd", "ff05::fd"],
    };
    for group in groups.iter().filter_map(|group| group.parse().ok()) {
        driver.join(group, interface, local).map_err(|error| at(SocketAddr::new(group, 5683), &error))?;
    }
    Ok(())
}

impl Options {
    /// Reads the arguments; `None` when help is wanted.
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self {
            listen: Vec::new(),
            multicast: Vec::new(),
            registrations: 1_000_000,
            secret: CoapConfig::random().seed,
            quiet: false,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--listen" => {
                    let value = value()?;
                    options.listen.push(value.parse().map_err(|_| format!("{value} is not ADDR:PORT"))?);
                }
                "--multicast" => options.multicast.push(interface(&value()?)?),
                "--registrations" => {
                    let value = value()?;
                    options.registrations = value.parse().map_err(|_| format!("{value} is not a number"))?;
                }
                "--secret" => options.secret = secret(&value()?).ok_or("a secret has 32 hexadecimal digits")?,
                "--quiet" => options.quiet = true,
                "--help" | "-h" => return Ok(None),
                _ => return Err(format!("{argument} is not known")),
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

/// Draws from what the operating system gives the standard library for its hash maps.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}

/// Returns the number of a network interface.
fn interface(name: &str) -> Result<u32, String> {
    let number = name.parse().or_else(|_| {
        let index = std::fs::read_to_string(format!("/sys/class/net/{name}/ifindex")).unwrap_or_default();
        index.trim().parse()
    });
    number.map_err(|_| format!("{name} is not an interface"))
}

fn secret(digits: &str) -> Option<[u8; 16]> {
    let is_hex = digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hex.then(|| u128::from_str_radix(digits, 16).ok())?.map(u128::to_be_bytes)
}

fn at(address: SocketAddr, error: &std::io::Error) -> std::io::Error {
    std::io::Error::new(error.kind(), format!("{address}: {error}"))
}
