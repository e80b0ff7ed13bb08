//! A look-up client: prints the links that a directory finds.
//!
//! `cargo run --release --example lookup -- coap://localhost rt=temperature-c`

use std::io::Write as _;
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use tokio::sync::mpsc;
use waypost::Query;
use waypost::client::{Limits, Lookup, LookupClient, LookupConfig, LookupEvent, ResourceUri};
use waypost::coap::{Config as CoapConfig, Driver, Endpoint};
use waypost_examples::{Arguments, Problem, ended, listen_anywhere, log, random, tell, uri, value};

const HELP: &str = "\
Looks up resources at a CoRE Resource Directory (RFC 9176), by CoAP over UDP.

Usage: lookup URI [QUERY...] [OPTIONS]

  URI                 a directory, whose interfaces are discovered; with a path, the look-up interface itself
  QUERY               a criterion such as rt=temperature-c or d=floor-*, or several joined by &; all have to be met. href= takes
                      targets as links are shown, such as href=coap://[2001:db8::5]/temp or href=coap://[2001:db8::5]/*
  --ep                look up endpoints
  --pages COUNT       ask for so many links at a time, as one answer has 1 MiB at most; not with --observe
  --observe           go on, and print the whole result each time that it has changed, until stopped. That the directory
                      has been started anew is noticed within five minutes
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

fn main() -> ExitCode {
    waypost_examples::main("lookup", HELP, Options::parse, run)
}

async fn run(options: Options) -> Result<ExitCode, Problem> {
    let mut config = CoapConfig::random();
    config.limits.response_body = options.limits.answer_bytes;
    let client = LookupClient::new(LookupConfig::new(random()).with_limits(options.limits));
    let mut driver = Driver::new(Endpoint::new(client, config));

    let is_observed = options.is_observed;
    let (told, mut shown) = mpsc::unbounded_channel();
    driver.on_step(move |_, client| {
        while let Some((_, event)) = client.poll_event() {
            // Nobody listens any more when the end has been told already.
            let _ = told.send(show(&event, is_observed));
        }
    });
    let end = ended()?;
    for local in listen_anywhere(&mut driver)? {
        tell(format_args!("listening on coap://{local}"));
    }
    let silence = format!("lookup: no answer from {} yet; --patience says how long to wait", options.at);
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
    let code = driver
        .run_until(async {
            let (mut end, mut silent) = (pin!(end), pin!(tokio::time::sleep(SILENCE)));
            let mut is_silent = true;
            loop {
                tokio::select! {
                    () = &mut end => return None,
                    shown = shown.recv() => match shown {
                        Some(None) => is_silent = false,
                        last => return last.flatten(),
                    },
                    () = &mut silent, if is_silent => {
                        is_silent = false;
                        tell(&silence);
                    }
                }
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

/// When it is said that there is no answer yet.
const SILENCE: Duration = Duration::from_secs(5);

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
            log(format_args!("postponed by {uri} for {} s", wait.as_secs()));
            return None;
        }
        LookupEvent::Refused { uri, code, diagnostic, .. } => {
            log(format_args!("refused by {uri}: {code} {diagnostic}"));
            return (!is_observed).then_some(ExitCode::FAILURE);
        }
        LookupEvent::Failed { uri, fault } => {
            log(format_args!("failed at {uri}: {fault}"));
            return (!is_observed).then_some(ExitCode::FAILURE);
        }
        _ => return None,
    };
    // Whoever reads may have read enough and gone.
    written.err().map(|_| ExitCode::SUCCESS)
}

impl Options {
    /// Reads the arguments; `None` when help is wanted.
    fn parse(arguments: &mut Arguments) -> Result<Option<Self>, Problem> {
        let (mut positional, mut is_endpoints, mut pages, mut is_observed) = (Vec::new(), false, None, false);
        let mut limits = Limits::default();
        while let Some(argument) = arguments.poll() {
            match argument.as_str() {
                "--ep" => is_endpoints = true,
                "--observe" => is_observed = true,
                "--pages" => pages = Some(arguments.number_from_one(&argument)?),
                "--patience" => {
                    limits.answer_timeout = Duration::from_secs(arguments.number_from_one(&argument)?.into());
                }
                "--help" | "-h" => return Ok(None),
                _ if argument.starts_with("--") => return Err(format!("{argument} is not known").into()),
                _ => positional.push(argument),
            }
        }
        if pages.is_some() && is_observed {
            return Err("--pages and --observe do not go together: what is observed is the whole result".into());
        }
        let (directory, criteria) = positional.split_first().ok_or("a URI is needed")?;
        let at = value("URI", directory, uri)?;
        if at.is_group() {
            return Err(format!("URI {directory}: must be one host, and no group").into());
        }
        let query = value("QUERY", &criteria.join("&"), str::parse)?;
        Ok(Some(Self { at, query, is_endpoints, pages, is_observed, limits }))
    }
}
