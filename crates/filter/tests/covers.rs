//! What the answer to one query tells about another.

use proptest::prelude::*;
use waypost_filter::{Criterion, Held, Level, Page, Query, Scope, Test, covers, excludes, remainder};

fn query(query: &str) -> Query {
    Query::parse(query).unwrap()
}

/// A query whose criteria are all left to one level.
fn at(level: Level, text: &str) -> Query {
    query(text).criteria().iter().fold(Query::all(), |query, criterion| query.with(criterion.clone().at(level)))
}

#[test]
fn every_answer_covers_its_own_query() {
    for text in ["", "rt=x", "rt=x&d=y*", "rt=x&count=3&page=2"] {
        for levels in [Held::Resources, Held::Endpoints, Held::Both] {
            assert!(covers(&query(text), levels, &query(text)), "{text} {levels:?}");
        }
    }
}

#[test]
fn a_wider_answer_is_needed() {
    for levels in [Held::Resources, Held::Endpoints, Held::Both] {
        assert!(!covers(&query("rt=x"), levels, &query("")));
        assert!(!covers(&query("rt=x"), levels, &query("rt=x*")));
        assert!(!covers(&query("rt=x&d=y"), levels, &query("rt=x")));
        assert!(!covers(&query("rt=x"), levels, &query("if=x")));
    }
}

#[test]
fn everything_at_both_levels_covers_every_query() {
    for asked in ["", "rt=x", "ep=n&rt=x*&d=*", "count=3", "rt=x&page=1&count=1"] {
        assert!(covers(&Query::all(), Held::Both, &query(asked)), "{asked}");
    }
}

#[test]
fn one_level_cannot_decide_what_the_other_may_decide() {
    assert!(!covers(&Query::all(), Held::Resources, &query("title=x")));
    assert!(!covers(&Query::all(), Held::Endpoints, &query("ep=n")));
    assert!(covers(&Query::all(), Held::Resources, &at(Level::Resource, "title=x")));
    assert!(!covers(&Query::all(), Held::Resources, &at(Level::Endpoint, "title=x")));
    assert!(covers(&Query::all(), Held::Endpoints, &at(Level::Endpoint, "ep=n")));
    assert!(!covers(&Query::all(), Held::Endpoints, &at(Level::Resource, "ep=n")));
}

#[test]
fn exact_implies_prefix_implies_existence() {
    let held = |text| at(Level::Resource, text);
    for (wide, narrow) in [("x=a*", "x=ab"), ("x=a*", "x=ab*"), ("x=*", "x=a*"), ("x=*", "x="), ("x=a*", "x=a")] {
        assert!(covers(&held(wide), Held::Resources, &held(narrow)), "{wide} {narrow}");
        assert!(!covers(&held(narrow), Held::Resources, &held(wide)), "{narrow} {wide}");
    }
}

#[test]
fn an_open_criterion_contains_the_explicit_ones_only() {
    assert!(covers(&query("x=a"), Held::Resources, &at(Level::Resource, "x=a")));
    assert!(!covers(&at(Level::Resource, "x=a"), Held::Resources, &query("x=a")));
    assert!(!covers(&at(Level::Endpoint, "x=a"), Held::Both, &at(Level::Resource, "x=a")));
}

#[test]
fn criteria_that_hold_already_are_not_asked_again() {
    let rest = remainder(&query("d=floor-3&rt=x"), Held::Resources, &query("rt=x*&d=floor-3&rt=x"), Scope::Resources);
    assert_eq!(rest, Some(Query::all()));
}

#[test]
fn both_answers_decide_more_resource_criteria() {
    // What a look-up proxy of one building holds.
    let held = query("d=facility23");
    let rest = remainder(&held, Held::Both, &query("if=core.s&d=facility23"), Scope::Resources);
    assert_eq!(rest, Some(query("if=core.s")));
    assert_eq!(remainder(&held, Held::Both, &query("if=core.s"), Scope::Resources), None);
}

#[test]
fn links_outside_the_held_answer_may_select_an_endpoint() {
    let asked = query("rt=x&title=y");
    // The endpoint may have a link with the title that has no rt=x, and so is not held.
    assert_eq!(remainder(&query("rt=x"), Held::Both, &asked, Scope::Endpoints), None);
    assert!(remainder(&query("rt=x"), Held::Both, &asked, Scope::Resources).is_some());
    // With the endpoints' own attributes as the held criteria, all of their links are held.
    let held = at(Level::Endpoint, "d=floor-3");
    let asked = held.criteria().iter().cloned().fold(query("title=y"), Query::with);
    assert_eq!(remainder(&held, Held::Both, &asked, Scope::Endpoints), Some(query("title=y")));
    // And so are the links that meet a narrower criterion than the held one.
    assert_eq!(remainder(&query("rt=x*"), Held::Both, &query("rt=xy"), Scope::Endpoints), Some(query("rt=xy")));
}

