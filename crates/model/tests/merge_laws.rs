//! The laws of the merge rule, over random histories of several replicas and every order of delivery.

extern crate alloc;

use alloc::collections::{BTreeMap, BTreeSet};
use core::cell::Cell;
use core::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use waypost_link_format::LinkDocumentBuf;
use waypost_model::{
    Attributes, Base, Change, Clock, Credentials, Dot, EndpointName, Lifetime, Merged, Registration, ReplicaId, Stamp,
    State, Update,
};

const REPLICAS: usize = 3;
const ATTRIBUTES: [&str; 2] = ["et", "room"];
const HORIZON: Duration = Duration::from_secs(90_000);

/// What a write can set; the bits of a mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Field {
    Base,
    Lifetime,
    Links,
    Attribute(usize),
}

const FIELDS: [Field; 5] = [Field::Base, Field::Lifetime, Field::Links, Field::Attribute(0), Field::Attribute(1)];

#[derive(Debug, Clone)]
enum Step {
    Register {
        at: usize,
        named: u8,
        credentials: u8,
    },
    Update {
        at: usize,
        fields: u8,
    },
    Remove {
        at: usize,
    },
    Renew {
        at: usize,
    },
    /// Everything that one replica knows goes to another.
    Join {
        from: usize,
        to: usize,
    },
    /// One change goes to a replica, out of order.
    Deliver {
        change: prop::sample::Index,
        to: usize,
    },
    /// The clock of a replica moves, forwards or back.
    Wait {
        at: usize,
        millis: i64,
    },
}

fn steps(credentials: u8) -> impl Strategy<Value = Vec<Step>> {
    let at = 0..REPLICAS;
    let step = prop_oneof![
        3 => (at.clone(), 0..4_u8, 0..credentials)
            .prop_map(|(at, named, credentials)| Step::Register { at, named, credentials }),
        4 => (at.clone(), 0..32_u8).prop_map(|(at, fields)| Step::Update { at, fields }),
        3 => at.clone().prop_map(|at| Step::Update { at, fields: 0 }),
        2 => at.clone().prop_map(|at| Step::Remove { at }),
        1 => at.clone().prop_map(|at| Step::Renew { at }),
        3 => (at.clone(), at.clone()).prop_map(|(from, to)| Step::Join { from, to }),
        3 => (any::<prop::sample::Index>(), at.clone()).prop_map(|(change, to)| Step::Deliver { change, to }),
        2 => (at, -50..50_i64).prop_map(|(at, millis)| Step::Wait { at, millis }),
    ];
    prop::collection::vec(step, 1..24)
}

/// One write, as the test knows it without looking into states.
#[derive(Debug, Clone)]
struct Written {
    stamp: Stamp,
    saw: BTreeSet<Dot>,
    /// The fields that it set, none for a renewal; `None` for a removal.
    set: Option<BTreeSet<Field>>,
}

#[derive(Debug, Clone)]
struct Replica {
    state: State,
    clock: Clock,
    millis: i64,
    sequence: u64,
    saw: BTreeSet<Dot>,
}

#[derive(Debug, Clone)]
struct World {
    replicas: Vec<Replica>,
    written: BTreeMap<Dot, Written>,
    /// Puts and removals.
    changes: Vec<Change>,
    renewals: Vec<Change>,
}

