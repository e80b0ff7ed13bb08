//! A look-up client: prints the links that a directory finds.
//!
//! `cargo run --release --example lookup -- coap://localhost rt=temperature-c`

use std::hash::{BuildHasher, RandomState};
use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use waypost::Query;
use waypost::client::{Limits, Lookup, LookupClient, LookupConfig, LookupEvent, ResourceUri};
use waypost::coap::{Config as CoapConfig, Driver, Endpoint};

/// Writes a line to standard error. Whoever started this may have stopped reading; that is no reason to end.
macro_rules! log {
    ($($line:tt)*) => {{
        let _ = writeln!(std::io::stderr(), $($line)*);
    }};
}

const HELP: &str = "\
Looks up resources at a CoRE Resource Directory (RFC 9176), by CoAP over UDP.

Usage: lookup URI [QUERY...] [OPTIONS]

  URI                 a directory, whose interfaces are discovered; with a path, the look-up interface itself
  QUERY               a criterion such as rt=temperature-c or d=floor-*, or several joined by &; all have to be met
  --ep                look up endpoints
  --pages COUNT       ask for so many links at a time, as one answer has 1 MiB at most; not with --observe
  --observe           go on, and print the whole result each time that it has changed, until stopped
  --patience SECONDS  wait so long for each answer [93, when CoAP itself gives up]
  --help              show this

Prints the links one per line, with absolute URIs; observing, an empty line after each result. On standard error it says
`listening on coap://ADDR:PORT` for each socket, and what goes wrong. Ends with 1 where there is no answer, or a refusal;
observing, it says so and asks again.";

struct Options {
    at: ResourceUri,
    query: Query,
    is_endpoints: bool,
    pages: Option<u32>,
    is_observed: bool,
    limits: Limits,
}

type Problem = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            let _ = writeln!(std::io::stdout(), "{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("lookup: {problem}; see --help");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.map_err(Problem::from).and_then(|runtime| runtime.block_on(run(options))) {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("lookup: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<ExitCode, Problem> {
    let mut config = CoapConfig::random();
    config.limits.response_body = options.limits.answer_bytes;
    let client = LookupClient::new(LookupConfig::new(random()).with_limits(options.limits));
    let mut driver = Driver::new(Endpoint::new(client, config));

    let is_observed = options.is_observed;
    let (end, mut ended) = mpsc::unbounded_channel();
    driver.on_step(move |_, client| {
        while let Some((_, event)) = client.poll_event() {
            if let Some(code) = show(&event, is_observed) {
                // Nobody listens any more when the end has been told already.
                let _ = end.send(code);
            }
        }
    });
    let any: [SocketAddr; 2] = [(Ipv4Addr::UNSPECIFIED, 0).into(), (Ipv6Addr::UNSPECIFIED, 0).into()];
    for address in any {
        log!("listening on coap://{}", driver.listen(address)?);
    }
    let mut lookup = match options.is_endpoints {
        true => Lookup::endpoints(options.at, options.query),
        false => Lookup::resources(options.at, options.query),
    };
    if let Some(count) = options.pages {
        lookup = lookup.in_pages_of(count);
    }
    if is_observed {
        // Where the directory can, it tells no more than what changes.
        lookup = lookup.observed_by_deltas();
    }
    let id = driver.update(|now, client| client.look_up(now, lookup))?;
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let code = driver
        .run_until(async {
            tokio::select! {
                _ = interrupt.recv() => None,
                _ = terminate.recv() => None,
                code = ended.recv() => code,
            }
        })
        .await?;
    driver.update(|now, client| client.cancel(now, id));
    if is_observed {
        // The directory is told, if it is there.
        driver.run_until(tokio::time::sleep(Duration::from_millis(100))).await?;
    }
    Ok(code.unwrap_or(ExitCode::SUCCESS))
}

/// Prints what was found; returns the status to end with.
fn show(event: &LookupEvent, is_observed: bool) -> Option<ExitCode> {
    let mut stdout = std::io::stdout().lock();
    let written = match event {
        LookupEvent::Found(answer) => {
            let mut lines = answer.links.links().try_for_each(|link| writeln!(stdout, "{}", link.raw()));
            if is_observed {
                lines = lines.and_then(|()| writeln!(stdout));
            }
            let written = lines.and_then(|()| stdout.flush());
            if answer.is_last {
                return Some(ExitCode::SUCCESS);
            }
            written
        }
        LookupEvent::Postponed { uri, wait } => {
            log!("postponed by {uri} for {} s", wait.as_secs());
            return None;
        }
        LookupEvent::Refused { uri, code, diagnostic, .. } => {
            log!("refused by {uri}: {code} {diagnostic}");
            return (!is_observed).then_some(ExitCode::FAILURE);
        }
        LookupEvent::Failed { uri, fault } => {
            log!("failed at {uri}: {fault}");
            return (!is_observed).then_some(ExitCode::FAILURE);
        }
        _ => return None,
    };
    // Whoever reads may have read enough and gone.
    written.err().map(|_| ExitCode::SUCCESS)
}

impl Options {
    /// Reads the arguments; `None` when help is wanted.
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Self>, Problem> {
        let (mut positional, mut is_endpoints, mut pages, mut is_observed) = (Vec::new(), false, None, false);
        let mut limits = Limits::default();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--ep" => is_endpoints = true,
                "--observe" => is_observed = true,
                "--pages" => pages = Some(value()?.parse()?),
                "--patience" => limits.answer_timeout = Duration::from_secs(value()?.parse()?),
                "--help" | "-h" => return Ok(None),
                _ if argument.starts_with("--") => return Err(format!("{argument} is not known").into()),
                _ => positional.push(argument),
            }
        }
        let (uri, criteria) = positional.split_first().ok_or("a URI is needed")?;
        let at = ResourceUri::new(&with_address(uri)?)?;
        Ok(Some(Self { at, query: criteria.join("&").parse()?, is_endpoints, pages, is_observed, limits }))
    }
}

/// Replaces the name of a host by its address: the transport knows addresses alone.
fn with_address(uri: &str) -> Result<String, Problem> {
    let rest = uri.strip_prefix("coap://").ok_or("only coap URIs are spoken here")?;
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let host = if has_port { host.to_owned() } else { format!("{host}:5683") };
    let mut addresses = host.to_socket_addrs().map_err(|error| format!("{host}: {error}"))?;
    let address = addresses.next().ok_or_else(|| format!("{host}: no address"))?;
    Ok(format!("coap://{address}{path}"))
}

/// Draws from what the operating system gives the standard library for its hash maps.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}
