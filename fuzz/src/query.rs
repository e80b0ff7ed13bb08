use std::collections::BTreeSet;

use waypost_filter::{Criterion, Held, Level, Query, QueryLimits, Record, Scope, Test, covers, remainder, select};
use waypost_link_format::{LinkBuf, LinkDocumentBuf};

/// Reading against a second reader, matching against a second matcher, and coverage against the answers of a small world.
///
/// The first line is a query, the second another one, the third says at which level their criteria are decided. Then come
/// records, apart by empty lines, of attributes, one a line: the first is an endpoint, the others are its links.
pub fn query(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let mut lines = text.split('\n');
    let mut next = || lines.next().unwrap_or_default();
    let (first, second, levels) = (next(), next(), next());
    let world = World::new(lines.take(32));

    check_reading(first);
    let (Ok(query), Ok(other)) = (Query::parse(first), Query::parse(second)) else {
        return;
    };
    check_matching(first, &query, &world);
    let mut levels = levels.bytes();
    let (query, other) = (with_levels(&query, &mut levels), with_levels(&other, &mut levels));
    check_coverage(&query, &other, &world);
}

type Attribute<'a> = (&'a str, Option<&'a str>);

/// A list of attributes.
#[derive(Default)]
struct Attributes<'a>(Vec<Attribute<'a>>);

impl Record for Attributes<'_> {
    fn any_value(&self, name: &str, visit: &mut dyn FnMut(Option<&str>) -> bool) -> bool {
        self.0.iter().any(|(own, value)| own.eq_ignore_ascii_case(name) && visit(*value))
    }
}

/// An endpoint and its links.
#[derive(Default)]
struct World<'a> {
    endpoint: Attributes<'a>,
    links: Vec<Attributes<'a>>,
}

impl<'a> World<'a> {
    fn new(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut world = Self::default();
        for line in lines {
            let record = world.links.last_mut().unwrap_or(&mut world.endpoint);
            match line.split_once('=') {
                _ if line.is_empty() => world.links.push(Attributes::default()),
                Some((name, value)) => record.0.push((name, Some(value))),
                None => record.0.push((line, None)),
            }
        }
        world
    }

    /// The numbers of the links in the answer to a resource look-up.
    fn resources(&self, query: &Query) -> Vec<usize> {
        let matching = (0..self.links.len()).filter(|link| query.matches_resource(&self.links[*link], &self.endpoint));
        query.paginate(matching).collect()
    }

    /// Whether the endpoint is in the answer to an endpoint look-up.
    fn endpoints(&self, query: &Query) -> bool {
        query.paginate(query.matches_endpoint(&self.endpoint, self.links.iter()).then_some(()).into_iter()).count() > 0
    }
}

/// The arguments of a query string, decoded; `None` if one has no decoding.
fn decoded(query: &str) -> Option<Vec<String>> {
    let argument = |argument: &str| {
        let mut bytes = argument.bytes();
        let mut decoded = Vec::new();
        while let Some(byte) = bytes.next() {
            if byte == b'%' {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let value = digit(bytes.next())? * 16 + digit(bytes.next())?;
                decoded.push(u8::try_from(value).unwrap());
            } else {
                decoded.push(byte);
            }
        }
        String::from_utf8(decoded).ok()
    };
    query.split('&').map(argument).collect()
}

/// Name and value of each argument that is not empty.
fn pairs(arguments: &[String]) -> impl Iterator<Item = Attribute<'_>> {
    arguments.iter().filter(|argument| !argument.is_empty()).map(|argument| match argument.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (argument.as_str(), None),
    })
}

fn is_paging(name: &str) -> bool {
    ["page", "count"].contains(&name.to_ascii_lowercase().as_str())
}

