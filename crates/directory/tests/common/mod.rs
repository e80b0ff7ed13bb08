//! A directory as the RFC tells it, without any index: a map of registrations, and a scan over all their links.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "each test uses a part of it"
)]

use std::{collections::BTreeMap, time::Duration};

use proptest::prelude::*;
use waypost_directory::{Config, Directory, Endpoint};
use waypost_filter::{Criterion, Level, Page, Query, Test};
use waypost_link_format::{LinkDocumentBuf, resolve};
use waypost_model::{
    Attributes, Authority, Base, BaseSource, EndpointName, Lifetime, Location, Registration, ReplicaId, Sector, Update,
};
use waypost_time::Instant;

pub const AUTHORITY: &str = "coap://rd.example";

pub fn directory() -> Directory {
    replica(1)
}

pub fn replica(number: u64) -> Directory {
    let mut config = Config::new([7; 16], ReplicaId(number));
    config.authorities.push(Authority::new(AUTHORITY).unwrap());
    config.limits.expired_kept = Duration::from_secs(50);
    config.limits.tombstone_guard = Duration::from_secs(50);
    config.limits.expire_batch = 3;
    Directory::new(config)
}

pub fn at(seconds: u64) -> Instant {
    Instant::from_millis(seconds * 1000)
}

pub fn registration(endpoint: &str, base: &str, links: &str) -> Registration {
    let links = LinkDocumentBuf::parse(links).unwrap();
    Registration::new(EndpointName::new(endpoint).unwrap(), Base::given(base).unwrap(), links)
}

/// What the RFC says a registration consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plain {
    pub location: String,
    pub sector: Option<String>,
    pub endpoint: String,
    pub base: String,
    pub is_given: bool,
    pub attributes: BTreeMap<String, Vec<Option<String>>>,
    pub links: String,
    pub lifetime: u64,
    pub seen: u64,
}

impl Plain {
    pub fn is_live(&self, now: u64) -> bool {
        now < self.seen + self.lifetime
    }

    /// All values of an attribute of the endpoint, as RFC 9176 §6.4 annotates it.
    fn values(&self, name: &str) -> Vec<String> {
        match name {
            "ep" => vec![self.endpoint.clone()],
            "d" => self.sector.iter().cloned().collect(),
            "base" => vec![self.base.clone()],
            "rt" => vec!["core.rd-ep".into()],
            "href" => self.locations(),
            _ => {
                self.attributes.get(name).into_iter().flatten().map(|value| value.clone().unwrap_or_default()).collect()
            }
        }
    }

    /// Path-absolute and URI form of the location, or the URI of a foreign one.
    fn locations(&self) -> Vec<String> {
        let uri = self.location.starts_with('/').then(|| format!("{AUTHORITY}{}", self.location));
        std::iter::once(self.location.clone()).chain(uri).collect()
    }

    /// All values of an attribute of each link, with references resolved (RFC 9176 §6.2).
    fn link_values(&self, name: &str) -> Vec<Vec<String>> {
        let document = LinkDocumentBuf::parse(self.links.as_str()).unwrap();
        let document = document.as_document();
        let resolved = |reference: &str| {
            resolve(&self.base, reference).map_or(reference.to_string(), std::borrow::Cow::into_owned)
        };
        document
            .links()
            .map(|link| match name {
                "href" => vec![resolved(link.target())],
                "provenance" => self.locations(),
                _ => {
                    let parameters = link.parameters().filter(|parameter| parameter.name().eq_ignore_ascii_case(name));
                    let values = parameters.map(|parameter| parameter.value().unwrap_or_default().into_owned());
                    if name == "anchor" { values.map(|value| resolved(&value)).collect() } else { values.collect() }
                }
            })
            .collect()
    }

    /// For each link, whether a resource look-up returns it.
    pub fn matching_links(&self, criteria: &[Criterion]) -> Vec<bool> {
        let count = LinkDocumentBuf::parse(self.links.as_str()).unwrap().as_document().links().count();
        let mut matching = vec![true; count];
        for criterion in criteria {
            let by_endpoint = criterion.level() != Level::Resource && meets(criterion, &self.values(criterion.name()));
            for (matching, values) in matching.iter_mut().zip(self.link_values(criterion.name())) {
                *matching &= by_endpoint || criterion.level() != Level::Endpoint && meets(criterion, &values);
            }
        }
        matching
    }

