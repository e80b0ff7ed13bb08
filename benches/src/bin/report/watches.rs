use core::time::Duration;

use waypost::{Base, Directory, Instant, Update};
use waypost_benches::fleet::{self, Documents};
use waypost_benches::watches as set_up;

use crate::changes::{new, with_links};
use crate::measure::each;
use crate::scene::Scene;
use crate::table::{Row, Table};

/// Changes what no watch is about, and what one watch is about, while many watches wait.
pub(crate) fn watches(table: &mut Table, scene: &Scene) {
    let count = (scene.size / 10).min(100_000);
    let mut directory = scene.directory.clone();
    set_up::add(&mut directory, count, scene.size);
    let mut group = Group { table, directory, watches: count, documents: scene.documents };
    let unwatched = |node: &usize| node % set_up::SECTORS >= set_up::WATCHED_SECTORS;
    let in_whole_sector = |node: &usize| node % set_up::SECTORS < set_up::WHOLE_SECTORS;
    let is_met = |number: &usize| number % 8 < 5;

    let beyond = 2 * scene.size..;
    group.register(false, beyond.clone().filter(unwatched).take(SAMPLE));
    group.register(true, beyond.filter(in_whole_sector).take(SAMPLE));
    group.update(false, (0..).filter(unwatched).take(SAMPLE));
    let nodes = (0..count).filter(is_met).map(|number| set_up::watched_node(number, scene.size));
    group.update(true, nodes.filter(|node| !in_whole_sector(node)).take(SAMPLE));
}

/// The rows about a directory with watches.
struct Group<'t> {
    table: &'t mut Table,
    directory: Directory,
    watches: usize,
    documents: Documents,
}

impl Group<'_> {
    fn register(&mut self, is_watched: bool, nodes: impl Iterator<Item = usize>) {
        let new = nodes.map(|node| new(node, self.documents)).collect();
        self.change("register", is_watched, new, |directory, (new, text)| {
            directory.register(Instant::ZERO, with_links(new, &text)).expect("within the limits");
        });
    }

    fn update(&mut self, is_watched: bool, nodes: impl Iterator<Item = usize>) {
        let location = |node| self.directory.locate(Some(&fleet::sector(node)), &fleet::endpoint(node));
        let updates = nodes.map(|node| (location(node), fleet::base(50_000_000 + node))).collect();
        self.change("update", is_watched, updates, |directory, (location, base)| {
            let update = Update { base: Some(Base::given(&base).expect("a base")), ..Update::default() };
            directory.update(Instant::ZERO, &location, update).expect("a registration");
        });
    }

    /// Makes changes, and counts the events: one for each that a watch is about, and no other.
    fn change<T>(&mut self, name: &str, is_watched: bool, changes: Vec<T>, mut make: impl FnMut(&mut Directory, T)) {
        let expected = if is_watched { changes.len() } else { 0 };
        let ours = each(changes, |change| make(&mut self.directory, change));
        assert_eq!(core::iter::from_fn(|| self.directory.poll_watch()).count(), expected, "{name}");
        let (concerned, goal) = if is_watched { ("one", 20) } else { ("none", 10) };
        let name = format!("{name} what concerns {concerned} of {} watches", self.watches);
        self.table.add(Row::new(name, ours).of(self.documents).goal(Duration::from_micros(goal)));
    }
}

/// How many changes are made.
const SAMPLE: usize = 900;