/// Whether by the rules the arguments are a query.
fn is_valid(arguments: &[String]) -> bool {
    let is_number = |value: &str| {
        !value.is_empty()
            && value.chars().all(|c| c.is_ascii_digit())
            && (value.trim_start_matches('0').len() < 10
                || value.trim_start_matches('0').parse::<u64>().is_ok_and(|n| n < 1 << 32))
    };
    let mut names = BTreeSet::new();
    let all_valid = pairs(arguments).all(|(name, value)| {
        names.insert(name.to_ascii_lowercase());
        !name.is_empty() && (!is_paging(name) || value.is_some_and(is_number))
    });
    let criteria = pairs(arguments).filter(|(name, _)| !is_paging(name)).count();
    all_valid && criteria <= 32 && (names.contains("count") || !names.contains("page"))
}

fn check_reading(text: &str) {
    let parsed = Query::parse(text);
    if text.len() > QueryLimits::default().bytes {
        return;
    }
    let Some(arguments) = decoded(text) else {
        parsed.expect_err("a broken encoding was read");
        return;
    };
    assert_eq!(parsed.is_ok(), is_valid(&arguments), "{parsed:?}");

    let encoded: Vec<String> =
        arguments.iter().map(|argument| argument.bytes().map(|byte| format!("%{byte:02x}")).collect()).collect();
    let from_options = Query::from_options(&arguments);
    assert_eq!(parsed, from_options);
    let mut limits = QueryLimits::default();
    limits.bytes *= 3;
    assert_eq!(Query::parse_within(limits, &encoded.join("&")), from_options);

    match parsed {
        Ok(query) => {
            let mut limits = QueryLimits::default();
            limits.bytes = usize::MAX;
            assert_eq!(Query::parse_within(limits, &query.to_string()).as_ref(), Ok(&query));
            let last =
                |name| pairs(&arguments).filter(|pair| pair.0.eq_ignore_ascii_case(name)).last()?.1?.parse().ok();
            assert_eq!(query.page().map(|page| page.count), last("count"));
            assert_eq!(query.page().map(|page| page.page), last("count").map(|_: u32| last("page").unwrap_or(0)));
        }
        Err(error) => {
            assert!((1..=arguments.len()).contains(&error.argument()));
            assert!(!error.to_string().is_empty());
        }
    }
}

/// Whether a criterion, as written, is met by an attribute: RFC 6690 §4.1, RFC 9176 §6.2.
fn meets((name, value): Attribute<'_>, attributes: &Attributes<'_>) -> bool {
    attributes.0.iter().filter(|attribute| attribute.0.eq_ignore_ascii_case(name)).any(|(_, own)| {
        let own = own.unwrap_or("");
        let words: Vec<&str> = if ["rt", "if", "rel", "rev"].contains(&name.to_ascii_lowercase().as_str()) {
            let words: Vec<&str> = own.split(' ').filter(|word| !word.is_empty()).collect();
            if words.is_empty() { vec![""] } else { words }
        } else {
            vec![own]
        };
        words.iter().any(|word| match value {
            None => true,
            Some(value) if value.ends_with('*') => word.as_bytes().starts_with(&value.as_bytes()[..value.len() - 1]),
            Some(value) => word.as_bytes() == value.as_bytes(),
        })
    })
}