#[test]
fn the_answer_must_be_of_the_kind_asked_for() {
    assert_eq!(remainder(&Query::all(), Held::Resources, &Query::all(), Scope::Endpoints), None);
    assert_eq!(remainder(&Query::all(), Held::Endpoints, &Query::all(), Scope::Resources), None);
}

#[test]
fn a_whole_answer_covers_its_pages_and_not_the_reverse() {
    assert!(covers(&query("rt=x"), Held::Resources, &query("rt=x&page=3&count=5")));
    assert!(!covers(&query("rt=x&page=0&count=5"), Held::Resources, &query("rt=x")));
}

#[test]
fn a_page_covers_the_pages_within_it() {
    let held = query("rt=x&page=1&count=6");
    let rest = |asked: &str| remainder(&held, Held::Resources, &query(asked), Scope::Resources);
    assert_eq!(rest("rt=x&page=3&count=3"), Some(query("page=1&count=3")));
    assert_eq!(rest("rt=x&page=1&count=6"), Some(query("page=0&count=6")));
    assert_eq!(rest("rt=x&page=0&count=6"), None);
    assert_eq!(rest("rt=x&page=4&count=3"), None);
    // Entries 5 to 9 are only half held; entries 8 to 11 do not make a page that begins at a multiple of its length.
    assert_eq!(rest("rt=x&page=1&count=5"), None);
    assert_eq!(rest("rt=x&page=2&count=4"), None);
    assert_eq!(rest("rt=xy&page=1&count=6"), None);
}

/// Attributes over few names and values, so that queries meet them.
fn attributes() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let name = prop_oneof![Just("rt"), Just("x"), Just("href")];
    let value = prop_oneof![Just(""), Just("a"), Just("ab"), Just("b"), Just("a b"), Just("b ab")];
    proptest::collection::vec((name, value), 0..3)
}

/// Endpoints with their links.
type World = Vec<(Vec<(&'static str, &'static str)>, Vec<Vec<(&'static str, &'static str)>>)>;

fn world() -> impl Strategy<Value = World> {
    proptest::collection::vec((attributes(), proptest::collection::vec(attributes(), 0..4)), 0..5)
}

fn criterion() -> impl Strategy<Value = Criterion> {
    let name = prop_oneof![Just("rt"), Just("x"), Just("href")];
    let value = prop_oneof![Just(""), Just("a"), Just("ab"), Just("b")];
    let test = prop_oneof![
        Just(Test::Exists),
        value.clone().prop_map(|value| Test::Exact(value.into())),
        value.prop_map(|value| Test::Prefix(value.into())),
    ];
    let level = prop_oneof![2 => Just(Level::Either), 1 => Just(Level::Endpoint), 1 => Just(Level::Resource)];
    (name, test, level).prop_map(|(name, test, level)| Criterion::new(name, test).at(level))
}

fn page() -> impl Strategy<Value = Option<Page>> {
    prop_oneof![2 => Just(None), 1 => (0..4_u32, 0..7_u32).prop_map(|(page, count)| Some(Page { page, count }))]
}

fn build(criteria: Vec<Criterion>, page: Option<Page>) -> Query {
    let query = criteria.into_iter().fold(Query::all(), Query::with);
    match page {
        Some(page) => query.with_page(page),
        None => query,
    }
}

/// Two queries, the second often made from the first so that coverage is not rare.
fn queries() -> impl Strategy<Value = (Query, Query)> {
    let criteria = || proptest::collection::vec(criterion(), 0..3);
    (criteria(), page(), criteria(), page(), any::<bool>()).prop_map(
        |(held, held_page, mut asked, asked_page, related)| {
            if related {
                asked.extend(held.iter().cloned());
            }
            (build(held, held_page), build(asked, asked_page))
        },
    )
}

/// The answer to a resource look-up: numbers of endpoint and link.
fn resources(world: &World, query: &Query) -> Vec<(usize, usize)> {
    let all = world.iter().enumerate().flat_map(|(e, (endpoint, links))| {
        links.iter().enumerate().map(move |(l, link)| ((e, l), endpoint.as_slice(), link.as_slice()))
    });
    let matching = all.filter(|(_, endpoint, link)| query.matches_resource(*link, *endpoint));
    query.paginate(matching).map(|(number, _, _)| number).collect()
}

