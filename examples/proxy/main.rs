//! A look-up proxy in front of resource directories, of whatever make: answers look-ups for them.
//!
//! `cargo run --release --example proxy -- --listen 127.0.0.1:5801 --upstream coap://127.0.0.1:5683`

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use waypost::client::ResourceUri;
use waypost::coap::{Config as CoapConfig, Driver, Endpoint};
use waypost::server::{Server, ServerConfig};
use waypost::sync::{Duplicates, Holding, Limits, Proxy, ProxyConfig, ProxyEvent, Replicated, Replicator, SyncConfig};
use waypost::{Config, Directory, LinkDocumentBuf, Query, ReplicaId};
use waypost_examples::{Arguments, Problem, ended, host, listen, log, random, say, value};

const HELP: &str = "\
A look-up proxy in front of CoRE Resource Directories (RFC 9176, draft-amsuess-core-rd-replication).

Usage: proxy --listen ADDR:PORT --upstream URI… [OPTIONS]

  --listen ADDR:PORT  listen here; can be repeated
  --upstream URI…     directories, coap://HOST:PORT, whose interfaces are discovered: what is found is the union.
                      coap://HOST:PORT?QUERY, with a query such as d=floor-3*, says that all values there are so: it is not
                      asked for others. Proxies in front of each other have to name each other by address

Of these, one counts for all upstreams, the last:

  --mirror            hold all that is registered there, by the best means that each offers [so by default]
  --only QUERY        mirror what this selects, such as d=floor-3, and ask for the rest
  --through URI       mirror all of it through the feed of another proxy, coap://HOST:PORT, which mirrors the directories itself
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

Prints `listening on coap://ADDR:PORT` on standard output when it is ready, and on standard error, with the time of day in UTC, what
happens between it and the directories: by what means each is mirrored, and when all of it is here. Look-up is at /rd-lookup/res and
/rd-lookup/ep; /.well-known/core leads there, and to the directories for registration. What has to be asked for at a directory that
does not answer takes 20 seconds to fail. Ends on SIGINT and SIGTERM.";

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
    // What directories it is in front of is looked at before anything begins.
    let read = |arguments: &mut Arguments| {
        Options::parse(arguments)?.map(|options| Ok((proxy(&options)?, options))).transpose()
    };
    waypost_examples::main("proxy", HELP, read, serve)
}

async fn serve((proxy, options): (Proxy<Server>, Options)) -> Result<ExitCode, Problem> {
    let mut config = CoapConfig::random();
    config.limits.response_body = options.proxy.limits.answer_bytes;
    let mut driver = Driver::new(Endpoint::new(proxy, config));
    driver.on_step(|_, proxy| {
        let mut is_changed = false;
        while let Some(event) = proxy.poll_event() {
            is_changed |= matches!(event, ProxyEvent::Discovered { .. });
            log(event);
        }
        if is_changed {
            let registrations = proxy.registrations();
            proxy.replicated_mut().service_mut().send_registrants_to(registrations);
        }
        while let Some(event) = proxy.replicated_mut().replicator_mut().poll_event() {
            log(event);
        }
    });
    let end = ended()?;
    for address in options.listen {
        say(format_args!("listening on coap://{}", listen(&mut driver, address)?));
    }
    driver.run_until(end).await?;
    Ok(ExitCode::SUCCESS)
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
        let added = proxy.add_upstream_of(upstream, options.holding.clone(), summary.clone());
        added.map_err(|problem| format!("--upstream {upstream}: {problem}"))?;
    }
    Ok(proxy)
}

impl Options {
    /// Reads the arguments; `None` when help is wanted.
    fn parse(arguments: &mut Arguments) -> Result<Option<Self>, Problem> {
        let mut options = Self {
            listen: Vec::new(),
            upstreams: Vec::new(),
            holding: Holding::Mirror(Query::all()),
            has_feed: false,
            registrations: 1_000_000,
            limits: Limits::default(),
            proxy: ProxyConfig::new(random()),
        };
        while let Some(argument) = arguments.poll() {
            match argument.as_str() {
                "--listen" => options.listen.push(arguments.address(&argument)?),
                "--upstream" => options.upstreams.push(arguments.read(&argument, upstream)?),
                "--mirror" => options.holding = Holding::Mirror(Query::all()),
                "--only" => options.holding = Holding::Mirror(arguments.value(&argument)?),
                "--through" => options.holding = Holding::Through(arguments.host(&argument)?, Query::all()),
                "--feed" => options.has_feed = true,
                "--aware" => options.holding = Holding::Recurring,
                "--cache" => options.holding = Holding::Answers,
                "--duplicates" => options.proxy.duplicates = arguments.read(&argument, duplicates)?,
                "--unconfirmed" => options.limits.unconfirmed = arguments.seconds(&argument)?,
                "--away" => options.proxy.unconfirmed = arguments.seconds(&argument)?,
                "--registrations" => options.registrations = arguments.number(&argument)?,
                "--partial" => options.proxy.partial = true,
                "--stale" => options.proxy.stale = arguments.seconds(&argument)?,
                "--help" | "-h" => return Ok(None),
                // One more upstream.
                _ if argument.contains("://") => {
                    options.upstreams.push(value("--upstream", &argument, upstream)?);
                }
                _ => return Err(format!("{argument} is not known").into()),
            }
        }
        if options.listen.is_empty() || options.upstreams.is_empty() {
            return Err("--listen ADDR:PORT and --upstream URI are needed".into());
        }
        Ok(Some(options))
    }
}

/// Reads the URI of an upstream, and what is known of it.
fn upstream(argument: &str) -> Result<(ResourceUri, Query), String> {
    let (uri, summary) = argument.split_once('?').unwrap_or((argument, ""));
    Ok((host(uri)?, summary.parse().map_err(|problem: waypost::filter::InvalidQuery| problem.to_string())?))
}

fn duplicates(argument: &str) -> Result<Duplicates, String> {
    match argument {
        "newest" => Ok(Duplicates::Newest),
        "both" => Ok(Duplicates::All),
        _ => Err("must be newest or both".into()),
    }
}