fn check_matching(text: &str, query: &Query, world: &World<'_>) {
    let arguments = decoded(text).unwrap();
    let criteria: Vec<_> = pairs(&arguments).filter(|(name, _)| !is_paging(name)).collect();
    let endpoint = &world.endpoint;

    let mut matching = Vec::new();
    for (number, link) in world.links.iter().enumerate() {
        assert_eq!(query.matches(link), criteria.iter().all(|criterion| meets(*criterion, link)));
        let expected = criteria.iter().all(|criterion| meets(*criterion, link) || meets(*criterion, endpoint));
        assert_eq!(query.matches_resource(link, endpoint), expected);
        if criteria.iter().all(|criterion| meets(*criterion, link)) {
            matching.push(number);
        }
    }
    let expected = criteria
        .iter()
        .all(|criterion| meets(*criterion, endpoint) || world.links.iter().any(|link| meets(*criterion, link)));
    assert_eq!(query.matches_endpoint(endpoint, world.links.iter()), expected);

    if let Some(document) = document(world) {
        let page = query.page().map(|page| (page.skip(), page.count)).unwrap_or((0, u32::MAX));
        matching.drain(..matching.len().min(page.0 as usize));
        matching.truncate(page.1 as usize);
        let selected: Vec<_> = select(document.as_document(), query).map(|link| link.target().to_string()).collect();
        let numbered = |name: &str| query.criteria().iter().any(|criterion| criterion.name() == name);
        if !numbered("href") && !numbered("provenance") {
            assert_eq!(selected, matching.iter().map(|number| format!("/{number}")).collect::<Vec<_>>());
        }
    }
}

/// The links as a document, with their numbers as targets; `None` if they cannot be written.
fn document(world: &World<'_>) -> Option<LinkDocumentBuf> {
    let link = |(number, attributes): (usize, &Attributes<'_>)| {
        let link = LinkBuf::new(&format!("/{number}")).ok()?;
        attributes.0.iter().try_fold(link, |link, (name, value)| match value {
            Some(value) => link.with(name, value).ok(),
            None => link.with_flag(name).ok(),
        })
    };
    world.links.iter().enumerate().map(link).collect()
}

fn with_levels(query: &Query, levels: &mut impl Iterator<Item = u8>) -> Query {
    let with_level = |query: Query, criterion: &Criterion| {
        let level = match levels.next() {
            Some(b'e') => Level::Endpoint,
            Some(b'r') => Level::Resource,
            _ => Level::Either,
        };
        query.with(criterion.clone().at(level))
    };
    let levelled = query.criteria().iter().fold(Query::all(), with_level);
    match query.page() {
        Some(page) => levelled.with_page(page),
        None => levelled,
    }
}

fn check_coverage(held: &Query, asked: &Query, world: &World<'_>) {
    for levels in [Held::Resources, Held::Endpoints, Held::Both] {
        assert!(covers(held, levels, held));
        if held.page().is_none() && held.criteria().iter().all(|criterion| asked.criteria().contains(criterion)) {
            let same = asked.criteria().iter().all(|criterion| held.criteria().contains(criterion));
            assert!(!same || covers(held, levels, asked));
        }
    }
    let links = world.resources(held);
    let has_endpoint = world.endpoints(held);
    let held_links = || links.iter().map(|link| &world.links[*link]);

    if let Some(rest) = remainder(held, Held::Resources, asked, Scope::Resources) {
        let answer = rest.paginate(links.iter().copied().filter(|link| rest.matches(&world.links[*link])));
        assert_eq!(answer.collect::<Vec<_>>(), world.resources(asked));
    }
    if let Some(rest) = remainder(held, Held::Endpoints, asked, Scope::Endpoints) {
        let answer = rest.paginate((has_endpoint && rest.matches(&world.endpoint)).then_some(()).into_iter());
        assert_eq!(answer.count() > 0, world.endpoints(asked));
    }
    if let Some(rest) = remainder(held, Held::Both, asked, Scope::Resources) {
        let matches = |link: &usize| rest.matches_resource(&world.links[*link], &world.endpoint);
        let answer = rest.paginate(links.iter().copied().filter(matches));
        assert_eq!(answer.collect::<Vec<_>>(), world.resources(asked));
    }
    if let Some(rest) = remainder(held, Held::Both, asked, Scope::Endpoints) {
        let matches = has_endpoint && rest.matches_endpoint(&world.endpoint, held_links());
        assert_eq!(rest.paginate(matches.then_some(()).into_iter()).count() > 0, world.endpoints(asked));
    }
    assert!(asked.criteria().iter().all(|criterion| *criterion.test() != Test::Prefix("".into())));
}
