use core::time::Duration;

use waypost::directory::{Endpoints, Resources, Scope, Show};
use waypost::link_format::LinkWriter;
use waypost::{Directory, Instant, LinkDocument, Query};
use waypost_benches::fleet::{self, Documents};

use crate::measure::median;
use crate::scene::Scene;
use crate::table::{Row, Table};

/// One kind of look-up, and the same question in SQL.
pub(crate) struct LookUp {
    pub(crate) name: &'static str,
    scope: Scope,
    /// What the query asks for, of a registration that is drawn by lot.
    values: fn(usize, Documents) -> Vec<String>,
    query: fn(&[String]) -> String,
    sql: String,
    results: usize,
    goal: Duration,
    /// Whether it is one of those that are plotted.
    pub(crate) is_plotted: bool,
}

/// Looks up, each time by another registration's values, in a directory and in a small one by turns.
///
/// Each look-up writes its result. How many results there are is checked each time; what they are is checked once.
pub(crate) fn look_up(table: &mut Table, scene: &Scene, small: &Scene) {
    for line in LookUp::all() {
        line.check(scene);
        let [time, of_small, theirs] = line.by_turns(scene, small);
        let growth = (scene.size > small.size).then(|| time.as_secs_f64() / of_small.as_secs_f64().max(1e-9));
        let row = Row::new(line.title(), time).of(scene.documents);
        table.add(row.growth(growth).peer("SQLite", theirs).lead(10.0).goal(line.goal(scene)));
    }
}