    /// Whether an endpoint look-up returns it.
    pub fn matches(&self, criteria: &[Criterion]) -> bool {
        criteria.iter().all(|criterion| {
            criterion.level() != Level::Resource && meets(criterion, &self.values(criterion.name()))
                || criterion.level() != Level::Endpoint
                    && self.link_values(criterion.name()).iter().any(|values| meets(criterion, values))
        })
    }
}

/// RFC 6690 §4.1: equal, or equal up to a trailing asterisk; of the relation types each value is tried.
fn meets(criterion: &Criterion, values: &[String]) -> bool {
    let passes = |value: &str| match criterion.test() {
        Test::Exists => true,
        Test::Exact(wanted) => value == &**wanted,
        Test::Prefix(wanted) => value.starts_with(&**wanted),
    };
    let is_list = ["rt", "if", "rel", "rev"].contains(&criterion.name());
    values.iter().any(|value| if is_list { value.split(' ').any(passes) } else { passes(value) })
}

/// Name and sector, with the location where it was registered elsewhere.
pub type PlainKey = (Option<String>, Option<String>, String);

/// The directory as the RFC tells it.
#[derive(Debug, Clone, Default)]
pub struct Naive {
    pub registrations: BTreeMap<PlainKey, Plain>,
}

#[derive(Debug, Clone)]
pub enum Operation {
    Register { registration: Registration, foreign: Option<u8> },
    Update { of: usize, update: Update },
    Renew { of: usize },
    Remove { of: usize },
    Expire,
    Wait { seconds: u64 },
}

/// A directory beside its naive twin.
#[derive(Debug)]
pub struct Twins {
    pub directory: Directory,
    pub naive: Naive,
    pub now: u64,
}

impl Twins {
    pub fn new() -> Self {
        Self { directory: directory(), naive: Naive::default(), now: 1000 }
    }

    pub fn now(&self) -> Instant {
        at(self.now)
    }

    pub fn run(&mut self, operation: Operation) {
        let now = self.now();
        match operation {
            Operation::Register { registration, foreign } => self.register(&registration, foreign),
            Operation::Update { of, update } => {
                let Some(key) = self.pick(of) else { return };
                let location = Location::new(&self.naive.registrations[&key].location).unwrap();
                let result = self.directory.update(now, &location, update.clone());
                if key.0.is_some() {
                    assert!(result.is_err());
                    return;
                }
                let plain = self.naive.registrations.get_mut(&key).unwrap();
                if result.is_err() {
                    // It was kept for a while only.
                    assert!(!plain.is_live(self.now));
                    self.naive.registrations.remove(&key);
                    return;
                }
                if let Some(base) = update.base
                    && (base.source() == BaseSource::Given || !plain.is_given)
                {
                    plain.base = base.as_str().into();
                    plain.is_given = base.source() == BaseSource::Given;
                }
                if let Some(lifetime) = update.lifetime {
                    plain.lifetime = lifetime.as_secs().into();
                }
                if let Some(links) = update.links {
                    plain.links = links.as_str().into();
                }
                plain.attributes.extend(plain_attributes(&update.attributes));
                plain.seen = self.now;
            }
            Operation::Renew { of } => self.run(Operation::Update { of, update: Update::default() }),
            Operation::Remove { of } => {
                let Some(key) = self.pick(of) else { return };
                let location = Location::new(&self.naive.registrations[&key].location).unwrap();
                let result = match key.0 {
                    None => self.directory.remove(now, &location),
                    Some(_) => self.directory.unmirror(now, &location),
                };
                assert!(result.is_ok() || !self.naive.registrations[&key].is_live(self.now));
                self.naive.registrations.remove(&key);
            }
            Operation::Expire => {
                self.directory.expire(now);
            }
            Operation::Wait { seconds } => self.now += seconds,
        }
    }

