use waypost::Query;
use waypost::directory::Scope;

use crate::figure::Figure;
use crate::look_ups::write;
use crate::measure::median;
use crate::scene::{LINKS, Scene};
use crate::table::{Row, Table};

/// Writes everything, as the answer to a look-up without criteria; of more than a million registrations, what as many have.
pub(crate) fn render(table: &mut Table, scene: &Scene) {
    let (count, mut text) = (scene.size.min(MOST) * LINKS, String::new());
    let query =
        if scene.size > MOST { Query::parse(&format!("count={count}")).expect("a query") } else { Query::all() };
    // The first time finds out how much there is, and makes the memory known to the system.
    assert_eq!(write(&scene.directory, Scope::Resources, &query, &mut text), count);
    let ours = median(3, || write(&scene.directory, Scope::Resources, &query, &mut text));
    let ours = Figure::throughput(text.len(), ours);

    let mut question = scene.peer.prepare(EVERYTHING, Scope::Resources).expect("SQL that SQLite knows");
    question.ask(&[], &mut text).expect("an answer");
    let theirs = median(3, || question.ask(&[], &mut text).expect("an answer"));
    let theirs = Figure::throughput(text.len(), theirs);
    let row = Row::new("everything rendered", ours).of(scene.documents);
    table.add(row.peer("SQLite", theirs).lead(10.0).goal(Figure::Throughput(1e9)));
}

/// How many registrations are written out.
const MOST: usize = 1_000_000;
const EVERYTHING: &str = "SELECT base, path, attributes FROM registration \
    CROSS JOIN link ON link.id BETWEEN document << 10 AND (document << 10) + 1023 WHERE +expires > 0";
