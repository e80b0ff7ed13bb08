//! Whatever is asked of a directory large enough for each way to an answer, and whatever changes between two pages, what is
//! found is what a scan over everything finds.

use core::time::Duration;
use std::sync::LazyLock;

use proptest::prelude::*;
use waypost_directory::{Config, Directory, Pages, Resource};
use waypost_filter::{Criterion, Page, Query, Test};
use waypost_link_format::LinkDocumentBuf;
use waypost_model::{Base, EndpointName, Lifetime, Location, Registration, ReplicaId};
use waypost_time::Instant;

const SIZE: u32 = 2000;

fn at(seconds: u64) -> Instant {
    Instant::from_millis(seconds * 1000)
}

/// Spreads numbers, the same each time.
fn mix(number: u32) -> u32 {
    let number = (number ^ (number >> 16)).wrapping_mul(0x45d9_f3b5);
    (number ^ (number >> 15)).wrapping_mul(0x2c1b_3c6d) >> 7
}

fn link(target: &str, number: u32) -> String {
    let kind = ["t", "t h", "h", "l", "t l"][number as usize % 5];
    let interface = ["s", "a"][number as usize / 5 % 2];
    let rare = if number.is_multiple_of(97) { ";rare" } else { "" };
    format!("<{target}>;rt=\"core.{kind}\";if={interface};ct={}{rare}", number / 10 % 7)
}

/// A registration of one of many kinds: of a fleet of 30 models, with links of its own, or with the same as many.
fn registration(number: u32, variant: u32) -> Registration {
    let kind = mix(number ^ (variant << 20));
    let document: Vec<String> = match kind % 4 {
        0 | 1 => (0..4).map(|position| link(&format!("/m/{position}"), mix(kind / 4 % 30 + 100 * position))).collect(),
        2 => {
            (0..1 + kind / 4 % 3).map(|position| link(&format!("/{number}/{position}"), mix(kind + position))).collect()
        }
        _ if kind % 28 == 3 => (0..80).map(|position| link(&format!("/long/{position}"), position)).collect(),
        _ => vec![link("/same", 11)],
    };
    let base = match kind / 8 % 16 {
        0 => "coap://[fe80::1]".into(),
        host => format!("coap://h{}", host % 5),
    };
    let links = LinkDocumentBuf::parse(document.join(",")).unwrap();
    let name = EndpointName::new(&format!("node{number}")).unwrap();
    let mut registration = Registration::new(name, Base::given(&base).unwrap(), links);
    registration.zone = Some(kind / 128 % 2);
    registration.lifetime = Lifetime::from_secs(if kind.is_multiple_of(11) { 60 } else { 90_000 }).unwrap();
    registration.attributes.push("et", Some(["x.a", "x.b", "x.c"][kind as usize / 16 % 3])).unwrap();
    if kind.is_multiple_of(3) {
        registration.attributes.push("if", Some("a")).unwrap();
    }
    registration
}

static LARGE: LazyLock<Directory> = LazyLock::new(|| {
    let mut config = Config::new([7; 16], ReplicaId(1));
    config.limits.expire_batch = 40;
    config.limits.expired_kept = Duration::ZERO;
    let mut directory = Directory::new(config);
    for number in 0..SIZE {
        directory.register(at(0), registration(number, 0)).unwrap();
    }
    directory
});

#[derive(Debug, Clone)]
enum Change {
    Register {
        number: u32,
        variant: u32,
    },
    Renew {
        number: u32,
    },
    Remove {
        number: u32,
    },
    /// So many that the index is swept.
    RemoveMany {
        first: u32,
        step: usize,
    },
    Wait {
        seconds: u64,
    },
    Expire,
}

fn change() -> impl Strategy<Value = Change> {
    let number = 0..SIZE + 300;
    prop_oneof![
        4 => (number.clone(), 0_u32..4).prop_map(|(number, variant)| Change::Register { number, variant }),
        1 => number.clone().prop_map(|number| Change::Renew { number }),
        2 => number.prop_map(|number| Change::Remove { number }),
        1 => (0_u32..5, 1_usize..6).prop_map(|(first, step)| Change::RemoveMany { first, step }),
        1 => (0_u64..40).prop_map(|seconds| Change::Wait { seconds }),
        2 => Just(Change::Expire),
    ]
}