    fn register(&mut self, registration: &Registration, foreign: Option<u8>) {
        let now = self.now();
        let sector = registration.sector.as_ref().map(|sector| sector.as_str().to_string());
        let endpoint = registration.endpoint.as_str().to_string();
        let plain_origin = foreign.map(|number| format!("coap://other{number}.example"));
        let key = (plain_origin.clone(), sector.clone(), endpoint.clone());
        let was_live = self.naive.registrations.get(&key).is_some_and(|plain| plain.is_live(self.now));
        let done = match &plain_origin {
            None => self.directory.register(now, registration.clone()).unwrap(),
            Some(origin) => {
                let location = format!("{origin}/reg/{}-{endpoint}", sector.as_deref().unwrap_or_default());
                let location = Location::new(&location).unwrap();
                self.directory.mirror(now, location, registration.clone(), Duration::ZERO).unwrap()
            }
        };
        assert_eq!(done.is_new, !was_live);
        let plain = Plain {
            location: done.location.as_str().into(),
            sector,
            endpoint,
            base: registration.base.as_str().into(),
            is_given: registration.base.source() == BaseSource::Given,
            attributes: plain_attributes(&registration.attributes),
            links: registration.links.as_str().into(),
            lifetime: registration.lifetime.as_secs().into(),
            seen: self.now,
        };
        self.naive.registrations.insert(key, plain);
    }

    fn pick(&self, of: usize) -> Option<PlainKey> {
        let count = self.naive.registrations.len();
        self.naive.registrations.keys().nth(of.checked_rem(count)?).cloned()
    }

    /// The live registrations in the order in which the directory has them, taken from the naive twin.
    pub fn in_order(&self) -> Vec<&Plain> {
        let order: Vec<String> = self
            .directory
            .endpoints(self.now(), &Query::all())
            .map(|endpoint| endpoint.location().as_str().into())
            .collect();
        let live: BTreeMap<&str, &Plain> = self
            .naive
            .registrations
            .values()
            .filter(|plain| plain.is_live(self.now))
            .map(|plain| (plain.location.as_str(), plain))
            .collect();
        assert_eq!(order.len(), live.len());
        order.iter().map(|location| live[location.as_str()]).collect()
    }

    /// Asserts that both look-ups of a query return what a scan finds.
    pub fn assert_same(&self, query: &Query) {
        let in_order = self.in_order();
        let criteria = query.criteria();
        let endpoints: Vec<&str> = query
            .paginate(in_order.iter().filter(|plain| plain.matches(criteria)).map(|plain| plain.location.as_str()))
            .collect();
        let found: Vec<String> =
            self.directory.endpoints(self.now(), query).map(|endpoint| endpoint.location().as_str().into()).collect();
        assert_eq!(found, endpoints, "endpoints of {query:?}");

        let resources = in_order.iter().flat_map(|plain| {
            let matching = plain.matching_links(criteria);
            matching
                .into_iter()
                .enumerate()
                .filter(|(_, matches)| *matches)
                .map(|(position, _)| (plain.location.clone(), position))
        });
        let resources: Vec<(String, usize)> = query.paginate(resources).collect();
        let found: Vec<(String, usize)> = self
            .directory
            .resources(self.now(), query)
            .map(|resource| {
                let endpoint = resource.endpoint();
                let position = endpoint.document().links().position(|link| link.offset() == resource.link().offset());
                (endpoint.location().as_str().into(), position.unwrap())
            })
            .collect();
        assert_eq!(found, resources, "resources of {query:?}");
    }

    /// Asserts that every registration shows what was registered.
    pub fn assert_contents(&self) {
        for plain in self.in_order() {
            let location = Location::new(&plain.location).unwrap();
            let endpoint = self.directory.registration(self.now(), &location).unwrap();
            assert_same_registration(&endpoint, plain);
            assert_eq!(u64::from(endpoint.age().as_secs()), self.now - plain.seen);
        }
    }
}

fn assert_same_registration(endpoint: &Endpoint<'_>, plain: &Plain) {
    assert_eq!(endpoint.name(), plain.endpoint);
    assert_eq!(endpoint.sector(), plain.sector.as_deref());
    assert_eq!(endpoint.base(), plain.base);
    assert_eq!(endpoint.document().as_str(), plain.links);
    assert_eq!(u64::from(endpoint.lifetime().as_secs()), plain.lifetime);
    let attributes =
        plain.attributes.iter().flat_map(|(name, values)| values.iter().map(|value| (name.as_str(), value.as_deref())));
    assert!(endpoint.attributes().eq(attributes));
}

