//! A look-up proxy in front of resource directories, of whatever make: answers look-ups for them.
//!
//! `cargo run --release --example proxy -- --listen 127.0.0.1:5801 --upstream coap://127.0.0.1:5683`

use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::signal::unix::{SignalKind, signal};
use waypost::client::ResourceUri;
use waypost::coap::{Config as CoapConfig, Driver, Endpoint};
use waypost::server::{Server, ServerConfig};
use waypost::sync::{Duplicates, Holding, Limits, Proxy, ProxyConfig, ProxyEvent, Replicated, Replicator, SyncConfig};
use waypost::{Config, Directory, LinkDocumentBuf, Query, ReplicaId};

const HELP: &str = "\
A look-up proxy in front of CoRE Resource Directories (RFC 9176, draft-amsuess-core-rd-replication).

Usage: proxy --listen ADDR:PORT --upstream URI… [OPTIONS]

  --listen ADDR:PORT  listen here; can be repeated
  --upstream URI…     directories, coap://ADDR:PORT, whose interfaces are discovered: what is found is the union.
                      coap://ADDR:PORT?QUERY, with a query such as d=floor-3*, says that all values there are so: it is not
                      asked for others

Of these, one counts for all upstreams, the last:

  --mirror            hold all that is registered there, by the best means that each offers [so by default]
  --only QUERY        mirror what this selects, such as d=floor-3, and ask for the rest
  --through URI       mirror all of it through the feed of another proxy, coap://ADDR:PORT, which mirrors the directories itself
                      and knows them by the same URIs
  --aware             hold what queries that recur in one shape have in common, and ask for the rest
  --cache             hold answers while they are fresh, and nothing more

  --feed              let anybody mirror, through this proxy, what it mirrors; with it go the lifetimes of registrations
  --duplicates WHICH  what is shown of an endpoint that is registered at several directories, where they are mirrored: newest
                      or both [newest]
  --unconfirmed SECONDS
                      how long what a directory had that shows no lifetimes is shown when it cannot be reached any more [3600]
  --away SECONDS      how long a mirror answers for a directory that cannot be reached [90000]
  --registrations N   as many are mirrored at most, with 1 KiB of links each [1000000]; of a directory without a feed, what fits in
                      answers of 4 MiB, and where it shows no provenance of links, the links of 1000
  --stale SECONDS     how long an answer is used beyond that, when its directory cannot be reached [3600]
  --partial           answer with what the others have while a directory is away, rather than with 5.04
  --help              show this

Prints `listening on coap://ADDR:PORT` on standard output when it is ready, and on standard error what happens between it and
the directories. Look-up is at /rd-lookup/res and /rd-lookup/ep; /.well-known/core leads there, and to the directories for
registration. What has to be asked for at a directory that does not answer takes 20 seconds to fail. Ends on SIGINT and SIGTERM.";

type Problem = Box<dyn std::error::Error>;

struct Options {
    listen: Vec<SocketAddr>,
    upstreams: Vec<(ResourceUri, Query)>,
    holding: Holding,
    has_feed: bool,
    registrations: usize,
    limits: Limits,
    proxy: ProxyConfig,
}

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            let _ = writeln!(std::io::stdout(), "{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("proxy: {problem}; see --help");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(serve(&options))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("proxy: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: &Options) -> Result<(), Problem> {
    let mut config = CoapConfig::random();
    config.limits.response_body = options.proxy.limits.answer_bytes;
    let mut driver = Driver::new(Endpoint::new(proxy(options)?, config));
    driver.on_step(|_, proxy| {
        // Whoever started this may have stopped reading; that is no reason to end.
        let (mut stderr, mut is_changed) = (std::io::stderr(), false);
        while let Some(event) = proxy.poll_event() {
            is_changed |= matches!(event, ProxyEvent::Discovered { .. });
            let _ = writeln!(stderr, "{event}");
        }
        if is_changed {
            let registrations = proxy.registrations();
            proxy.replicated_mut().service_mut().send_registrants_to(registrations);
        }
        while let Some(event) = proxy.replicated_mut().replicator_mut().poll_event() {
            let _ = writeln!(stderr, "{event}");
        }
    });
    for &address in &options.listen {
        let (local, mut stdout) = (driver.listen(address)?, std::io::stdout());
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
        .await
        .map_err(Into::into)
}

/// Makes a server that takes no registrations, with the engine that mirrors and the proxy around it.
fn proxy(options: &Options) -> Result<Proxy<Server>, Problem> {
    let mut own = Config::new(*b"nothing is local", ReplicaId(random()));
    own.epoch = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as u64;
    own.limits = waypost::directory::Limits::with_room_for(options.registrations);
    let mut server = ServerConfig::default().with_registration_elsewhere(LinkDocumentBuf::default());
    let mut sync = SyncConfig::new(random());
    sync.limits = options.limits;
    if options.has_feed {
        sync.passes_on = true;
        server.links = LinkDocumentBuf::parse(r#"</sync/feed>;rt="waypost.feed";obs"#)?;
    }
    let replicated = Replicated::new(Server::new(Directory::new(own), server), Replicator::new(sync));
    let mut proxy = Proxy::new(replicated, options.proxy.clone());
    for (upstream, summary) in &options.upstreams {
        proxy.add_upstream_of(upstream, options.holding.clone(), summary.clone())?;
    }
    Ok(proxy)
}

impl Options {
    /// Reads the arguments; `None` when help is wanted.
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Self>, Problem> {
        let mut options = Self {
            listen: Vec::new(),
            upstreams: Vec::new(),
            holding: Holding::Mirror(Query::all()),
            has_feed: false,
            registrations: 1_000_000,
            limits: Limits::default(),
            proxy: ProxyConfig::new(random()),
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--listen" => options.listen.push(value()?.parse()?),
                "--upstream" => options.upstreams.push(upstream(&value()?)?),
                "--mirror" => options.holding = Holding::Mirror(Query::all()),
                "--only" => options.holding = Holding::Mirror(value()?.parse()?),
                "--through" => options.holding = Holding::Through(value()?.parse()?, Query::all()),
                "--feed" => options.has_feed = true,
                "--aware" => options.holding = Holding::Recurring,
                "--cache" => options.holding = Holding::Answers,
                "--duplicates" => {
                    options.proxy.duplicates = match value()?.as_str() {
                        "newest" => Duplicates::Newest,
                        "both" => Duplicates::All,
                        other => return Err(format!("{other} is neither newest nor both").into()),
                    };
                }
                "--unconfirmed" => options.limits.unconfirmed = Duration::from_secs(value()?.parse()?),
                "--away" => options.proxy.unconfirmed = Duration::from_secs(value()?.parse()?),
                "--registrations" => options.registrations = value()?.parse()?,
                "--partial" => options.proxy.partial = true,
                "--stale" => options.proxy.stale = Duration::from_secs(value()?.parse()?),
                "--help" | "-h" => return Ok(None),
                // One more upstream.
                _ if argument.starts_with("coap://") => options.upstreams.push(upstream(&argument)?),
                _ => return Err(format!("{argument} is not known").into()),
            }
        }
        if options.listen.is_empty() || options.upstreams.is_empty() {
            return Err("--listen and --upstream are needed".into());
        }
        Ok(Some(options))
    }
}

/// Reads the URI of an upstream, and what is known of it.
fn upstream(argument: &str) -> Result<(ResourceUri, Query), Problem> {
    let (uri, summary) = argument.split_once('?').unwrap_or((argument, ""));
    Ok((uri.parse()?, summary.parse()?))
}

/// Draws from what the operating system gives the standard library for its hash maps.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}
