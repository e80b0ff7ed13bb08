use waypost_link_format::ParseError;

use crate::{Options, lint};

fn run(octets: &[u8], arguments: &[&str]) -> (String, Result<(), ParseError>) {
    let arguments = arguments.iter().chain(&["-"]).map(ToString::to_string);
    let mut report = String::new();
    let parsed = lint(&Options::parse(arguments).unwrap().unwrap(), octets, &mut report);
    (report, parsed)
}

#[test]
fn json_has_the_shape_of_the_corpus() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/link-format/tests/corpus");
    for entry in std::fs::read_dir(corpus).unwrap() {
        let payload = entry.unwrap().path();
        if payload.extension().is_some_and(|extension| extension == "wlnk") {
            let expected = std::fs::read_to_string(payload.with_extension("json")).unwrap();
            let (report, parsed) = run(&std::fs::read(&payload).unwrap(), &["--json"]);
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
    for expected in ["RFC 6690 §3.1", "sz is not a number", "ct is not one number", "not in the Limited Link Format"] {
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