pub fn plain_attributes(attributes: &Attributes) -> BTreeMap<String, Vec<Option<String>>> {
    let mut plain: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
    for (name, value) in attributes.iter() {
        plain.entry(name.into()).or_default().push(value.map(Into::into));
    }
    plain
}

const ENDPOINTS: [&str; 8] = ["a", "ab", "abc", "b", "node1", "node10", "node2", "s"];
const SECTORS: [Option<&str>; 4] = [None, None, Some("f"), Some("floor-3")];
const BASES: [&str; 7] = [
    "coap://h",
    "coap://h:5684",
    "coap://h2",
    "coap://hh/p/q",
    "coaps://h",
    "coap://[2001:db8::1]",
    "coap://[fe80::1]:61616",
];

/// Link documents that share values, with each kind of reference, lists, flags, repeated and escaped values.
pub fn documents() -> Vec<String> {
    let long: Vec<String> = (0..70).map(|number| format!("</r/{number}>;rt=\"core.s n{}\"", number % 7)).collect();
    let fixed = [
        "",
        "</t>;rt=core.s",
        "</t>;rt=\"core.s core.x\";if=sensor;ct=40,</l>;rt=core.s;title=\"A \\\"b\\\"\"",
        "</l>;rt=\"core.l\";if=actuator;obs,</t>;rt=core.s;ct=0;ct=41",
        "<coap://h/t>;rt=core.s,<http://www.example.com/x>;anchor=\"/t\";rel=describedby",
        "<//h2/t>;rt=core.s;if=sensor,</p>;anchor=\"//h2/t\";rel=\"alternate describedby\"",
        "</t>;anchor=\"coap://h/x\";rt=\"\";et=x,</t/u>;anchor=\"/t/u/../v\";RT=core.s",
        "</a>;ep=a;d=f;base=\"coap://h\";provenance=\"/rd/x\",</b>;ep=node1;et=x.second",
        "</x>;et=\"core.rd-group\";rt=core.rd-ep;battery,</sz>;sz=100;rt=core.l;if=\"sensor actuator\"",
        "</t>;rt=core.s;if=sensor,</t>;rt=core.l;if=sensor,</t>;rt=core.s;if=actuator",
    ];
    fixed.into_iter().map(Into::into).chain([long.join(",")]).collect()
}

fn attribute() -> impl Strategy<Value = (&'static str, Option<&'static str>)> {
    let pairs: Vec<(&str, Option<&str>)> = vec![
        ("et", Some("core.rd-group")),
        ("et", Some("x.second")),
        ("et", Some("x")),
        ("battery", None),
        ("ct", Some("40")),
        ("title", Some("A \"b\"")),
        ("if", Some("sensor actuator")),
    ];
    prop::sample::select(pairs)
}

fn attributes() -> impl Strategy<Value = Attributes> {
    prop::collection::vec(attribute(), 0..4).prop_map(|pairs| {
        let mut attributes = Attributes::new();
        pairs.into_iter().for_each(|(name, value)| attributes.push(name, value).unwrap());
        attributes
    })
}

fn base() -> impl Strategy<Value = Base> {
    let source = prop::sample::select(vec![BaseSource::Given, BaseSource::Observed]);
    (prop::sample::select(BASES.to_vec()), source).prop_map(|(uri, source)| match source {
        BaseSource::Given => Base::given(uri).unwrap(),
        BaseSource::Observed => Base::observed(uri).or_else(|_| Base::given(uri)).unwrap(),
    })
}

fn lifetime() -> impl Strategy<Value = Lifetime> {
    prop::sample::select(vec![2_u32, 5, 60, 90_000]).prop_map(|seconds| Lifetime::from_secs(seconds).unwrap())
}

fn links() -> impl Strategy<Value = LinkDocumentBuf> {
    prop::sample::select(documents()).prop_map(|text| LinkDocumentBuf::parse(text).unwrap())
}