impl World {
    fn play(steps: &[Step]) -> Self {
        let replica =
            Replica { state: State::new(), clock: Clock::new(), millis: 1_000, sequence: 0, saw: BTreeSet::new() };
        let mut world = Self {
            replicas: vec![replica; REPLICAS],
            written: BTreeMap::new(),
            changes: Vec::new(),
            renewals: Vec::new(),
        };
        steps.iter().for_each(|step| world.step(step));
        world
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Register { at, named, credentials } => {
                let mut registration = registration(self.changes.len());
                registration.credentials = match credentials {
                    0 => Credentials::default(),
                    other => Credentials::new([vec![other]]),
                };
                for (bit, name) in ATTRIBUTES.iter().enumerate().filter(|(bit, _)| named & 1 << bit != 0) {
                    registration.attributes.push(name, Some(&format!("{}-{bit}", self.changes.len()))).unwrap();
                }
                let stamp = self.stamp(at);
                let record = self.replicas[at].state.register(registration, stamp).clone();
                self.wrote(at, record.stamp(), Some(FIELDS.into()));
                self.changes.push(Change::Put { record: Box::new(record), age: Duration::ZERO });
            }
            Step::Update { at, fields } => {
                if !self.replicas[at].state.is_alive() {
                    return;
                }
                let set: BTreeSet<Field> =
                    FIELDS.into_iter().enumerate().filter(|(bit, _)| fields & 1 << bit != 0).map(|(_, f)| f).collect();
                let stamp = self.stamp(at);
                let update = update(self.changes.len(), &set);
                let record = self.replicas[at].state.update(update, stamp).unwrap().clone();
                self.wrote(at, record.stamp(), Some(set));
                self.changes.push(Change::Put { record: Box::new(record), age: Duration::ZERO });
            }
            Step::Remove { at } => {
                if !self.replicas[at].state.is_alive() {
                    return;
                }
                let stamp = self.stamp(at);
                let removal = self.replicas[at].state.remove(stamp, HORIZON).unwrap().clone();
                self.wrote(at, removal.stamp, None);
                self.changes.push(Change::Remove(removal));
            }
            Step::Renew { at } => {
                let owner = ReplicaId(at as u64);
                if let Some(renewal) = self.replicas[at].state.renew(owner, Duration::ZERO) {
                    self.renewals.push(Change::Renew(renewal));
                }
            }
            Step::Join { from, to } => {
                let Replica { state, saw, clock, .. } = self.replicas[from].clone();
                let replica = &mut self.replicas[to];
                replica.state.join(&state);
                replica.saw.extend(saw);
                replica.clock.observe(1_000_000, clock.latest()).unwrap();
            }
            Step::Deliver { change, to } => {
                if self.changes.is_empty() {
                    return;
                }
                let change = change.get(&self.changes).clone();
                let written = &self.written[&change.dot()];
                let replica = &mut self.replicas[to];
                replica.saw.insert(change.dot());
                replica.saw.extend(&written.saw);
                replica.clock.observe(1_000_000, change.latest().unwrap()).unwrap();
                replica.state.merge(change);
            }
            Step::Wait { at, millis } => self.replicas[at].millis += millis,
        }
    }

    fn stamp(&mut self, at: usize) -> Stamp {
        let replica = &mut self.replicas[at];
        replica.sequence += 1;
        let dot = Dot::new(ReplicaId(at as u64), replica.sequence);
        replica.clock.stamp(replica.millis.max(0) as u64, dot)
    }

    fn wrote(&mut self, at: usize, stamp: Stamp, set: Option<BTreeSet<Field>>) {
        let replica = &mut self.replicas[at];
        for dot in &replica.saw {
            assert!(self.written[dot].stamp < stamp, "a write is later than what it saw");
        }
        self.written.insert(stamp.dot, Written { stamp, saw: replica.saw.clone(), set });
        replica.saw.insert(stamp.dot);
    }

    /// What every replica comes to when all has been exchanged.
    fn joined(&self) -> State {
        let mut joined = State::new();
        self.replicas.iter().for_each(|replica| {
            joined.join(&replica.state);
        });
        joined
    }

    fn puts(&self) -> impl Iterator<Item = &Written> {
        self.written.values().filter(|written| written.set.is_some())
    }

    fn removals(&self) -> impl Iterator<Item = &Written> {
        self.written.values().filter(|written| written.set.is_none())
    }

    fn is_removed(&self, dot: Dot) -> bool {
        self.removals().any(|removal| removal.saw.contains(&dot))
    }

    /// Everything that a write says, or knows to have been said.
    fn says<'w>(&'w self, written: &'w Written) -> impl Iterator<Item = &'w Dot> {
        let all = written.saw.iter().chain([&written.stamp.dot]);
        all.filter(|dot| self.written[*dot].set.as_ref().is_none_or(|set| !set.is_empty()))
    }

    /// Whether somebody wrote something that no removal took away as a whole.
    fn survives(&self) -> bool {
        let takes = |removal: &Written, put| self.says(put).all(|dot| removal.saw.contains(dot));
        self.puts().any(|put| !self.removals().any(|removal| takes(removal, put)))
    }

    fn are_concurrent(one: &Written, other: &Written) -> bool {
        one.stamp != other.stamp && !one.saw.contains(&other.stamp.dot) && !other.saw.contains(&one.stamp.dot)
    }

    /// The first acknowledged field that a final registration has lost: neither there, nor overwritten by a write that
    /// saw it, nor by one that won the tie.
    fn lost(&self, state: &State) -> Option<(Dot, Field)> {
        let record = state.record();
        for put in self.puts().filter(|put| !self.is_removed(put.stamp.dot)) {
            for field in put.set.iter().flatten() {
                let writer = record.as_ref().map(|record| match field {
                    Field::Base => record.base.stamp,
                    Field::Lifetime => record.lifetime.stamp,
                    Field::Links => record.links.stamp,
                    Field::Attribute(at) => {
                        record.attributes.get(ATTRIBUTES[*at]).map_or(record.replaced, |register| register.stamp)
                    }
                });
                let kept = writer.is_some_and(|writer| writer >= put.stamp);
                if !kept {
                    return Some((put.stamp.dot, *field));
                }
            }
        }
        None
    }
}