fn make(directory: &mut Directory, now: &mut u64, change: &Change) {
    let location = |directory: &Directory, number: u32| -> Location {
        directory.locate(None, &EndpointName::new(&format!("node{number}")).unwrap())
    };
    match *change {
        Change::Register { number, variant } => {
            directory.register(at(*now), registration(number, variant)).unwrap();
        }
        // Either may be about what is not there.
        Change::Renew { number } => drop(directory.renew(at(*now), &location(directory, number))),
        Change::Remove { number } => drop(directory.remove(at(*now), &location(directory, number))),
        Change::RemoveMany { first, step } => {
            (first..SIZE)
                .step_by(step)
                .for_each(|number| drop(directory.remove(at(*now), &location(directory, number))));
        }
        Change::Wait { seconds } => *now += seconds,
        Change::Expire => while directory.expire(at(*now)) {},
    }
}

fn criterion() -> impl Strategy<Value = Criterion> {
    let known: Vec<(&str, &str)> = vec![
        ("rt", "core.t"),
        ("rt", "core.h"),
        ("rt", "core.l"),
        ("if", "s"),
        ("if", "a"),
        ("ct", "3"),
        ("ct", "6"),
        ("rare", ""),
        ("et", "x.a"),
        ("et", "x.b"),
        ("ep", "node12"),
        ("base", "coap://h3"),
        ("href", "coap://h1/m/2"),
        ("href", "coap://h2/"),
        ("rt", "core.none"),
    ];
    (prop::sample::select(known), 0_u8..6, any::<prop::sample::Index>()).prop_map(|((name, value), kind, cut)| {
        let test = match kind {
            0 => Test::Exists,
            1 => Test::Prefix(value[..cut.index(value.len() + 1)].into()),
            2 => Test::Prefix(value.into()),
            _ => Test::Exact(value.into()),
        };
        Criterion::new(name, test)
    })
}

fn criteria() -> impl Strategy<Value = Query> {
    prop::collection::vec(criterion(), 0..4).prop_map(|criteria| criteria.into_iter().fold(Query::all(), Query::with))
}

/// A page somewhere, most often far from the first.
fn page() -> impl Strategy<Value = Page> {
    prop_oneof![(0_u32..700, 1_u32..12), (0_u32..12, 200_u32..900), (0_u32..5000, Just(1)),]
        .prop_map(|(page, count)| Page { page, count })
}

/// What tells a link from all others: its registration, and where it is in the document.
fn identity(resource: &Resource<'_>) -> (Location, usize) {
    (resource.endpoint().location(), resource.link().offset())
}

fn is_seen(is_link_local: bool, zone: Option<u32>, from: Option<Option<u32>>) -> bool {
    from.is_none_or(|from| !is_link_local || from.is_some() && zone == from)
}

/// Finds links without the index.
fn scan_resources(
    directory: &Directory,
    now: Instant,
    query: &Query,
    from: Option<Option<u32>>,
) -> Vec<(Location, usize)> {
    let all = directory.resources(now, &Query::all());
    let seen = all.filter(|resource| is_seen(resource.endpoint().is_link_local(), resource.endpoint().zone(), from));
    seen.filter(|resource| query.matches_resource(resource, &resource.endpoint()))
        .map(|resource| identity(&resource))
        .collect()
}

