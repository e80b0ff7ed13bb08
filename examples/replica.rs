//! One of several directories that are one: register, update, remove and look up at any of them.
//!
//! `cargo run --release --example replica -- --listen 127.0.0.1:5701 --peer coap://127.0.0.1:5702`

use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use waypost::client::{Fault, ResourceUri};
use waypost::coap::{Config as CoapConfig, Driver, Endpoint};
use waypost::link_format::LinkDocumentBuf;
use waypost::model::Authority;
use waypost::rest::Code;
use waypost::server::{Server, ServerConfig};
use waypost::sync::{Replicated, Replicator, SyncConfig, SyncEvent};
use waypost::{Config, Directory, ReplicaId};
use waypost_examples::{Arguments, Problem, ended, listen, log, random, require_askable, say, uri, value};

const HELP: &str = "\
One of several directories that are one authority (RFC 9176, draft-amsuess-core-rd-replication).

Usage: replica --listen ADDR:PORT --peer URI… [OPTIONS]

  --listen ADDR:PORT  listen here, and ask the others from here; can be repeated
  --peer URI…         other replicas, coap://ADDR:PORT. They must be started with this one as a peer
  --authority URI     a name that all replicas are reached by, such as coap://rd.example; can be repeated
  --secret HEX        32 hexadecimal digits that locations are derived from, the same at all replicas, and told to nobody
                      else [one that everybody knows, to try it out]
  --registrations N   how many there can be [1000000]
  --help              show this

Prints `listening on coap://ADDR:PORT` on standard output when it is ready, and on standard error a line, with the time of day in
UTC, for each change of a registration that is made here, 60 in a minute and then how many more there were, and for what happens
between the replicas: `URI: in step` means that everything of that replica is here; that it answers no longer is told after some
minutes. Registration is at /rd, look-up at /rd-lookup/res and /rd-lookup/ep, the feed at /sync/feed. Ends on SIGINT and SIGTERM,
as soon as the other replicas hold what was registered here, or after two seconds.";

struct Options {
    listen: Vec<SocketAddr>,
    peers: Vec<ResourceUri>,
    authorities: Vec<Authority>,
    secret: [u8; 16],
    registrations: usize,
}

fn main() -> ExitCode {
    // Which replicas it knows is looked at before anything begins.
    let read = |arguments: &mut Arguments| {
        Options::parse(arguments)?.map(|options| Ok((service(&options)?, options.listen))).transpose()
    };
    waypost_examples::main("replica", HELP, read, serve)
}

async fn serve((service, addresses): (Replicated<Server>, Vec<SocketAddr>)) -> Result<ExitCode, Problem> {
    let mut config = CoapConfig::random();
    config.limits.response_body = service.replicator().config().limits.received_bytes;
    let mut driver = Driver::new(Endpoint::new(service, config));
    driver.on_step(|_, service| {
        while let Some(event) = service.service_mut().poll_event() {
            log(event);
        }
        while let Some(event) = service.replicator_mut().poll_event() {
            match event {
                SyncEvent::Failed { source, fault: Fault::Code(Code::FORBIDDEN), retry } => log(format_args!(
                    "{source}: does not know this one as a peer (was it started with --peer coap://ADDR:PORT, where this one \
                     listens?); again in {} s",
                    retry.as_secs()
                )),
                event => log(event),
            }
        }
    });
    let end = ended()?;
    for address in addresses {
        let local = listen(&mut driver, address)?;
        let authority = format!("coap://{local}").parse()?;
        driver.update(|_, service| service.service_mut().directory_mut().add_authority(authority));
        say(format_args!("listening on coap://{local}"));
    }
    driver.run_until(end).await?;
    // What was answered in the last moment is not lost.
    driver.update(|now, service| service.drain(now));
    while !driver.update(|now, service| service.is_drained(now)) {
        driver.run_until(tokio::time::sleep(DRAIN_CHECK)).await?;
    }
    Ok(ExitCode::SUCCESS)
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
        server.limits.registrations_per_peer = usize::MAX;
    }
    server.links = LinkDocumentBuf::parse(r#"</sync/feed>;rt="waypost.feed";obs"#)?;

    let mut sync = SyncConfig::new(random());
    sync.admits_mirrors = true;
    let mut replicator = Replicator::new(sync);
    for peer in &options.peers {
        replicator.add_replica(peer.clone()).map_err(|problem| format!("--peer {peer}: {problem}"))?;
    }
    Ok(Replicated::new(Server::new(Directory::new(config), server), replicator))
}

impl Options {
    /// Reads the arguments; `None` when help is wanted.
    fn parse(arguments: &mut Arguments) -> Result<Option<Self>, Problem> {
        let mut options = Self {
            listen: Vec::new(),
            peers: Vec::new(),
            authorities: Vec::new(),
            secret: *b"told to everyone",
            registrations: 1_000_000,
        };
        while let Some(argument) = arguments.poll() {
            match argument.as_str() {
                "--listen" => options.listen.push(arguments.address(&argument)?),
                "--peer" => options.peers.push(arguments.read(&argument, peer)?),
                "--authority" => options.authorities.push(arguments.value(&argument)?),
                "--secret" => options.secret = arguments.secret(&argument)?,
                "--registrations" => options.registrations = arguments.number(&argument)?,
                "--help" | "-h" => return Ok(None),
                // One more replica.
                _ if argument.contains("://") => {
                    options.peers.push(value("--peer", &argument, peer)?);
                }
                _ => return Err(format!("{argument} is not known").into()),
            }
        }
        if options.listen.is_empty() {
            return Err("--listen ADDR:PORT is needed".into());
        }
        for peer in &options.peers {
            require_askable("--peer", peer, &options.listen)?;
        }
        Ok(Some(options))
    }
}

/// Reads the URI of another replica. Whether who asks is one is seen by its address.
fn peer(text: &str) -> Result<ResourceUri, String> {
    let uri = uri(text)?;
    let peer = uri.peer();
    match peer.host().trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) if address.is_multicast() => Err("must be one host, and no group".into()),
        Ok(_) => Ok(uri),
        Err(_) => Err("must have an address, as replicas know each other by that".into()),
    }
}
