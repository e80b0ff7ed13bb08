//! What parses, but is against other rules than those of the grammar.

use std::collections::BTreeSet;
use std::fmt;

use waypost_link_format::{Form, Link, Parameter, resolve};

use crate::place::{Lines, place};

/// Names what parses, but is against other rules.
pub(crate) fn warn(report: &mut String, lines: &mut Lines<'_>, link: Link<'_>) -> fmt::Result {
    let mut seen = BTreeSet::new();
    for parameter in link.parameters() {
        let repeated = !seen.insert(parameter.name().to_ascii_lowercase());
        let complaint = if repeated { repetition(parameter) } else { malformation(link, parameter) };
        if let Some((complaint, section, offset)) = complaint {
            place(report, lines, "warning", complaint, section, offset)?;
        }
    }
    Ok(())
}

type Complaint = (&'static str, &'static str, usize);

fn repetition(parameter: Parameter<'_>) -> Option<Complaint> {
    let (complaint, section) = match parameter.name().to_ascii_lowercase().as_str() {
        "rt" => ("rt must not appear more than once", "RFC 6690 §3.1"),
        "if" => ("if must not appear more than once", "RFC 6690 §3.2"),
        "sz" => ("sz must not appear more than once", "RFC 6690 §3.3"),
        "ct" => ("ct must not appear more than once", "RFC 7252 §7.2.1"),
        "obs" => ("obs must not appear more than once", "RFC 7641 §6"),
        "rel" => ("rel must not appear more than once; this one is ignored", "RFC 8288 §3.3"),
        "anchor" => ("anchor appears more than once; this one is ignored", "RFC 8288 §3.2"),
        "media" | "title" | "title*" | "type" => ("appears more than once; this one is ignored", "RFC 8288 §3.4.1"),
        _ => return None,
    };
    Some((complaint, section, parameter.offset()))
}

fn malformation(link: Link<'_>, parameter: Parameter<'_>) -> Option<Complaint> {
    let value = parameter.value().unwrap_or_default();
    let quoted = parameter.form() == Form::Quoted;
    let words = || value.split(' ').filter(|word| !word.is_empty());
    let (complaint, section) = match parameter.name().to_ascii_lowercase().as_str() {
        "sz" if link.sz().is_none() => ("sz is not a number without leading zeros", "RFC 6690 §2"),
        "sz" if quoted => ("sz is a number without quotes", "RFC 6690 §2"),
        "ct" if words().count() == 0 || link.ct().count() != words().count() => {
            ("ct is not one number from 0 to 65535, or a quoted list of them", "RFC 7252 §7.2.1")
        }
        "obs" if parameter.raw_value().is_some() => ("obs must not have a value", "RFC 7641 §6"),
        "rt" | "if" | "rel" | "rev" if words().count() == 0 => ("expected at least one word", "RFC 6690 §2"),
        "anchor" if !quoted => ("anchor must be quoted", "RFC 6690 §2"),
        "anchor" if resolve("coap://host", &value).is_err() => ("anchor is not a URI reference", "RFC 6690 §2"),
        "title" if !quoted => ("title must be quoted", "RFC 6690 §2"),
        "title*" if link.title_star().and_then(|title| title.decode()).is_none() => {
            ("title* cannot be decoded: it is not UTF-8 or ISO-8859-1", "RFC 8187 §3.2.1")
        }
        _ => return None,
    };
    Some((complaint, section, parameter.value_offset()))
}