/// Finds registrations without the index.
fn scan_endpoints(directory: &Directory, now: Instant, query: &Query, from: Option<Option<u32>>) -> Vec<Location> {
    let all = directory.endpoints(now, &Query::all());
    let seen = all.filter(|endpoint| is_seen(endpoint.is_link_local(), endpoint.zone(), from));
    seen.filter(|endpoint| query.matches_endpoint(endpoint, endpoint.resources()))
        .map(|endpoint| endpoint.location())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_look_up_in_a_large_directory_equals_a_scan(
        changes in prop::collection::vec(change(), 0..40),
        query in criteria(),
        page in page(),
    ) {
        let (mut directory, mut now) = (LARGE.clone(), 1);
        for change in &changes {
            make(&mut directory, &mut now, change);
        }
        let now = at(now);
        let resources = scan_resources(&directory, now, &query, None);
        let endpoints = scan_endpoints(&directory, now, &query, None);
        let found: Vec<_> = directory.resources(now, &query).map(|found| identity(&found)).collect();
        prop_assert_eq!(&found, &resources);
        let found: Vec<_> = directory.endpoints(now, &query).map(|found| found.location()).collect();
        prop_assert_eq!(&found, &endpoints);
        let paged = query.clone().with_page(page);
        let found: Vec<_> = directory.resources(now, &paged).map(|found| identity(&found)).collect();
        prop_assert_eq!(found, page.paginate(resources.into_iter()).collect::<Vec<_>>());
        let found: Vec<_> = directory.endpoints(now, &paged).map(|found| found.location()).collect();
        prop_assert_eq!(found, page.paginate(endpoints.into_iter()).collect::<Vec<_>>());
    }

    #[test]
    fn a_look_up_that_may_look_at_so_much_finds_the_first_results_and_tells_whether_they_are_all(
        query in criteria(),
        page in prop::option::of(page()),
        most in 0_u64..4_000,
    ) {
        let query = match page {
            Some(page) => query.with_page(page),
            None => query,
        };
        let all: Vec<_> = LARGE.resources(at(1), &query).map(|found| identity(&found)).collect();
        let mut bounded = LARGE.resources(at(1), &query).looking_at_most(most);
        let found: Vec<_> = bounded.by_ref().map(|found| identity(&found)).collect();
        prop_assert_eq!(&found[..], &all[..found.len()]);
        prop_assert!(found.len() == all.len() || bounded.looks() > most);
        let all: Vec<_> = LARGE.endpoints(at(1), &query).map(|found| found.location()).collect();
        let mut bounded = LARGE.endpoints(at(1), &query).looking_at_most(most);
        let found: Vec<_> = bounded.by_ref().map(|found| found.location()).collect();
        prop_assert_eq!(&found[..], &all[..found.len()]);
        prop_assert!(found.len() == all.len() || bounded.looks() > most);
    }

    #[test]
    fn pages_are_those_of_the_result_at_that_moment_whatever_changed_since_the_last(
        query in criteria(),
        from in prop::option::of(prop::option::of(0_u32..2)),
        steps in prop::collection::vec((prop::collection::vec(change(), 0..6), page()), 1..6),
    ) {
        let (mut directory, mut now) = (LARGE.clone(), 1);
        let mut pages = Pages::new(query.clone());
        if let Some(zone) = from {
            pages = pages.seen_from(zone);
        }
        for (changes, page) in steps {
            for change in &changes {
                make(&mut directory, &mut now, change);
            }
            let expected = scan_resources(&directory, at(now), &query, from);
            let found: Vec<_> = pages.resources(&directory, at(now), page).map(|found| identity(&found)).collect();
            prop_assert_eq!(found, page.paginate(expected.into_iter()).collect::<Vec<_>>());
            let expected = scan_endpoints(&directory, at(now), &query, from);
            let found: Vec<_> = pages.endpoints(&directory, at(now), page).map(|found| found.location()).collect();
            prop_assert_eq!(found, page.paginate(expected.into_iter()).collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_look_up_of_one_looks_at_one_and_a_search_in_vain_at_everything_it_searches() {
    let looks = |query: &str, most| {
        let mut found = LARGE.endpoints(at(1), &query.parse().unwrap()).looking_at_most(most);
        (found.by_ref().count(), found.looks())
    };
    assert_eq!(looks("ep=node12", u64::MAX), (1, 1));
    assert_eq!(looks("", u64::MAX), (SIZE as usize, u64::from(SIZE)));
    assert_eq!(looks("", 100), (100, 101));
    let (found, looked) = looks("rt=core.t*&et=x.none*&if=*", u64::MAX);
    assert!(found == 0 && looked < 100, "{looked}");
}

#[test]
fn a_search_that_gives_up_collecting_has_looked_at_no_more_than_it_collected() {
    let mut directory = Directory::new(Config::new([0; 16], ReplicaId(1)));
    for number in 0..3_000 {
        let kind = if number % 2 == 0 { "even" } else { "odd" };
        let sensor = Registration::parse(&format!("ep=n{number}&base=coap://h{number}&et=x.{kind}"), "").unwrap();
        directory.register(at(0), sensor).unwrap();
    }
    // Two large sets would have to be copied, which is seen at once.
    assert_eq!(directory.endpoints(at(0), &"et=x.*".parse().unwrap()).looks(), 0);
}
