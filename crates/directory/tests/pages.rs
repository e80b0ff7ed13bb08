//! Pages line up (RFC 9176 §6.2), whatever way the results are found.

mod common;

use common::{at, directory, documents, registration};
use waypost_directory::{Directory, Pages};
use waypost_filter::{Page, Query};
use waypost_model::Authority;

fn many() -> Directory {
    let mut directory = directory();
    let documents = documents();
    for number in 0..700 {
        let links = match number % 3 {
            0 => documents[number % documents.len()].clone(),
            1 => format!("</own/{number}>;rt=core.s,</own/{number}/b>;rt=core.l"),
            _ => "</same>;rt=core.s".into(),
        };
        let name = format!("node{number}");
        directory.register(at(0), registration(&name, &format!("coap://h{}", number % 7), &links)).unwrap();
    }
    // Some holes.
    for number in (0..700).step_by(11) {
        let endpoint = waypost_model::EndpointName::new(&format!("node{number}")).unwrap();
        let location = directory.locate(None, &endpoint);
        directory.remove(at(0), &location).unwrap();
    }
    directory
}

const QUERIES: [&str; 10] = [
    "",
    "rt=core.s",
    "rt=core.l",
    "rt=core.*",
    "ep=node1*",
    "base=coap://h3",
    "base=coap://h3&rt=core.s",
    "href=coap://h3/own/*",
    "href=/*",
    "rt=core.s&rt=n3",
];

#[test]
fn pages_put_together_are_the_whole_result() {
    let directory = many();
    for text in QUERIES {
        let query = Query::parse(text).unwrap();
        let endpoints: Vec<_> = directory.endpoints(at(1), &query).map(|endpoint| endpoint.location()).collect();
        let links = |query: &Query| -> Vec<_> {
            directory
                .resources(at(1), query)
                .map(|resource| (resource.endpoint().location(), resource.link().offset()))
                .collect()
        };
        let resources = links(&query);
        assert!(endpoints.len() > 10, "{text}: {}", endpoints.len());
        for count in [1, 7, 100, u32::MAX] {
            let pages = resources.len() as u64 / u64::from(count) + 2;
            for page in (0..pages as u32).step_by(if count < 10 { 23 } else { 1 }) {
                let page = Page { page, count };
                let query = query.clone().with_page(page);
                let expected: Vec<_> = page.paginate(resources.iter().cloned()).collect();
                assert_eq!(links(&query), expected, "{text} {page:?}");
                let found: Vec<_> = directory.endpoints(at(1), &query).map(|endpoint| endpoint.location()).collect();
                let expected: Vec<_> = page.paginate(endpoints.iter().cloned()).collect();
                assert_eq!(found, expected, "{text} {page:?}");
            }
        }
    }
}

#[test]
fn a_count_of_zero_and_a_page_far_out_are_empty() {
    let directory = many();
    for text in QUERIES {
        for page in
            [Page { page: 0, count: 0 }, Page { page: u32::MAX, count: u32::MAX }, Page { page: u32::MAX, count: 1 }]
        {
            let query = Query::parse(text).unwrap().with_page(page);
            assert_eq!(directory.endpoints(at(1), &query).count(), 0, "{text} {page:?}");
            assert_eq!(directory.resources(at(1), &query).count(), 0, "{text} {page:?}");
        }
    }
}

#[test]
fn results_keep_their_place_while_others_change() {
    let mut directory = many();
    let query = Query::parse("rt=core.l").unwrap();
    let found = |directory: &Directory| -> Vec<_> {
        directory
            .resources(at(2), &query)
            .map(|resource| (resource.endpoint().location(), resource.link().offset()))
            .collect()
    };
    let before = found(&directory);
    directory.register(at(1), registration("node5", "coap://elsewhere", "</x>")).unwrap();
    directory.register(at(1), registration("new", "coap://elsewhere", "</x>;rt=core.x")).unwrap();
    assert_eq!(found(&directory), before);
}

#[test]
fn what_a_new_authority_lets_be_found_is_on_the_next_page() {
    let mut directory = many();
    let query = Query::parse("href=coap://new.example*").unwrap();
    let (mut pages, page) = (Pages::new(query), Page { page: 50, count: 10 });
    assert_eq!(pages.endpoints(&directory, at(1), page).count(), 0);
    assert_eq!(pages.resources(&directory, at(1), page).count(), 0);
    directory.add_authority(Authority::new("coap://new.example").unwrap());
    assert_eq!(pages.endpoints(&directory, at(1), page).count(), 10);
    assert_eq!(pages.resources(&directory, at(1), page).count(), 10);
}

#[test]
fn what_has_expired_is_on_no_page_before_it_is_collected_nor_after() {
    let mut directory = many();
    for number in 0..40 {
        let mut short = registration(&format!("short{number}"), "coap://h", "</t>;rt=core.s");
        short.lifetime = waypost_model::Lifetime::from_secs(60).unwrap();
        directory.register(at(0), short).unwrap();
    }
    let last = Page { page: 1, count: directory.len() as u32 - 40 };
    let mut pages = Pages::new(Query::all());
    assert_eq!(pages.endpoints(&directory, at(59), last).count(), 40);
    assert_eq!(pages.endpoints(&directory, at(60), last).count(), 0);
    assert!(directory.expire(at(60)), "only three at a time");
    assert_eq!(pages.endpoints(&directory, at(60), last).count(), 0);
    while directory.expire(at(60)) {}
    assert_eq!(pages.endpoints(&directory, at(60), last).count(), 0);
}

#[test]
fn criteria_that_each_match_many_and_together_few_find_those_few() {
    let mut directory = directory();
    for number in 0..2000 {
        let both = number % 400 == 399;
        let links = match number % 2 {
            _ if both => format!("</{number}>;rt=a;if=b"),
            0 => format!("</{number}>;rt=a,</{number}/x>;if=c"),
            _ => "</same>;if=b,</other>;rt=a".into(),
        };
        let mut node = registration(&format!("node{number}"), "coap://h", &links);
        node.attributes.push("et", Some(if both || number % 3 > 0 { "e" } else { "f" })).unwrap();
        node.attributes.push("if", Some(if both || number % 3 < 2 { "g" } else { "h" })).unwrap();
        directory.register(at(0), node).unwrap();
    }
    let found = |text: &str| {
        let query = Query::parse(text).unwrap();
        let links: Vec<String> =
            directory.resources(at(1), &query).map(|resource| resource.target().into_owned()).collect();
        (links.len(), directory.endpoints(at(1), &query).count(), links.into_iter().next())
    };
    let first = Some("coap://h/399".to_string());
    assert_eq!(found("rt=a&if=b&et=e&if=g&ep=*").2, first);
    assert_eq!(found("rt=a&if=b").0, 5);
    assert_eq!(found("rt=a&if=b&count=2&page=1"), (2, 2, Some("coap://h/1199".into())));
    assert_eq!(found("rt=a&if=b").1, 1000);
    assert_eq!(found("rt=a&if=b&href=coap://h/*").0, 5);
}
