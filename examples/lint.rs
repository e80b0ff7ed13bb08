//! Checks a link-format document and explains it. It is what one runs when a device's registration is refused.
//!
//! ```sh
//! cargo run --example lint -- links.wlnk
//! ```

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::io::{self, Read, Write as _};
use std::process::ExitCode;
use std::{env, fs};

use waypost_link_format::{Deviation, Form, Link, LinkDocument, Parameter, ParseError, resolve};

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

/// As many columns of a line are shown before and after the place in question.
const CONTEXT: usize = 60;

fn main() -> ExitCode {
    let options = match Options::parse(env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{HELP}");
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
    // Nobody may be listening.
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

fn explain(report: &mut String, document: LinkDocument<'_>, deviations: &[Deviation]) -> fmt::Result {
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

fn explain_error(report: &mut String, octets: &[u8], error: ParseError, deviations: &[Deviation]) -> fmt::Result {
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

/// Names what parses, but is against other rules.
fn warn(report: &mut String, lines: &mut Lines<'_>, link: Link<'_>) -> fmt::Result {
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

/// The document as lines and columns. Places are asked for in order, or nearly so: each search goes on from the last one.
struct Lines<'a> {
    octets: &'a [u8],
    offset: usize,
    line: usize,
    line_start: usize,
    column: usize,
}

impl<'a> Lines<'a> {
    fn of(octets: &'a [u8]) -> Self {
        Self { octets, offset: 0, line: 1, line_start: 0, column: 1 }
    }

    fn go_to(&mut self, offset: usize) {
        if offset < self.offset {
            *self = Self::of(self.octets);
        }
        for (at, octet) in (self.offset..).zip(&self.octets[self.offset..offset]) {
            match octet {
                b'\n' => (self.line, self.line_start, self.column) = (self.line + 1, at + 1, 1),
                // The first octet of a character, or what is none.
                octet if octet & 0xc0 != 0x80 => self.column += 1,
                _ => {}
            }
        }
        self.offset = offset;
    }

    /// Returns what is around the place, on its line, and whether that is less than the line before it.
    fn around(&self) -> (String, bool, String) {
        let rest = &self.octets[self.offset..];
        let end = rest.iter().take(4 * CONTEXT + 4).position(|octet| *octet == b'\n');
        let after = String::from_utf8_lossy(&rest[..end.unwrap_or(rest.len().min(4 * CONTEXT + 4))]).into_owned();
        // A character has at most four octets. One that is cut is not among those shown.
        let start = self.line_start.max(self.offset.saturating_sub(4 * CONTEXT + 4));
        let before = String::from_utf8_lossy(&self.octets[start..self.offset]).into_owned();
        let skipped = before.chars().count().saturating_sub(CONTEXT);
        (before.chars().skip(skipped).collect(), skipped > 0, after)
    }
}

/// Shows a place in the document, with a caret under it.
fn place(
    report: &mut String,
    lines: &mut Lines<'_>,
    severity: &str,
    message: impl fmt::Display,
    section: &str,
    offset: usize,
) -> fmt::Result {
    lines.go_to(offset);
    let (before, is_cut, after) = lines.around();
    let (before, after) = (visible(&before), visible(&after));
    let Lines { line, column, .. } = lines;
    let shown: String = after.chars().take(CONTEXT).collect();
    let (start, end) = (if is_cut { "…" } else { "" }, if shown.len() < after.len() { "…" } else { "" });
    let indent = start.chars().count() + before.chars().map(width).sum::<usize>();
    writeln!(report, "{severity}: {message} ({section})")?;
    writeln!(report, "  line {line}, column {column}, byte {offset}")?;
    writeln!(report, "  | {start}{before}{shown}{end}")?;
    writeln!(report, "  | {:indent$}^", "")
}

/// Replaces what would not show as one character, or would do something to the terminal.
fn visible(text: &str) -> String {
    let picture = |letter: char| match letter {
        '\t' => ' ',
        '\0'..='\x1f' => char::from_u32(0x2400 + letter as u32).unwrap_or('␀'),
        '\x7f' => '␡',
        '\u{80}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        letter => letter,
    };
    text.chars().map(picture).collect()
}

/// How many columns a letter takes, well enough for a caret.
fn width(letter: char) -> usize {
    match letter as u32 {
        0x300..=0x36f | 0x200b..=0x200d | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f => 2,
        0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1f64f | 0x1f900..=0x1f9ff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// The links as JSON: `[[target, [[name, value or null, form], …]], …]`.
struct Json<'a>(LinkDocument<'a>);

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('[')?;
        for (index, link) in self.0.links().enumerate() {
            let separator = if index > 0 { ", " } else { "" };
            write!(f, "{separator}[{}, [", JsonString(link.target()))?;
            for (index, parameter) in link.parameters().enumerate() {
                let separator = if index > 0 { ", " } else { "" };
                write!(f, "{separator}[{}, ", JsonString(parameter.name()))?;
                match parameter.value() {
                    Some(value) => write!(f, "{}", JsonString(&value))?,
                    None => f.write_str("null")?,
                }
                let form = match parameter.form() {
                    Form::Flag => "flag",
                    Form::Token => "token",
                    Form::Quoted => "quoted",
                    Form::Ext => "ext",
                };
                write!(f, ", \"{form}\"]")?;
            }
            f.write_str("]]")?;
        }
        f.write_char(']')
    }
}

struct JsonString<'a>(&'a str);

impl fmt::Display for JsonString<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for letter in self.0.chars() {
            match letter {
                '"' | '\\' => write!(f, "\\{letter}")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                '\0'..='\x1f' => write!(f, "\\u{:04x}", u32::from(letter))?,
                letter => f.write_char(letter)?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(octets: &[u8], arguments: &[&str]) -> (String, Result<(), ParseError>) {
        let arguments = arguments.iter().chain(&["-"]).map(ToString::to_string);
        let mut report = String::new();
        let parsed = lint(&Options::parse(arguments).unwrap().unwrap(), octets, &mut report);
        (report, parsed)
    }

    #[test]
    fn json_has_the_shape_of_the_corpus() {
        let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/link-format/tests/corpus");
        for entry in fs::read_dir(corpus).unwrap() {
            let payload = entry.unwrap().path();
            if payload.extension().is_some_and(|extension| extension == "wlnk") {
                let expected = fs::read_to_string(payload.with_extension("json")).unwrap();
                let (report, parsed) = run(&fs::read(&payload).unwrap(), &["--json"]);
                assert_eq!(parsed.is_err(), expected.starts_with("{\"reject\": "), "{payload:?}");
                assert!(parsed.is_err() || report.trim_end() == expected.trim_end(), "{payload:?}");
            }
        }
        assert_eq!(run(b"x", &["--json"]).0, "{\"reject\": \"expected a link, which starts with `<`\"}\n");
    }

    #[test]
    fn an_error_has_a_caret_under_its_place() {
        for (octets, expected) in [
            ("</日本>;title=\"\t\";rt=;", "  | </日本>;title=\" \";rt=;\n  |                      ^\n"),
            ("</a>,\n</b>;rt", "line 1, column 6, byte 5\n  | </a>,\n  |      ^\n"),
            ("</a>;x=\"\r\n \";=", "line 2, column 4, byte 13\n  |  \";=\n  |    ^\n"),
        ] {
            let (report, parsed) = run(octets.as_bytes(), &[]);
            assert!(parsed.is_err() && report.contains(expected), "{report}");
        }
        let long = format!("</{}>;=", "x".repeat(1000));
        let (report, _) = run(long.as_bytes(), &[]);
        assert!(report.lines().all(|line| line.chars().count() < 130), "{report}");
        assert!(run(b"</\xff>", &[]).0.contains("text is not UTF-8"));
    }

    #[test]
    fn what_parses_but_is_against_other_rules_is_named() {
        let (report, parsed) = run(b"</a>;rt=x;rt=y;sz=01;ct=99999,<b>", &[]);
        assert!(parsed.is_ok());
        for expected in
            ["RFC 6690 §3.1", "sz is not a number", "ct is not one number", "not in the Limited Link Format"]
        {
            assert!(report.contains(expected), "{expected}: {report}");
        }
        let (report, _) = run(b"</a>;rt=\"x\";ct=40;sz=10;obs;anchor=\"/b\"", &[]);
        assert!(!report.contains("warning"), "{report}");
    }

    #[test]
    fn deviations_are_shown_when_they_are_passed_over() {
        let (report, parsed) = run(b"</a>,\n </b>,", &["--lenient"]);
        assert!(parsed.is_ok());
        assert_eq!(report.matches("deviation: ").count(), 2, "{report}");
        assert!(run(b"</a>,\n </b>,", &[]).0.contains("it parses with --lenient; deviations passed over: 2"));
    }

    #[test]
    fn bad_usage_is_refused() {
        for arguments in [vec![], vec!["--nonsense", "a"], vec!["a", "b"]] {
            assert!(Options::parse(arguments.into_iter().map(String::from)).is_err());
        }
    }

    #[test]
    fn many_deviations_on_one_line_cost_no_more_each() {
        let document = " </a> ;  rt = \"é\" , , ".repeat(5_000);
        let options = Options { file: String::new(), lenient: true, json: false };
        let (mut report, began) = (String::new(), std::time::Instant::now());
        lint(&options, document.as_bytes(), &mut report).unwrap();
        assert!(report.ends_with("(RFC 9176 Appendix C)\n"));
        assert!(report.contains("line 1, column 109999, byte 114998"));
        assert!(began.elapsed().as_secs() < 30);
    }
}