/// The answer to an endpoint look-up: numbers of endpoints.
fn endpoints(world: &World, query: &Query) -> Vec<usize> {
    let matching = world
        .iter()
        .enumerate()
        .filter(|(_, (endpoint, links))| query.matches_endpoint(endpoint.as_slice(), links.iter().map(Vec::as_slice)));
    query.paginate(matching).map(|(number, _)| number).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn held_links_give_the_same_answer(world in world(), (held, asked) in queries()) {
        if let Some(rest) = remainder(&held, Held::Resources, &asked, Scope::Resources) {
            let held = resources(&world, &held);
            let matching = held.into_iter().filter(|&(e, l)| rest.matches(world[e].1[l].as_slice()));
            prop_assert_eq!(rest.paginate(matching).collect::<Vec<_>>(), resources(&world, &asked));
        }
    }

    #[test]
    fn held_endpoints_give_the_same_answer(world in world(), (held, asked) in queries()) {
        if let Some(rest) = remainder(&held, Held::Endpoints, &asked, Scope::Endpoints) {
            let held = endpoints(&world, &held);
            let matching = held.into_iter().filter(|&e| rest.matches(world[e].0.as_slice()));
            prop_assert_eq!(rest.paginate(matching).collect::<Vec<_>>(), endpoints(&world, &asked));
        }
    }

    #[test]
    fn held_links_and_endpoints_give_the_same_links(world in world(), (held, asked) in queries()) {
        if let Some(rest) = remainder(&held, Held::Both, &asked, Scope::Resources) {
            let held_endpoints = endpoints(&world, &held);
            let held = resources(&world, &held);
            let matching = held.into_iter().filter(|&(e, l)| {
                let (endpoint, links) = &world[e];
                // A held page of endpoints may lack the endpoint; nothing is asked of it then.
                (rest.criteria().is_empty() || held_endpoints.contains(&e))
                    && rest.matches_resource(links[l].as_slice(), endpoint.as_slice())
            });
            prop_assert_eq!(rest.paginate(matching).collect::<Vec<_>>(), resources(&world, &asked));
        }
    }

    #[test]
    fn held_links_and_endpoints_give_the_same_endpoints(world in world(), (held, asked) in queries()) {
        if let Some(rest) = remainder(&held, Held::Both, &asked, Scope::Endpoints) {
            let held_links = resources(&world, &held);
            let held = endpoints(&world, &held);
            let matching = held.into_iter().filter(|&e| {
                let (endpoint, links) = &world[e];
                let links = held_links.iter().filter(|(of, _)| *of == e).map(|&(_, l)| links[l].as_slice());
                rest.matches_endpoint(endpoint.as_slice(), links)
            });
            prop_assert_eq!(rest.paginate(matching).collect::<Vec<_>>(), endpoints(&world, &asked));
        }
    }

    #[test]
    fn held_registrations_give_the_same_answers(world in world(), (held, asked) in queries()) {
        let found = endpoints(&world, &held);
        if let Some(rest) = remainder(&held, Held::Registrations, &asked, Scope::Endpoints) {
            let matching = found.iter().copied().filter(|&e| {
                let (endpoint, links) = &world[e];
                rest.matches_endpoint(endpoint.as_slice(), links.iter().map(Vec::as_slice))
            });
            prop_assert_eq!(rest.paginate(matching).collect::<Vec<_>>(), endpoints(&world, &asked));
        }
        if let Some(rest) = remainder(&held, Held::Registrations, &asked, Scope::Resources) {
            let all = found.iter().flat_map(|&e| (0..world[e].1.len()).map(move |l| (e, l)));
            let matching = all.filter(|&(e, l)| rest.matches_resource(world[e].1[l].as_slice(), world[e].0.as_slice()));
            prop_assert_eq!(rest.paginate(matching).collect::<Vec<_>>(), resources(&world, &asked));
        }
    }

    #[test]
    fn whole_registrations_cover_what_both_look_ups_do((held, asked) in queries()) {
        if held.page().is_none() && covers(&held, Held::Both, &asked) {
            prop_assert!(covers(&held, Held::Registrations, &asked));
        }
    }

    #[test]
    fn what_a_summary_excludes_is_not_found(mut world in world(), (summary, asked) in queries()) {
        let is_as_summed_up = |(name, value): &(&str, &str)| {
            let mut known = summary.criteria().iter().filter(|known| known.name() == *name);
            known.all(|known| value.split(' ').all(|word| known.accepts(Some(word))))
        };
        for attributes in world.iter_mut().flat_map(|(endpoint, links)| links.iter_mut().chain([endpoint])) {
            attributes.retain(is_as_summed_up);
        }
        if excludes(&summary, &asked) {
            prop_assert_eq!(resources(&world, &asked), []);
            prop_assert_eq!(endpoints(&world, &asked), []);
        }
    }

    #[test]
    fn covers_says_whether_there_is_a_remainder((held, asked) in queries()) {
        let some = |levels, lookup| remainder(&held, levels, &asked, lookup).is_some();
        prop_assert_eq!(covers(&held, Held::Resources, &asked), some(Held::Resources, Scope::Resources));
        prop_assert_eq!(covers(&held, Held::Endpoints, &asked), some(Held::Endpoints, Scope::Endpoints));
        let both = some(Held::Both, Scope::Resources) && some(Held::Both, Scope::Endpoints);
        prop_assert_eq!(covers(&held, Held::Both, &asked), both);
    }

    #[test]
    fn coverage_at_one_level_is_coverage_at_both((held, asked) in queries()) {
        if covers(&held, Held::Resources, &asked) {
            prop_assert!(remainder(&held, Held::Both, &asked, Scope::Resources).is_some());
        }
        if covers(&held, Held::Endpoints, &asked) {
            prop_assert!(remainder(&held, Held::Both, &asked, Scope::Endpoints).is_some());
        }
    }
}