fn registration(id: usize) -> Registration {
    let endpoint = EndpointName::new("node1").unwrap();
    let links = LinkDocumentBuf::parse(format!("</{id}>")).unwrap();
    let mut registration = Registration::new(endpoint, base(id), links);
    registration.lifetime = Lifetime::from_secs(1 + id as u32).unwrap();
    registration
}

fn base(id: usize) -> Base {
    Base::given(&format!("coap://host-{id}.example")).unwrap()
}

fn update(id: usize, set: &BTreeSet<Field>) -> Update {
    let whole = registration(id);
    let mut attributes = Attributes::default();
    for (at, name) in ATTRIBUTES.iter().enumerate().filter(|(at, _)| set.contains(&Field::Attribute(*at))) {
        attributes.push(name, Some(&format!("{id}-{at}"))).unwrap();
    }
    Update {
        base: set.contains(&Field::Base).then_some(whole.base),
        zone: None,
        lifetime: set.contains(&Field::Lifetime).then_some(whole.lifetime),
        attributes,
        links: set.contains(&Field::Links).then_some(whole.links),
    }
}

fn join(one: &State, other: &State) -> State {
    let mut joined = one.clone();
    joined.join(other);
    joined
}

proptest! {
    #![proptest_config(Config::with_cases(1024))]

    #[test]
    fn join_is_commutative_associative_and_idempotent(steps in steps(3)) {
        let world = World::play(&steps);
        let [a, b, c] = [0, 1, 2].map(|at| &world.replicas[at].state);
        prop_assert_eq!(join(a, b), join(b, a));
        prop_assert_eq!(join(&join(a, b), c), join(a, &join(b, c)));
        prop_assert_eq!(&join(a, a), a);
        prop_assert_eq!(&join(a, &State::new()), a);
        let all = world.joined();
        prop_assert_eq!(&join(&all, a), &all);
    }

    #[test]
    fn a_change_is_the_smallest_state_that_holds_it(steps in steps(3)) {
        let world = World::play(&steps);
        for change in &world.changes {
            let delta = match change.clone() {
                Change::Put { record, .. } => State::from(*record),
                Change::Remove(removal) => State::from(removal),
                Change::Renew(_) => unreachable!(),
            };
            for replica in &world.replicas {
                let mut merged = replica.state.clone();
                merged.merge(change.clone());
                prop_assert_eq!(merged, join(&replica.state, &delta));
            }
        }
    }

    #[test]
    fn replicas_converge_in_whatever_order_and_however_often_changes_come(
        (changes, renewals, joined) in steps(3).prop_map(|steps| {
            let world = World::play(&steps);
            let joined = world.joined();
            (world.changes, world.renewals, joined)
        }).prop_flat_map(|(changes, renewals, joined)| {
            let twice = [changes.clone(), changes].concat();
            (Just(twice).prop_shuffle(), Just(renewals).prop_shuffle(), Just(joined))
        })
    ) {
        let mut state = State::new();
        for change in changes {
            state.merge(change);
        }
        for renewal in renewals {
            state.merge(renewal);
        }
        prop_assert_eq!(state.conflict(), joined.conflict());
        prop_assert_eq!(state, joined);
    }

    #[test]
    fn merging_again_changes_nothing(steps in steps(3)) {
        let world = World::play(&steps);
        let mut joined = world.joined();
        for change in world.changes.iter().chain(&world.renewals) {
            prop_assert_eq!(joined.merge(change.clone()), Merged::Unchanged);
        }
    }

    #[test]
    fn no_acknowledged_field_is_lost(steps in steps(1)) {
        let world = World::play(&steps);
        prop_assert_eq!(world.lost(&world.joined()), None);
    }

    #[test]
    fn a_registration_is_there_exactly_when_no_removal_saw_all_that_a_put_says(steps in steps(3)) {
        let world = World::play(&steps);
        prop_assert_eq!(world.joined().is_alive(), world.survives());
    }

    #[test]
    fn renewals_neither_lose_nor_revive_anything(steps in steps(1)) {
        let world = World::play(&steps);
        let is_renewal = |change: &&Change| matches!(change, Change::Put { record, .. } if record.is_renewal());
        // A removal must have come to what it removes by itself, so that what only a renewal leads to is left out.
        let mut state = State::new();
        for change in world.changes.iter().filter(|change| !is_renewal(change)) {
            state.merge(change.clone());
        }
        let joined = world.joined();
        prop_assert!(joined.is_alive() || !state.is_alive());
        let fields = |state: &State| state.record().map(|record| {
            let record = record.into_owned();
            (record.base, record.lifetime, record.links, record.attributes, record.credentials, record.first)
        });
        if state.is_alive() && world.removals().next().is_none() {
            prop_assert_eq!(fields(&joined), fields(&state));
        }
    }

    #[test]
    fn no_write_in_a_state_has_seen_another(steps in steps(3)) {
        let world = World::play(&steps);
        for replica in &world.replicas {
            let records: Vec<_> = replica.state.records().collect();
            for (at, record) in records.iter().enumerate() {
                for other in &records[at + 1..] {
                    prop_assert!(record.is_concurrent_with(other));
                }
            }
            prop_assert!(replica.state.len() <= REPLICAS);
        }
    }

    #[test]
    fn the_first_credentials_win_at_every_replica(steps in steps(3)) {
        let joined = World::play(&steps).joined();
        let Some(record) = joined.record() else { return Ok(()) };
        let first = joined.records().min_by_key(|record| record.first).unwrap();
        prop_assert_eq!(&record.credentials, &first.credentials);
        let others = joined.records().filter(|other| other.credentials != record.credentials).count();
        prop_assert_eq!(joined.conflict().is_some(), others > 0);
        for other in joined.records().filter(|other| other.credentials != record.credentials) {
            for stamp in [record.base.stamp, record.lifetime.stamp, record.links.stamp] {
                // What both saw may be shown; what the other wrote may not.
                prop_assert!(stamp != other.written);
            }
        }
    }
}

