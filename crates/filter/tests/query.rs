//! Reading, writing and building queries.

use proptest::prelude::*;
use waypost_filter::{Criterion, InvalidQueryKind, Level, Page, Query, QueryLimits, Test};

fn kind(query: &str) -> InvalidQueryKind {
    Query::parse(query).unwrap_err().kind()
}

#[test]
fn the_three_tests_are_read() {
    let query = Query::parse("a=1&b=2*&c=*&d&e=").unwrap();
    let expected = [
        Criterion::new("a", Test::Exact("1".into())),
        Criterion::new("b", Test::Prefix("2".into())),
        Criterion::new("c", Test::Exists),
        Criterion::new("d", Test::Exists),
        Criterion::new("e", Test::Exact("".into())),
    ];
    assert_eq!(query.criteria(), expected);
}

#[test]
fn options_are_not_percent_decoded() {
    let query = Query::from_options(["title=100%25&more", "x=%"]).unwrap();
    assert_eq!(query.criteria()[0], Criterion::new("title", Test::Exact("100%25&more".into())));
    assert_eq!(query.criteria()[1], Criterion::new("x", Test::Exact("%".into())));
}

#[test]
fn a_query_string_is_decoded_argument_by_argument() {
    let query = Query::parse("title=a%26b%3Dc").unwrap();
    assert_eq!(query.criteria(), [Criterion::new("title", Test::Exact("a&b=c".into()))]);
    assert_eq!(Query::parse("rt%3Dx").unwrap(), Query::parse("rt=x").unwrap());
}

#[test]
fn the_value_begins_after_the_first_equals_sign() {
    let query = Query::from_options(["x=a=b=*"]).unwrap();
    assert_eq!(query.criteria(), [Criterion::new("x", Test::Prefix("a=b=".into()))]);
}

#[test]
fn names_are_lower_case() {
    assert_eq!(Query::parse("RT=X").unwrap().to_string(), "rt=X");
    assert_eq!(Query::parse("Page=1&COUNT=2").unwrap().page(), Some(Page { page: 1, count: 2 }));
}

#[test]
fn empty_arguments_are_skipped() {
    assert_eq!(Query::parse("").unwrap(), Query::all());
    assert_eq!(Query::parse("&&a=1&").unwrap().criteria().len(), 1);
    assert_eq!(Query::from_options(["", "a=1"]).unwrap().criteria().len(), 1);
}

#[test]
fn the_last_of_repeated_pages_and_counts_wins() {
    let query = Query::from_options(["page=0", "count=1", "page=3", "count=1", "page=4"]).unwrap();
    assert_eq!(query.page(), Some(Page { page: 4, count: 1 }));
    let query = Query::parse("count=9&count=2").unwrap();
    assert_eq!(query.page(), Some(Page { page: 0, count: 2 }));
}

#[test]
fn a_page_or_count_that_is_no_number_is_an_error() {
    for value in ["", "=", "=-1", "=+1", "=1.0", "=0x1", "= 1", "=one", "=4294967296", "=*", "=1*", "=%D9%A1"] {
        assert_eq!(kind(&format!("count{value}")), InvalidQueryKind::BadCount, "count{value}");
        assert_eq!(kind(&format!("count=1&page{value}")), InvalidQueryKind::BadPage, "page{value}");
    }
    assert_eq!(kind("count=x&count=1"), InvalidQueryKind::BadCount);
}

#[test]
fn the_greatest_page_and_count_are_read() {
    let page = Query::parse("page=4294967295&count=4294967295").unwrap().page().unwrap();
    assert_eq!(page.skip(), 4_294_967_295 * 4_294_967_295);
    assert_eq!(Query::parse("count=007").unwrap().page().unwrap().count, 7);
}

#[test]
fn what_is_not_utf8_once_decoded_is_an_error() {
    for query in ["rt=%FF", "rt=a%C3", "%C3=x", "rt=%C3&%BC=x", "rt=%ED%A0%80"] {
        assert_eq!(kind(query), InvalidQueryKind::NotUtf8, "{query}");
    }
    assert_eq!(Query::parse("a=1&rt=%FF").unwrap_err().to_string(), "query argument 2: not UTF-8");
}

#[test]
fn a_broken_percent_encoding_is_an_error() {
    for query in ["rt=%", "rt=%4", "rt=%zz", "rt=%4g", "rt=a%%41", "rt=%é", "rt=%4&1"] {
        assert_eq!(kind(query), InvalidQueryKind::BadPercentEncoding, "{query}");
    }
}

#[test]
fn a_criterion_needs_a_name() {
    assert_eq!(kind("=x"), InvalidQueryKind::NoName);
    assert_eq!(kind("a=1&="), InvalidQueryKind::NoName);
    assert_eq!(Query::from_options(["="]).unwrap_err().kind(), InvalidQueryKind::NoName);
}

#[test]
fn criteria_and_bytes_are_limited() {
    let many = |count| vec!["a=1"; count];
    assert_eq!(Query::from_options(many(32)).unwrap().criteria().len(), 32);
    let error = Query::from_options(many(33)).unwrap_err();
    assert_eq!(error.kind(), InvalidQueryKind::OverLimit);
    assert_eq!(error.to_string(), "query argument 33: over the limit of 32 criteria");

    assert!(Query::parse(&format!("a={}", "x".repeat(4094))).is_ok());
    let error = Query::parse(&format!("a={}", "x".repeat(4095))).unwrap_err();
    assert_eq!(error.to_string(), "query argument 1: over the limit of 4096 bytes");

    // Pages are no criteria, but endless ones are cut off.
    let error = Query::from_options(core::iter::repeat("count=1")).unwrap_err();
    assert_eq!(error.kind(), InvalidQueryKind::OverLimit);
}

