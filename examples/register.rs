//! A registrant: keeps an endpoint registered at a directory until it is stopped.
//!
//! `cargo run --release --example register -- --ep node1 --rd coap://localhost links.wlnk`

use std::hash::{BuildHasher, RandomState};
use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use waypost::client::{Candidate, Description, Limits, Registrant, RegistrantConfig};
use waypost::coap::{Config as CoapConfig, Driver, Endpoint};
use waypost::{Base, EndpointName, Lifetime, LinkDocumentBuf, Sector};

const HELP: &str = "\
Keeps an endpoint registered at a CoRE Resource Directory (RFC 9176), by CoAP over UDP.

Usage: register --ep NAME --rd URI… [OPTIONS] FILE

  --ep NAME            the endpoint name; repeated, names to go by when the directory rejects the first
  --rd URI…            where directories may be. A URI with a path is the registration interface, one without a host whose
                       interfaces are discovered
  --d SECTOR           the sector
  --lt SECONDS         the lifetime [90000]
  --base URI           what the links are relative to [the address that this program listens on]
  --simple             have the directory come and fetch the links (RFC 9176 section 5.1); --base does not count
                       then, and the registration is left to expire
  --listen ADDR:PORT   listen here; can be repeated [0.0.0.0 and [::], on any port]
  --patience SECONDS   wait so long for an answer, and then take the next directory [93, when CoAP itself gives up]
  --help               show this

FILE has the links in link-format, - stands for standard input. They are shown at /.well-known/core, too. Prints
`listening on coap://ADDR:PORT` for each socket, and then a line for each thing that happens. Removes the registration on SIGINT
and SIGTERM.";

#[derive(Default)]
struct Options {
    names: Vec<EndpointName>,
    directories: Vec<Candidate>,
    sector: Option<Sector>,
    lifetime: Option<Lifetime>,
    base: Option<Base>,
    is_simple: bool,
    listen: Vec<SocketAddr>,
    limits: Limits,
    file: Option<String>,
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
            eprintln!("register: {problem}; see --help");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.map_err(Problem::from).and_then(|runtime| runtime.block_on(run(options))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("register: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Problem> {
    let links = match options.file.as_deref() {
        None | Some("-") => std::io::read_to_string(std::io::stdin())?,
        Some(file) => std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?,
    };
    let mut description = Description::unnamed().with_links(LinkDocumentBuf::parse(links.trim_end())?)?;
    let mut names = options.names.into_iter();
    description.endpoint = names.next();
    description.alternatives = names.collect();
    description.sector = options.sector;
    description.lifetime = options.lifetime;
    description.base = options.base;

    let mut config = RegistrantConfig::new(random()).with_limits(options.limits);
    config.is_simple = options.is_simple;
    let registrant = Registrant::new(description, config);
    let mut driver = Driver::new(Endpoint::new(registrant, CoapConfig::random()));
    driver.on_step(|_, registrant| {
        let mut stdout = std::io::stdout().lock();
        while let Some(event) = registrant.poll_event() {
            // Whoever started this may have read enough and gone.
            let _ = writeln!(stdout, "{event}").and_then(|()| stdout.flush());
        }
    });
    for address in &options.listen {
        let local = driver.listen(*address).map_err(|error| format!("{address}: {error}"))?;
        let mut stdout = std::io::stdout();
        let _ = writeln!(stdout, "listening on coap://{local}").and_then(|()| stdout.flush());
    }
    driver.update(|now, registrant| {
        options.directories.into_iter().try_for_each(|candidate| registrant.add_directory(now, candidate))
    })?;

    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    driver
        .run_until(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
        .await?;
    driver.update(|now, registrant| registrant.shutdown(now));
    // A directory that is gone must not keep this program.
    let handle = driver.handle();
    let stopped = async {
        while !handle.update(|_, registrant| registrant.is_stopped()).await.unwrap_or(true) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if driver.run_until(tokio::time::timeout(Duration::from_secs(5), stopped)).await?.is_err() {
        eprintln!("register: the directory does not answer; the registration is left to expire");
    }
    Ok(())
}

impl Options {
    /// Reads the arguments; `None` when help is wanted.
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Self>, Problem> {
        let mut options = Self::default();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--ep" => options.names.push(EndpointName::new(&value()?)?),
                "--d" => options.sector = Some(Sector::new(&value()?)?),
                "--lt" => options.lifetime = Some(value()?.parse()?),
                "--base" => options.base = Some(Base::given(&value()?)?),
                "--rd" => options.directories.push(directory(&value()?)?),
                "--listen" => options.listen.push(value()?.parse()?),
                "--simple" => options.is_simple = true,
                "--patience" => options.limits.answer_timeout = Duration::from_secs(value()?.parse()?),
                "--help" | "-h" => return Ok(None),
                _ if argument.starts_with("--") => return Err(format!("{argument} is not known").into()),
                // One more directory.
                _ if argument.starts_with("coap://") => options.directories.push(directory(&argument)?),
                _ => options.file = Some(argument),
            }
        }
        if options.directories.is_empty() || options.file.is_none() {
            return Err("--rd and FILE are needed".into());
        }
        if options.listen.is_empty() {
            options.listen = vec![(Ipv4Addr::UNSPECIFIED, 0).into(), (Ipv6Addr::UNSPECIFIED, 0).into()];
        }
        Ok(Some(options))
    }
}

fn directory(uri: &str) -> Result<Candidate, Problem> {
    Ok(Candidate::new(&with_address(uri)?)?)
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