/// Plays the same random histories each time.
fn histories(credentials: u8, mut each: impl FnMut(World)) {
    let mut runner = TestRunner::deterministic();
    let strategy = steps(credentials);
    for _ in 0..1024 {
        let steps = strategy.new_tree(&mut runner).unwrap().current();
        each(World::play(&steps));
    }
}

#[test]
fn the_histories_hold_what_the_laws_are_about() {
    let [updates, revived, removed, conflicts, renewed, ties, vain] = [const { Cell::new(0_u32) }; 7];
    let count = |counter: &Cell<u32>, holds: bool| counter.set(counter.get() + u32::from(holds));
    histories(3, |world| {
        let joined = world.joined();
        let pairs = || world.puts().flat_map(|one| world.puts().map(move |other| (one, other)));
        count(&updates, pairs().any(|(one, other)| World::are_concurrent(one, other)));
        count(&ties, pairs().any(|(one, other)| one.stamp < other.stamp && one.stamp.time == other.stamp.time));
        count(
            &revived,
            joined.is_alive()
                && world.removals().any(|removal| world.puts().any(|put| World::are_concurrent(removal, put))),
        );
        count(&removed, !joined.is_alive() && world.removals().next().is_some());
        count(&conflicts, joined.conflict().is_some());
        let unseen = |put: &Written| {
            put.set.iter().any(BTreeSet::is_empty)
                && world.removals().any(|removal| World::are_concurrent(removal, put))
        };
        count(&vain, !joined.is_alive() && world.puts().any(unseen));
        count(&renewed, joined.records().any(|record| record.renewals > 0));
    });
    for (counter, what) in [
        (&updates, "puts that did not see each other"),
        (&ties, "equal clocks"),
        (&revived, "puts that did not see a removal"),
        (&removed, "removals that stay"),
        (&conflicts, "conflicts of credentials"),
        (&renewed, "renewals"),
        (&vain, "renewals that did not see a removal and do not undo it"),
    ] {
        assert!(counter.get() >= 20, "{what}: only {} of 1024 histories", counter.get());
    }
}

#[test]
fn a_rule_that_keeps_the_newest_record_whole_would_be_caught() {
    let mut caught = 0;
    histories(1, |world| {
        let joined = world.joined();
        let Some(newest) = joined.records().max_by_key(|record| record.written) else { return };
        caught += u32::from(world.lost(&State::from(newest.clone())).is_some());
    });
    assert!(caught > 0);
}

#[test]
fn a_rule_by_which_the_later_of_put_and_removal_wins_would_be_caught() {
    let mut caught = 0;
    histories(1, |world| {
        let joined = world.joined();
        let put = joined.records().map(|record| record.written).max();
        let removal = joined.removals().map(|removal| removal.stamp).max();
        caught += u32::from((put > removal) != world.survives());
    });
    assert!(caught > 0);
}

#[test]
fn a_rule_by_which_a_renewal_says_something_of_its_own_would_be_caught() {
    let mut caught = 0;
    histories(1, |world| {
        let survives = world.puts().any(|put| !world.is_removed(put.stamp.dot));
        caught += u32::from(world.joined().is_alive() != survives);
    });
    assert!(caught > 0);
}

#[test]
fn a_rule_that_forgets_removals_at_once_would_be_caught() {
    let mut caught = 0;
    histories(1, |world| {
        let mut state = State::new();
        for change in world.changes.iter().rev() {
            state.merge(change.clone());
            let removals: Vec<Dot> = state.removals().map(|removal| removal.stamp.dot).collect();
            removals.into_iter().for_each(|dot| assert!(state.forget(dot)));
        }
        caught += u32::from(state.is_alive() != world.survives());
    });
    assert!(caught > 0);
}