pub fn any_registration() -> impl Strategy<Value = Registration> {
    let endpoint = prop::sample::select(ENDPOINTS.to_vec());
    let sector = prop::sample::select(SECTORS.to_vec());
    (endpoint, sector, base(), lifetime(), attributes(), links()).prop_map(
        |(endpoint, sector, base, lifetime, attributes, links)| Registration {
            sector: sector.map(|sector| Sector::new(sector).unwrap()),
            lifetime,
            attributes,
            ..Registration::new(EndpointName::new(endpoint).unwrap(), base, links)
        },
    )
}

fn update() -> impl Strategy<Value = Update> {
    let base = prop::option::of(base());
    let lifetime = prop::option::of(lifetime());
    let links = prop::option::weighted(0.2, links());
    (base, lifetime, attributes(), links).prop_map(|(base, lifetime, attributes, links)| Update {
        base,
        lifetime,
        attributes,
        links,
        ..Update::default()
    })
}

pub fn operation() -> impl Strategy<Value = Operation> {
    let foreign = prop::option::weighted(0.2, 1_u8..3);
    prop_oneof![
        8 => (any_registration(), foreign).prop_map(|(registration, foreign)| Operation::Register { registration, foreign }),
        3 => (any::<usize>(), update()).prop_map(|(of, update)| Operation::Update { of, update }),
        1 => any::<usize>().prop_map(|of| Operation::Renew { of }),
        2 => any::<usize>().prop_map(|of| Operation::Remove { of }),
        2 => Just(Operation::Expire),
        1 => (0_u64..8).prop_map(|seconds| Operation::Wait { seconds }),
    ]
}

pub fn operations(most: usize) -> impl Strategy<Value = Vec<Operation>> {
    prop::collection::vec(operation(), 0..most)
}

/// A criterion that is met often: names and values of the vocabulary, whole or cut.
pub fn criterion() -> impl Strategy<Value = Criterion> {
    let known: Vec<(&str, &str)> = vec![
        ("rt", "core.s"),
        ("rt", "core.l"),
        ("rt", "core.rd-ep"),
        ("rt", "n3"),
        ("rt", ""),
        ("if", "sensor"),
        ("if", "actuator"),
        ("rel", "describedby"),
        ("ct", "40"),
        ("ct", "41"),
        ("et", "x"),
        ("et", "core.rd-group"),
        ("battery", ""),
        ("title", "A \"b\""),
        ("obs", ""),
        ("ep", "a"),
        ("ep", "node1"),
        ("d", "f"),
        ("base", "coap://h"),
        ("base", "coap://hh/p/q"),
        ("base", "coap://[2001:db8::1]"),
        ("href", "coap://h/t"),
        ("href", "coap://h2/t"),
        ("href", "coap://h"),
        ("href", "coap://hh/t"),
        ("href", "coap://[fe80::1]:61616/l"),
        ("href", "http://www.example.com/x"),
        ("href", "/rd/"),
        ("href", "coap://rd.example/rd/"),
        ("href", "coap://other1.example/reg/-a"),
        ("provenance", "/rd/"),
        ("provenance", "coap://other1.example/reg/f-node1"),
        ("anchor", "coap://h/x"),
        ("anchor", "coap://h/t/v"),
        ("anchor", "coaps://h/t"),
        ("anchor", "coap://h2/t"),
        ("nothing", "x"),
    ];
    let level =
        prop::sample::select(vec![Level::Either, Level::Either, Level::Either, Level::Endpoint, Level::Resource]);
    (prop::sample::select(known), 0_u8..6, any::<prop::sample::Index>(), level).prop_map(
        |((name, value), kind, cut, level)| {
            let test = match kind {
                0 => Test::Exists,
                1..=2 => Test::Prefix(value[..cut.index(value.len() + 1)].into()),
                3 => Test::Prefix(value.into()),
                _ => Test::Exact(value.into()),
            };
            Criterion::new(name, test).at(level)
        },
    )
}

pub fn query() -> impl Strategy<Value = Query> {
    let page = prop::option::of((0_u32..4, 0_u32..5).prop_map(|(page, count)| Page { page, count }));
    (prop::collection::vec(criterion(), 0..5), page).prop_map(|(criteria, page)| {
        let query = criteria.into_iter().fold(Query::all(), Query::with);
        match page {
            Some(page) => query.with_page(page),
            None => query,
        }
    })
}