impl LookUp {
    /// Returns all that are measured.
    pub(crate) fn all() -> Vec<Self> {
        let ep = |number, _| vec![format!("node{number:08}")];
        let resources = "SELECT base, path, attributes FROM";
        let endpoints = "SELECT registration.id, ep, d, base, et FROM";
        let links = "CROSS JOIN link ON link.id BETWEEN document << 10 AND (document << 10) + 1023";
        let owners = "CROSS JOIN registration ON document = meets.link >> 10 AND +expires > 0";
        let of_links = format!("CROSS JOIN link ON link.id = meets.link {owners}");
        let word = |name: &str, value: &str| format!("(SELECT id FROM word WHERE name = '{name}' AND text = {value})");
        let (rt, secure, cbor) = (word("rt", "?1"), word("if", "?2"), word("ct", "?3"));
        let by_words = format!(
            "{resources} meets CROSS JOIN meets b ON b.word = {secure} AND b.link = meets.link \
             CROSS JOIN meets c ON c.word = {cbor} AND c.link = meets.link {of_links} WHERE meets.word = {rt}"
        );
        vec![
            Self {
                name: "ep?ep=…",
                scope: Scope::Endpoints,
                values: ep,
                query: |values| format!("ep={}", values[0]),
                sql: format!("{endpoints} registration WHERE ep = ?1 AND expires > 0"),
                results: 1,
                goal: Duration::from_micros(2),
                is_plotted: true,
            },
            Self {
                name: "res?ep=…",
                scope: Scope::Resources,
                values: ep,
                query: |values| format!("ep={}", values[0]),
                sql: format!("{resources} registration {links} WHERE ep = ?1 AND expires > 0"),
                results: 10,
                goal: Duration::from_micros(2),
                is_plotted: false,
            },
            Self {
                name: "ep?base=…",
                scope: Scope::Endpoints,
                values: |number, _| vec![fleet::base(number)],
                query: |values| format!("base={}", values[0]),
                sql: format!("{endpoints} registration WHERE base = ?1 AND expires > 0"),
                results: 1,
                goal: Duration::from_micros(2),
                is_plotted: false,
            },
            Self {
                name: "res?href=…",
                scope: Scope::Resources,
                values: |number, documents| vec![fleet::base(number), fleet::target(number, 4, documents)],
                query: |values| format!("href={}{}", values[0], values[1]),
                sql: format!("{resources} registration {links} WHERE base = ?1 AND path = ?2 AND expires > 0"),
                results: 1,
                goal: Duration::from_micros(2),
                is_plotted: true,
            },
            Self {
                name: "res?href=…*",
                scope: Scope::Resources,
                values: |number, _| vec![fleet::base(number), "/sensors/".into()],
                query: |values| format!("href={}{}*", values[0], values[1]),
                sql: format!(
                    "{resources} registration {links} WHERE base = ?1 AND path >= ?2 AND path < ?2 || '~' AND expires > 0"
                ),
                results: 10,
                goal: Duration::from_micros(20),
                is_plotted: false,
            },
            Self {
                name: "res?rt=…",
                scope: Scope::Resources,
                values: |_, _| vec!["rare".into()],
                query: |values| format!("rt={}", values[0]),
                sql: format!("{resources} meets {of_links} WHERE meets.word = {rt}"),
                results: 10,
                goal: Duration::from_micros(5),
                is_plotted: true,
            },
            Self {
                name: "res?rt=…*",
                scope: Scope::Resources,
                values: |_, _| vec!["seldom".into()],
                query: |values| format!("rt={}*", values[0]),
                sql: format!(
                    "{resources} word CROSS JOIN meets ON meets.word = word.id {of_links} \
                     WHERE word.name = 'rt' AND word.text >= ?1 AND word.text < ?1 || '~'"
                ),
                results: 10,
                goal: Duration::from_micros(20),
                is_plotted: false,
            },
            Self {
                name: "res?rt=…&if=…&ct=…, met by 10 and by all",
                scope: Scope::Resources,
                values: |_, _| vec!["rare".into(), "sensor".into(), "40".into()],
                query: |values| format!("rt={}&if={}&ct={}", values[0], values[1], values[2]),
                sql: by_words.clone(),
                results: 10,
                goal: Duration::from_micros(200),
                is_plotted: false,
            },
            Self {
                name: "res?rt=…&if=…&ct=…, each by a tenth",
                scope: Scope::Resources,
                values: |_, _| vec!["indoor".into(), "secure".into(), "60".into()],
                query: |values| format!("rt={}&if={}&ct={}", values[0], values[1], values[2]),
                sql: by_words,
                results: 10,
                goal: Duration::from_micros(200),
                is_plotted: true,
            },
            Self {
                name: "res?et=…&rt=…",
                scope: Scope::Resources,
                values: |_, _| vec!["rare".into(), "x.rare".into()],
                query: |values| format!("et={}&rt={}", values[1], values[0]),
                sql: format!("{resources} meets {of_links} WHERE meets.word = {rt} AND +et = ?2"),
                results: 10,
                goal: Duration::from_micros(20),
                is_plotted: false,
            },
            Self {
                name: "res?et=…&rt=…&count=10, met by most",
                scope: Scope::Resources,
                values: |_, _| vec!["humidity".into(), "x.common".into()],
                query: |values| format!("et={}&rt={}&count=10", values[1], values[0]),
                sql: format!("{resources} meets {of_links} WHERE meets.word = {rt} AND +et = ?2 LIMIT 10"),
                results: 10,
                goal: Duration::from_micros(20),
                is_plotted: false,
            },
            Self {
                name: "ep?rt=…",
                scope: Scope::Endpoints,
                values: |_, _| vec!["rare".into()],
                query: |values| format!("rt={}", values[0]),
                sql: format!(
                    "SELECT DISTINCT {} meets {owners} WHERE meets.word = {rt}",
                    &endpoints["SELECT ".len()..]
                ),
                results: 10,
                goal: Duration::from_micros(20),
                is_plotted: false,
            },
            Self {
                name: "ep?rt=…&count=10, met by all",
                scope: Scope::Endpoints,
                values: |_, _| vec!["core.s".into()],
                query: |values| format!("rt={}&count=10", values[0]),
                sql: format!(
                    "SELECT DISTINCT {} meets {owners} WHERE meets.word = {rt} LIMIT 10",
                    &endpoints["SELECT ".len()..]
                ),
                results: 10,
                goal: Duration::from_micros(20),
                is_plotted: false,
            },
        ]
    }

    fn title(&self) -> String {
        match self.results {
            1 => format!("{}, 1 result", self.name),
            results => format!("{}, {results} results", self.name),
        }
    }

    /// Returns the median times in a directory, in a small one and in SQLite: of each, the best of several turns.
    fn by_turns(&self, scene: &Scene, small: &Scene) -> [Duration; 3] {
        let turns =
            (0..BLOCKS).map(|block| [self.time(scene, block), self.time(small, block), self.time_of_peer(scene)]);
        turns.fold([Duration::MAX; 3], |best, turn| core::array::from_fn(|who| best[who].min(turn[who])))
    }