#[test]
fn empty_arguments_without_end_are_cut_off() {
    let mut limits = QueryLimits::default();
    limits.bytes = 100;
    let error = Query::from_options_within(limits, core::iter::repeat("")).unwrap_err();
    assert_eq!(error.kind(), InvalidQueryKind::OverLimit);
}

#[test]
fn the_empty_prefix_is_existence() {
    assert_eq!(Criterion::new("x", Test::Prefix("".into())), Criterion::new("x", Test::Exists));
}

#[test]
fn a_query_is_written_with_what_needs_it_encoded() {
    let query = Query::all()
        .with(Criterion::new("title", Test::Exact("50% & more+ü\"".into())))
        .with(Criterion::new("href", Test::Prefix("coap://[2001:db8::1]/a?b=".into())))
        .with(Criterion::new("et", Test::Exact("tag:example.com,2020:x".into())))
        .with(Criterion::new("obs", Test::Exists))
        .with_page(Page { page: 0, count: 3 });
    let written = "title=50%25%20%26%20more%2B%C3%BC%22&href=coap://%5B2001:db8::1%5D/a?b=*&et=tag:example.com,2020:x&obs=*&page=0&count=3";
    assert_eq!(query.to_string(), written);
    assert_eq!(Query::parse(written).unwrap(), query);
    assert_eq!(Query::all().to_string(), "");
}

#[test]
fn levels_decide_alone_when_named() {
    let endpoint = [("ep", "n"), ("x", "e")];
    let links = [[("x", "l")], [("x", "m")]];
    let at = |value: &str, level| Query::all().with(Criterion::new("x", Test::Exact(value.into())).at(level));
    for (value, level, resource, any) in [
        ("e", Level::Either, true, true),
        ("e", Level::Endpoint, true, true),
        ("e", Level::Resource, false, false),
        ("l", Level::Either, true, true),
        ("l", Level::Endpoint, false, false),
        ("l", Level::Resource, true, true),
        ("m", Level::Resource, false, true),
        ("m", Level::Either, false, true),
    ] {
        let query = at(value, level);
        assert_eq!(query.matches_resource(&links[0], &endpoint), resource, "{value} {level:?}");
        assert_eq!(query.matches_endpoint(&endpoint, links.iter()), any, "{value} {level:?}");
    }
}

#[test]
fn an_endpoint_without_links_matches_by_itself_only() {
    let none: [[(&str, &str); 0]; 0] = [];
    let endpoint = [("ep", "n")];
    assert!(Query::parse("ep=n").unwrap().matches_endpoint(&endpoint, none.iter()));
    assert!(!Query::parse("href=*").unwrap().matches_endpoint(&endpoint, none.iter()));
}

#[cfg(feature = "serde")]
#[test]
fn a_query_survives_serialisation() {
    let query = Query::parse("rt=core.*&ep=n&obs&page=1&count=2").unwrap();
    let query = query.with(Criterion::new("d", Test::Exists).at(Level::Endpoint));
    let json = serde_json::to_string(&query).unwrap();
    assert_eq!(serde_json::from_str::<Query>(&json).unwrap(), query);
}

#[cfg(feature = "serde")]
#[test]
fn what_is_deserialised_is_brought_into_normal_form() {
    let criterion: Criterion = serde_json::from_str(r#"{"name":"RT","test":{"prefix":""}}"#).unwrap();
    assert_eq!(criterion, Criterion::new("rt", Test::Exists));
}

fn test() -> impl Strategy<Value = Test> {
    let value = prop_oneof!["[a-c*=&%+ ]{0,4}", any::<String>()];
    prop_oneof![
        Just(Test::Exists),
        value.clone().prop_filter_map("no written form", |v| (!v.ends_with('*')).then(|| Test::Exact(v.into()))),
        value.prop_map(|v| Test::Prefix(v.into())),
    ]
}

fn criterion() -> impl Strategy<Value = Criterion> {
    let name = prop_oneof!["[a-z]{1,3}", "[^=]{1,5}"];
    (name, test()).prop_filter_map("no written form", |(name, test)| {
        let criterion = Criterion::new(&name, test);
        (!matches!(criterion.name(), "page" | "count")).then_some(criterion)
    })
}

fn query() -> impl Strategy<Value = Query> {
    let page = proptest::option::of((any::<u32>(), any::<u32>()));
    (proptest::collection::vec(criterion(), 0..6), page).prop_map(|(criteria, page)| {
        let query = criteria.into_iter().fold(Query::all(), Query::with);
        match page {
            Some((page, count)) => query.with_page(Page { page, count }),
            None => query,
        }
    })
}

proptest! {
    #[test]
    fn writing_and_parsing_gives_the_equal_query(query in query()) {
        prop_assert_eq!(Query::parse(&query.to_string()).unwrap(), query);
    }

    #[test]
    fn a_written_query_is_a_query_component(query in query()) {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/?%".contains(c);
        prop_assert!(query.to_string().chars().all(allowed));
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".*") {
        if let Ok(query) = Query::parse(&text) {
            prop_assert_eq!(Query::parse(&query.to_string()).unwrap(), query);
        }
    }

    #[test]
    fn options_and_their_encoding_are_read_alike(options in proptest::collection::vec("[a-c=*&%é ]{0,6}|(page|count)=[0-9x]{0,3}", 0..6)) {
        let encoded: Vec<String> = options
            .iter()
            .map(|option| option.bytes().map(|byte| format!("%{byte:02X}")).collect())
            .collect();
        prop_assert_eq!(Query::parse(&encoded.join("&")), Query::from_options(&options));
    }
}
