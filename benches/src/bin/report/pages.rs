use core::time::Duration;

use waypost::directory::{Pages, Scope};
use waypost::filter::Page;
use waypost::{Base, Instant, Location, Query, Update};
use waypost_benches::fleet;

use crate::look_ups::{write, write_endpoints, write_resources};
use crate::measure::{median, once};
use crate::scene::Scene;
use crate::table::{Row, Table};

/// Cuts pages out of large results, and walks along the links one by one while registrations change.
pub(crate) fn pages(table: &mut Table, scene: &mut Scene) {
    for line in LINES {
        let results = line.count(scene);
        let pages = [0, results / 40, results / 20, results / 10 - 1];
        let longest = pages.map(|page| line.page(scene, 10, page)).into_iter().max().unwrap_or_default();
        // What SQLite passes over takes time, so that there the last page is the slowest.
        let longest_of_peer = line.page_of_peer(scene, 10, pages[3]);
        let row = Row::new(format!("{}count=10&page=…, the slowest page", line.name), longest).of(scene.documents);
        table.add(row.peer("SQLite", longest_of_peer).lead(10.0).goal(Duration::from_millis(20)));

        let ours = line.walk(scene, results / 4);
        let theirs = line.page_of_peer(scene, 1, results / 4);
        let row = Row::new(format!("{}count=1&page=k, k+1, …, under change", line.name), ours).of(scene.documents);
        table.add(row.peer("SQLite", theirs).lead(10.0).goal(Duration::from_micros(50)));
    }
}

/// A result of about as many as there are registrations, and the same in SQL. There, what is passed over is not put together.
struct Line {
    name: &'static str,
    query: &'static str,
    scope: Scope,
    sql: &'static str,
}

const LINES: [Line; 3] = [
    Line {
        name: "ep?",
        query: "",
        scope: Scope::Endpoints,
        sql: "SELECT id, ep, d, base, et FROM registration WHERE +expires > 0 ORDER BY id LIMIT ?1 OFFSET ?2",
    },
    Line {
        name: "res?",
        query: "",
        scope: Scope::Resources,
        sql: "SELECT base, path, attributes FROM \
              (SELECT base, link.id AS number FROM registration \
              CROSS JOIN link ON link.id BETWEEN document << 10 AND (document << 10) + 1023 WHERE +expires > 0 LIMIT ?1 OFFSET ?2) \
              CROSS JOIN link ON link.id = number",
    },
    Line {
        name: "res?rt=…&",
        query: "rt=humidity&",
        scope: Scope::Resources,
        sql: "SELECT base, path, attributes FROM \
              (SELECT registration.id AS owner, meets.link AS number FROM meets \
              CROSS JOIN registration ON document = meets.link >> 10 AND +expires > 0 \
              WHERE meets.word = (SELECT id FROM word WHERE name = 'rt' AND text = 'humidity') LIMIT ?1 OFFSET ?2) \
              CROSS JOIN registration ON registration.id = owner CROSS JOIN link ON link.id = number",
    },
];

impl Line {
    fn count(&self, scene: &Scene) -> usize {
        let query = self.all();
        match self.scope {
            Scope::Endpoints => scene.directory.endpoints(Instant::ZERO, &query).count(),
            Scope::Resources => scene.directory.resources(Instant::ZERO, &query).count(),
        }
    }

    fn all(&self) -> Query {
        Query::parse(self.query.trim_end_matches('&')).expect("a query")
    }

    fn of_page(&self, count: usize, page: usize) -> Query {
        Query::parse(&format!("{}count={count}&page={page}", self.query)).expect("a query")
    }

    fn page(&self, scene: &Scene, count: usize, page: usize) -> Duration {
        let (query, mut text) = (self.of_page(count, page), String::new());
        median(9, || assert_eq!(write(&scene.directory, self.scope, &query, &mut text), count, "{query}"))
    }

    fn page_of_peer(&self, scene: &Scene, count: usize, page: usize) -> Duration {
        let page = page / (scene.size / scene.peer_size);
        let (values, mut text) = ([count.to_string(), (count * page).to_string()], String::new());
        let mut question = scene.peer.prepare(self.sql, self.scope).expect("SQL that SQLite knows");
        median(9, || {
            question.ask(&values, &mut text).expect("an answer");
            assert!(!text.is_empty(), "{} has a page {page}", self.name);
        })
    }

    /// Asks for one page after another; before each, another registration gets a new base.
    fn walk(&self, scene: &mut Scene, start: usize) -> Duration {
        let some: Vec<Location> = (0..STEPS).map(|step| scene.location(scene.draw(step))).collect();
        let (mut text, mut pages) = (String::new(), Pages::new(self.all()));
        let mut times: Vec<_> = some
            .iter()
            .enumerate()
            .map(|(step, location)| {
                let base = Base::given(&fleet::base(20_000_000 + step)).expect("a base");
                let update = Update { base: Some(base), ..Update::default() };
                scene.directory.update(Instant::ZERO, location, update).expect("a registration");
                let page = Page { page: (start + step) as u32, count: 1 };
                once(|| {
                    let found = match self.scope {
                        Scope::Endpoints => {
                            write_endpoints(pages.endpoints(&scene.directory, Instant::ZERO, page), &mut text)
                        }
                        Scope::Resources => {
                            write_resources(pages.resources(&scene.directory, Instant::ZERO, page), &mut text)
                        }
                    };
                    assert_eq!(found, 1, "{}{page:?}", self.name);
                })
            })
            .collect();
        times.sort_unstable();
        times[STEPS / 2]
    }
}

/// How far a walk goes.
const STEPS: usize = 51;
