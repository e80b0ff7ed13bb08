//! Checks a link-format document and explains it. It is what one runs when a device's registration is refused.
//!
//! ```sh
//! cargo run --release --example lint -- links.wlnk
//! ```

mod explanation;
mod json;
mod place;
#[cfg(test)]
mod tests;
mod warnings;

use std::fmt::Write as _;
use std::io::{self, Read, Write as _};
use std::process::ExitCode;
use std::{env, fs};

use waypost_link_format::{Deviation, LinkDocument, ParseError};

use crate::explanation::{explain, explain_error};
use crate::json::{Json, JsonString};

const HELP: &str = "\
Checks a link-format document (RFC 6690) and explains it.

Usage: lint [OPTIONS] FILE

  FILE       the document; - stands for standard input
  --lenient  pass over white space and separators without use, and report them
  --json     print one line: [[target, [[name, value or null, form], …]], …], or {\"reject\": reason}
  --help     show this

Prints the links with their attributes, and each error, deviation and warning with its line and column, a caret under the place, and
the section with the rule. Ends with 0 when the document parses; with 1 when it does not, and then says FILE:OFFSET: reason on
standard error; with 2 when there is nothing to check.";

fn main() -> ExitCode {
    let options = match Options::parse(env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            // Nobody may be listening, here and below.
            let _ = writeln!(io::stdout(), "{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("lint: {problem}; see --help");
            return ExitCode::from(2);
        }
    };
    let octets = match read(&options.file) {
        Ok(octets) => octets,
        Err(error) => {
            eprintln!("{}: {error}", options.file);
            return ExitCode::from(2);
        }
    };
    let mut report = String::new();
    let parsed = lint(&options, &octets, &mut report);
    let _ = io::stdout().write_all(report.as_bytes());
    match parsed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}:{}: {}", options.file, error.offset, error.kind);
            ExitCode::FAILURE
        }
    }
}

struct Options {
    file: String,
    lenient: bool,
    json: bool,
}

impl Options {
    /// Reads the arguments; `None` when help is wanted.
    fn parse(arguments: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let (mut file, mut lenient, mut json) = (None, false, false);
        for argument in arguments {
            match argument.as_str() {
                "--lenient" => lenient = true,
                "--json" => json = true,
                "--help" | "-h" => return Ok(None),
                option if option.starts_with("--") => return Err(format!("{option} is not known")),
                _ if file.is_some() => return Err("only one FILE is checked".into()),
                _ => file = Some(argument),
            }
        }
        Ok(Some(Self { file: file.ok_or("FILE is needed")?, lenient, json }))
    }
}

fn read(file: &str) -> io::Result<Vec<u8>> {
    if file != "-" {
        return fs::read(file);
    }
    let mut octets = Vec::new();
    io::stdin().read_to_end(&mut octets)?;
    Ok(octets)
}

fn lint(options: &Options, octets: &[u8], report: &mut String) -> Result<(), ParseError> {
    let mut deviations = Vec::new();
    let parsed = parse(octets, options.lenient, &mut deviations);
    let written = match (parsed, options.json) {
        (Ok(document), true) => writeln!(report, "{}", Json(document)),
        (Err(error), true) => writeln!(report, "{{\"reject\": {}}}", JsonString(&error.kind.to_string())),
        (Ok(document), false) => explain(report, document, &deviations),
        (Err(error), false) => explain_error(report, octets, error, &deviations),
    };
    written.expect("a string takes all");
    parsed.map(drop)
}

fn parse<'a>(octets: &'a [u8], lenient: bool, deviations: &mut Vec<Deviation>) -> Result<LinkDocument<'a>, ParseError> {
    match str::from_utf8(octets) {
        Ok(text) if lenient => LinkDocument::parse_lenient(text, |deviation| deviations.push(deviation)),
        _ => LinkDocument::parse_bytes(octets),
    }
}
