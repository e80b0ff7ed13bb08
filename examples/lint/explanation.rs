//! A document in words: its links, and what is to be said of each place.

use std::fmt::{self, Write as _};

use waypost_link_format::{Deviation, Form, LinkDocument, ParseError};

use crate::parse;
use crate::place::{Lines, place, visible};
use crate::warnings::warn;

pub(crate) fn explain(report: &mut String, document: LinkDocument<'_>, deviations: &[Deviation]) -> fmt::Result {
    for (number, link) in (1..).zip(document) {
        writeln!(report, "{number}  <{}>", visible(link.target()))?;
        let width = link.parameters().map(|parameter| parameter.name().len()).max().unwrap_or(0);
        for parameter in link.parameters() {
            let value = visible(parameter.raw_value().unwrap_or_default());
            let value = if parameter.form() == Form::Quoted { format!("\"{value}\"") } else { value };
            let (name, meaning) = (parameter.name(), meaning(parameter.name()));
            writeln!(report, "{}", format!("     {name:width$}  {meaning:27}  {value}").trim_end())?;
        }
    }
    let octets = document.as_str().as_bytes();
    writeln!(report, "links: {}, bytes: {}", document.links().count(), octets.len())?;
    let lines = &mut Lines::of(octets);
    explain_deviations(report, lines, deviations)?;
    for link in document {
        warn(report, lines, link)?;
    }
    match document.check_limited() {
        Ok(()) => writeln!(report, "in the Limited Link Format, which a directory requires (RFC 9176 Appendix C)"),
        Err(error) => {
            writeln!(report, "not in the Limited Link Format, which a directory requires:")?;
            place(report, lines, "warning", error.kind, error.kind.section(), error.offset)
        }
    }
}

pub(crate) fn explain_error(
    report: &mut String,
    octets: &[u8],
    error: ParseError,
    deviations: &[Deviation],
) -> fmt::Result {
    let lines = &mut Lines::of(octets);
    explain_deviations(report, lines, deviations)?;
    place(report, lines, "error", error.kind, error.kind.section(), error.offset)?;
    let mut passed_over = Vec::new();
    if deviations.is_empty() && parse(octets, true, &mut passed_over).is_ok() {
        writeln!(report, "it parses with --lenient; deviations passed over: {}", passed_over.len())?;
    }
    if octets.ends_with(b"\n") && error.offset + 2 >= octets.len() {
        writeln!(report, "a payload has no line break at its end")?;
    }
    Ok(())
}

fn explain_deviations(report: &mut String, lines: &mut Lines<'_>, deviations: &[Deviation]) -> fmt::Result {
    let mut deviations = deviations.to_vec();
    deviations.sort_by_key(|deviation| deviation.offset);
    for deviation in deviations {
        place(report, lines, "deviation", deviation.kind, deviation.kind.section(), deviation.offset)?;
    }
    Ok(())
}

fn meaning(name: &str) -> &'static str {
    match name.to_ascii_lowercase().as_str() {
        "anchor" => "context of the link",
        "base" => "base URI of the endpoint",
        "ct" => "content formats",
        "d" => "sector of the endpoint",
        "ep" => "name of the endpoint",
        "et" => "type of the endpoint",
        "hreflang" => "language of the target",
        "if" => "interface descriptions",
        "ins" => "instance",
        "lt" => "lifetime in seconds",
        "lt-age" => "seconds since the renewal",
        "lt-remaining" => "seconds of lifetime left",
        "media" => "media it is meant for",
        "obs" => "can be observed",
        "provenance" => "registration it is from",
        "rel" => "relation types",
        "rev" => "reverse relation types",
        "rt" => "resource types",
        "sz" => "maximum size in bytes",
        "title" | "title*" => "title for people",
        "type" => "media type",
        _ => "",
    }
}
