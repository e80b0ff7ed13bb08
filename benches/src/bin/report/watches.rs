use core::time::Duration;

use waypost::directory::WatchChange;
use waypost::{Base, Directory, Instant, Update};
use waypost_benches::fleet::{self, Documents};
use waypost_benches::watches::{self as set_up, Concern};

use crate::changes::{new, with_links};
use crate::measure::each;
use crate::scene::Scene;
use crate::table::{Row, Table};

/// Changes what no watch is about, and what one watch is about, while many watches wait.
pub(crate) fn watches(table: &mut Table, scene: &Scene) {
    let count = (scene.size / 10).min(100_000);
    let mut directory = scene.directory.clone();
    set_up::add(&mut directory, count, scene.size);
    let mut group = Group { table, directory, size: scene.size, watches: count, documents: scene.documents };
    group.register(Concern::None);
    group.register(Concern::Sector);
    group.update(Concern::None);
    group.update(Concern::One);
}

/// The rows about a directory with watches.
struct Group<'t> {
    table: &'t mut Table,
    directory: Directory,
    size: usize,
    watches: usize,
    documents: Documents,
}

impl Group<'_> {
    /// Registers new endpoints, which nobody watches but for who watches their sector.
    fn register(&mut self, concern: Concern) {
        let nodes = concern.nodes(4 * self.size).skip_while(|node| *node < 2 * self.size);
        let new = nodes.map(|node| new(node, self.documents)).take(SAMPLE).collect();
        self.change("register", concern, new, |directory, (new, text)| {
            directory.register(Instant::ZERO, with_links(new, &text)).expect("within the limits");
        });
    }

    fn update(&mut self, concern: Concern) {
        let location = |node| self.directory.locate(Some(&fleet::sector(node)), &fleet::endpoint(node));
        let updates = concern.nodes(self.size).map(|node| (location(node), fleet::base(50_000_000 + node)));
        self.change("update", concern, updates.take(SAMPLE).collect(), |directory, (location, base)| {
            let update = Update { base: Some(Base::given(&base).expect("a base")), ..Update::default() };
            directory.update(Instant::ZERO, &location, update).expect("a registration");
        });
    }

    /// Makes changes, and counts the events.
    fn change<T>(&mut self, name: &str, concern: Concern, changes: Vec<T>, mut make: impl FnMut(&mut Directory, T)) {
        let count = changes.len();
        let ours = each(changes, |change| make(&mut self.directory, change));
        let events: Vec<_> = core::iter::from_fn(|| self.directory.poll_watch()).collect();
        let (concerned, goal, expected) = match concern {
            Concern::None => ("none", 10, 0..=0),
            // Some nodes meet all criteria but one of the watch that is about them.
            Concern::One => ("one", 20, count / 2..=count),
            Concern::Sector => ("one", 20, count..=count),
        };
        // A watch that is told to look again was not told enough.
        let is_told = events.iter().all(|event| event.what != WatchChange::Missed);
        assert!(!is_told || expected.contains(&events.len()), "{name}: {} events of {count} changes", events.len());
        let name = format!("{name} what concerns {concerned} of {} watches", self.watches);
        let row = Row::new(name, ours).of(self.documents).goal(Duration::from_micros(goal));
        self.table.add(if is_told { row } else { row.incomplete() });
    }
}

/// How many changes are made.
const SAMPLE: usize = 900;
