//! One of several directories that are one: register, update, remove and look up at any of them.
//!
//! `cargo run --release --example replica -- --listen 127.0.0.1:5701 --peer coap://127.0.0.1:5702`

use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::signal::unix::{SignalKind, signal};
use waypost::client::ResourceUri;
use waypost::coap::{Config as CoapConfig, Driver, Endpoint};
use waypost::link_format::LinkDocumentBuf;
use waypost::model::Authority;
use waypost::server::{Server, ServerConfig};
use waypost::sync::{Replicated, Replicator, SyncConfig};
use waypost::{Config, Directory, ReplicaId};

const HELP: &str = "\
One of several directories that are one authority (RFC 9176, draft-amsuess-core-rd-replication).

Usage: replica --listen ADDR:PORT --peer URI… [OPTIONS]

  --listen ADDR:PORT  listen here; can be repeated
  --peer URI…         other replicas, coap://ADDR:PORT. They must be started with this one as a peer
  --authority URI     a name that all replicas are reached by, such as coap://rd.example; can be repeated
  --secret HEX        32 hexadecimal digits that locations are derived from, the same at all replicas, and told to nobody
                      else [one that everybody knows, to try it out]
  --registrations N   how many there can be [1000000]
  --help              show this

Prints `listening on coap://ADDR:PORT` on standard output when it is ready, and a line on standard error for each change of a
registration that is made here, 60 in a minute and then how many more there were, and for what happens between the replicas:
`URI: in step` means that everything of that replica is here. Registration is at /rd, look-up at /rd-lookup/res and
/rd-lookup/ep, the feed at /sync/feed. Ends on SIGINT and SIGTERM, as soon as the other replicas hold what was registered here, or
after two seconds.";

type Problem = Box<dyn std::error::Error>;

struct Options {
    listen: Vec<SocketAddr>,
    peers: Vec<ResourceUri>,
    authorities: Vec<Authority>,
    secret: [u8; 16],
    registrations: usize,
}

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            let _ = writeln!(std::io::stdout(), "{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("replica: {problem}; see --help");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(serve(options))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("replica: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: Options) -> Result<(), Problem> {
    let service = service(&options)?;
    let mut config = CoapConfig::random();
    config.limits.response_body = service.replicator().config().limits.received_bytes;
    let mut driver = Driver::new(Endpoint::new(service, config));
    driver.on_step(|_, service| {
        // Whoever started this may have stopped reading; that is no reason to end.
        let mut stderr = std::io::stderr();
        while let Some(event) = service.service_mut().poll_event() {
            let _ = writeln!(stderr, "{event}");
        }
        while let Some(event) = service.replicator_mut().poll_event() {
            let _ = writeln!(stderr, "{event}");
        }
    });
    for address in options.listen {
        let local = driver.listen(address)?;
        let authority = format!("coap://{local}").parse()?;
        driver.update(|_, service| service.service_mut().directory_mut().add_authority(authority));
        let mut stdout = std::io::stdout();
        let _ = writeln!(stdout, "listening on coap://{local}").and_then(|()| stdout.flush());
    }
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    driver
        .run_until(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
        .await?;
    // What was answered in the last moment is not lost.
    driver.update(|now, service| service.drain(now));
    while !driver.update(|now, service| service.is_drained(now)) {
        driver.run_until(tokio::time::sleep(DRAIN_CHECK)).await?;
    }
    Ok(())
}

/// How often it is looked whether the others hold everything, at the end.
const DRAIN_CHECK: Duration = Duration::from_millis(10);

/// Makes a server with the engine that keeps its directory in step.
fn service(options: &Options) -> Result<Replicated<Server>, Problem> {
    // Whoever starts without memory is somebody new.
    let mut config = Config::new(options.secret, ReplicaId(random()));
    config.authorities.clone_from(&options.authorities);
    config.epoch = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as u64;
    config.limits = waypost::directory::Limits::with_room_for(options.registrations);

    let mut server = ServerConfig::default();
    // On loopback everybody is one peer, so that a share for each would be the limit for all.
    if options.listen.iter().all(|address| address.ip().is_loopback()) {
        server.limits.registrations_per_peer = options.registrations;
    }
    server.links = LinkDocumentBuf::parse(r#"</sync/feed>;rt="waypost.feed";obs"#)?;

    let mut sync = SyncConfig::new(random());
    sync.admits_mirrors = true;
    let mut replicator = Replicator::new(sync);
    for peer in &options.peers {
        replicator.add_replica(peer.clone())?;
    }
    Ok(Replicated::new(Server::new(Directory::new(config), server), replicator))
}

impl Options {
    /// Reads the arguments; `None` when help is wanted.
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Self>, Problem> {
        let mut options = Self {
            listen: Vec::new(),
            peers: Vec::new(),
            authorities: Vec::new(),
            secret: *b"told to everyone",
            registrations: 1_000_000,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--listen" => options.listen.push(value()?.parse()?),
                "--peer" => options.peers.push(value()?.parse()?),
                "--authority" => options.authorities.push(value()?.parse()?),
                "--secret" => options.secret = secret(&value()?).ok_or("a secret has 32 hexadecimal digits")?,
                "--registrations" => options.registrations = value()?.parse()?,
                "--help" | "-h" => return Ok(None),
                // One more replica.
                _ if argument.starts_with("coap://") => options.peers.push(argument.parse()?),
                _ => return Err(format!("{argument} is not known").into()),
            }
        }
        if options.peers.iter().any(|peer| !peer.as_str().starts_with("coap://")) {
            return Err("only coap URIs are spoken here".into());
        }
        if options.listen.is_empty() {
            return Err("--listen is needed".into());
        }
        Ok(Some(options))
    }
}

fn secret(digits: &str) -> Option<[u8; 16]> {
    let is_hex = digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hex.then(|| u128::from_str_radix(digits, 16).ok())?.map(u128::to_be_bytes)
}

/// Draws from what the operating system gives the standard library for its hash maps.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}
