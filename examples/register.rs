//! A registrant: keeps an endpoint registered at a directory until it is stopped.
//!
//! `cargo run --release --example register -- --ep node1 --rd coap://localhost links.wlnk`

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use waypost::client::{Candidate, Description, Limits, Registrant, RegistrantConfig};
use waypost::coap::{Config as CoapConfig, Driver, Endpoint};
use waypost::{Base, EndpointName, Lifetime, LinkDocumentBuf, Sector};
use waypost_examples::{
    Arguments, Problem, ended, listen, listen_anywhere, random, say, tell, time_of_day, uri, value,
};

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
  --listen ADDR:PORT   listen here, and ask from here; can be repeated [0.0.0.0 and [::], as the system has them, on any port]
  --patience SECONDS   wait so long for an answer, and then take the next directory [93, when CoAP itself gives up]
  --help               show this

FILE has the links in link-format, - stands for standard input. They are shown at /.well-known/core, too. Prints
`listening on coap://ADDR:PORT` for each socket, and then a line for each thing that happens, with the time of day in UTC. Removes
the registration on SIGINT and SIGTERM.";

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
    file: String,
}

fn main() -> ExitCode {
    waypost_examples::main("register", HELP, Options::parse, run)
}

async fn run(options: Options) -> Result<ExitCode, Problem> {
    let file = &options.file;
    let links = match file.as_str() {
        "-" => std::io::read_to_string(std::io::stdin()),
        file => std::fs::read_to_string(file),
    };
    let links = links.map_err(|error| format!("{file}: {error}"))?;
    let links = LinkDocumentBuf::parse(links.trim_end()).map_err(|error| format!("{file}: {error}"))?;
    let mut description = Description::unnamed().with_links(links)?;
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
        while let Some(event) = registrant.poll_event() {
            say(format_args!("{} {event}", time_of_day()));
        }
    });
    let end = ended()?;
    let locals = match &*options.listen {
        [] => listen_anywhere(&mut driver)?,
        named => named.iter().map(|&address| listen(&mut driver, address)).collect::<Result<_, _>>()?,
    };
    for local in locals {
        say(format_args!("listening on coap://{local}"));
    }
    driver.update(|now, registrant| {
        options.directories.into_iter().try_for_each(|candidate| registrant.add_directory(now, candidate))
    })?;
    driver.run_until(end).await?;
    driver.update(|now, registrant| registrant.shutdown(now));
    // A directory that is gone must not keep this program.
    let handle = driver.handle();
    let stopped = async {
        while !handle.update(|_, registrant| registrant.is_stopped()).await.unwrap_or(true) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if driver.run_until(tokio::time::timeout(Duration::from_secs(5), stopped)).await?.is_err() {
        tell("register: the directory does not answer; the registration is left to expire");
    }
    Ok(ExitCode::SUCCESS)
}

impl Options {
    /// Reads the arguments; `None` when help is wanted.
    fn parse(arguments: &mut Arguments) -> Result<Option<Self>, Problem> {
        let mut options = Self::default();
        while let Some(argument) = arguments.poll() {
            match argument.as_str() {
                "--ep" => options.names.push(arguments.read(&argument, EndpointName::new)?),
                "--d" => options.sector = Some(arguments.read(&argument, Sector::new)?),
                "--lt" => options.lifetime = Some(arguments.value(&argument)?),
                "--base" => options.base = Some(arguments.read(&argument, Base::given)?),
                "--rd" => options.directories.push(arguments.uri(&argument)?.into()),
                "--listen" => options.listen.push(arguments.address(&argument)?),
                "--simple" => options.is_simple = true,
                "--patience" => {
                    options.limits.answer_timeout = Duration::from_secs(arguments.number_from_one(&argument)?.into());
                }
                "--help" | "-h" => return Ok(None),
                _ if argument.starts_with("--") => return Err(format!("{argument} is not known").into()),
                // One more directory.
                _ if argument.contains("://") => {
                    options.directories.push(value("--rd", &argument, uri)?.into());
                }
                _ if !options.file.is_empty() => {
                    return Err(format!("{} and {argument}: one FILE has all the links", options.file).into());
                }
                _ => options.file = argument,
            }
        }
        if options.names.is_empty() || options.directories.is_empty() || options.file.is_empty() {
            return Err("--ep NAME, --rd URI and FILE are needed".into());
        }
        Ok(Some(options))
    }
}