    /// Returns the median time in a directory.
    pub(crate) fn time(&self, scene: &Scene, block: usize) -> Duration {
        let numbers = (block * ROUNDS..).map(|round| scene.draw(round));
        let query = |number| Query::parse(&(self.query)(&(self.values)(number, scene.documents))).expect("a query");
        let queries: Vec<_> = numbers.map(query).take(ROUNDS).collect();
        let (mut queries, mut text) = (queries.iter().cycle(), String::with_capacity(1 << 16));
        median(ROUNDS, || {
            let query = queries.next().expect("a cycle has no end");
            assert_eq!(write(&scene.directory, self.scope, query, &mut text), self.results, "{}", self.name);
        })
    }

    /// Returns the median time in SQLite.
    pub(crate) fn time_of_peer(&self, scene: &Scene) -> Duration {
        let values: Vec<_> =
            (0..ROUNDS).map(|round| (self.values)(scene.draw_of_peer(round), scene.documents)).collect();
        let mut question = scene.peer.prepare(&self.sql, self.scope).expect("SQL that SQLite knows");
        let (mut values, mut text) = (values.iter().cycle(), String::with_capacity(1 << 16));
        median(ROUNDS, || question.ask(values.next().expect("a cycle has no end"), &mut text).expect("an answer"))
    }

    /// Checks that both answer the same. Of a result that is cut they may cut out another part.
    fn check(&self, scene: &Scene) {
        let values = (self.values)(scene.draw_of_peer(0), scene.documents);
        let query = (self.query)(&values);
        let (mut ours, mut theirs) = (String::new(), String::new());
        write(&scene.directory, self.scope, &Query::parse(&query).expect("a query"), &mut ours);
        let mut question = scene.peer.prepare(&self.sql, self.scope).expect("SQL that SQLite knows");
        question.ask(&values, &mut theirs).expect("an answer");
        let (ours, theirs) = (self.comparable(&ours), self.comparable(&theirs));
        assert_eq!(theirs.len(), self.results, "{query}");
        if scene.size == scene.peer_size && !query.contains("count=") {
            assert_eq!(ours, theirs, "{query}");
        }
    }

    /// Returns the links of an answer in an order of their own. Where a registration resource is, is for each to say.
    fn comparable<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let skip = |link: &'a str| match self.scope {
            Scope::Endpoints => link.split_once(';').map_or(link, |(_, attributes)| attributes),
            Scope::Resources => link,
        };
        let mut links: Vec<_> =
            LinkDocument::parse(text).expect("a document").links().map(|link| skip(link.raw())).collect();
        links.sort_unstable();
        links
    }

    /// Returns the goal: what is to be written counts beside it where one endpoint is looked up.
    fn goal(&self, scene: &Scene) -> Duration {
        let mut text = String::new();
        let query = (self.query)(&(self.values)(scene.draw(0), scene.documents));
        write(&scene.directory, self.scope, &Query::parse(&query).expect("a query"), &mut text);
        let output = Duration::from_nanos(text.len() as u64);
        if self.goal < Duration::from_micros(5) { self.goal + output } else { self.goal }
    }
}

/// Writes a result anew; returns how many there are.
pub(crate) fn write(directory: &Directory, scope: Scope, query: &Query, text: &mut String) -> usize {
    match scope {
        Scope::Endpoints => write_endpoints(directory.endpoints(Instant::ZERO, query), text),
        Scope::Resources => write_resources(directory.resources(Instant::ZERO, query), text),
    }
}

/// Writes registrations that were found, and returns how many.
pub(crate) fn write_endpoints(found: Endpoints<'_>, text: &mut String) -> usize {
    text.clear();
    let mut writer = LinkWriter::new(text);
    let mut count = 0;
    for endpoint in found {
        count += 1;
        endpoint.write(&mut writer, Show::default()).expect("a string takes everything");
    }
    writer.finish().expect("a string takes everything");
    count
}

/// Writes links that were found, and returns how many.
pub(crate) fn write_resources(found: Resources<'_>, text: &mut String) -> usize {
    text.clear();
    let mut writer = LinkWriter::new(text);
    let mut count = 0;
    for resource in found {
        count += 1;
        resource.write(&mut writer, Show::default()).expect("a string takes everything");
    }
    writer.finish().expect("a string takes everything");
    count
}

/// How often a look-up is repeated in a row.
const ROUNDS: usize = 301;
/// How many turns there are.
const BLOCKS: usize = 3;
