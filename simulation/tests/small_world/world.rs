use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use stateright::{Model, Property};
use waypost_model::{Origin, ReplicaId};

use crate::deed::{Deed, Deeds, Kind};
use crate::known::{Known, Name};
use crate::link::{self, Letter};
use crate::replica::{Replica, base_of, registration};
use crate::rules;
use crate::time::{GUARD_TICKS, Tick, instant};
use crate::variant::Variant;

/// How many replicas there are.
pub(crate) const REPLICAS: usize = 3;
/// More deeds than one life of a replica can see.
const DEEDS: u8 = 7;

/// All that can happen to three replicas and one registration, within bounds.
#[derive(Debug, Default)]
pub(crate) struct SmallWorld {
    pub(crate) bounds: Bounds,
    pub(crate) variant: Option<Variant>,
    /// How often each kind of action was taken.
    pub(crate) tally: [AtomicUsize; Action::KINDS.len()],
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bounds {
    /// Registrations, renewals and removals.
    pub(crate) deeds: usize,
    /// Steps of time.
    pub(crate) ticks: Tick,
    /// Losses of memory.
    pub(crate) crashes: u8,
    /// Answers under way at a time.
    pub(crate) mail: usize,
}

/// How it stands with the replicas and with what is under way between them.
#[derive(Debug, Clone, PartialEq, Hash)]
pub(crate) struct World {
    pub(crate) now: Tick,
    /// How long answers have been under way, all together.
    pub(crate) late: Tick,
    pub(crate) replicas: [Arc<Replica>; REPLICAS],
    pub(crate) mail: Vec<Arc<Letter>>,
    pub(crate) deeds: Deeds,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Register(usize),
    Renew(usize),
    Remove(usize),
    /// A replica loses its memory.
    Crash(usize),
    /// One asks another what is new, and takes the answer.
    Hear {
        to: usize,
        from: usize,
    },
    /// One asks another what is new, and the answer is on its way.
    Ask {
        to: usize,
        from: usize,
    },
    /// An answer comes, and may come again.
    Arrive(usize),
    /// An answer comes no more.
    Vanish(usize),
    Tick,
}

impl Action {
    pub(crate) const KINDS: [&str; 9] =
        ["register", "renew", "remove", "crash", "hear", "ask", "arrive", "vanish", "tick"];

    const fn kind(self) -> usize {
        match self {
            Self::Register(_) => 0,
            Self::Renew(_) => 1,
            Self::Remove(_) => 2,
            Self::Crash(_) => 3,
            Self::Hear { .. } => 4,
            Self::Ask { .. } => 5,
            Self::Arrive(_) => 6,
            Self::Vanish(_) => 7,
            Self::Tick => 8,
        }
    }
}

impl Model for SmallWorld {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let replicas = std::array::from_fn(|host| Arc::new(Replica::new(id(host, 0), 0, 0)));
        vec![World { now: 0, late: 0, replicas, mail: Vec::new(), deeds: Deeds::default() }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        let crashes: u8 = world.replicas.iter().map(|replica| replica.lives).sum();
        for host in 0..REPLICAS {
            if world.deeds.len() < self.bounds.deeds {
                actions.extend([Action::Register(host), Action::Renew(host), Action::Remove(host)]);
            }
            if crashes < self.bounds.crashes && !world.known_at(host).is_empty() {
                actions.push(Action::Crash(host));
            }
            for from in (0..REPLICAS).filter(|from| *from != host) {
                actions.push(Action::Hear { to: host, from });
                if world.mail.len() < self.bounds.mail {
                    actions.push(Action::Ask { to: host, from });
                }
            }
        }
        actions.extend((0..world.mail.len()).flat_map(|at| [Action::Arrive(at), Action::Vanish(at)]));
        // Before anything was told, it makes no difference what time it is.
        if world.now < self.bounds.ticks && !world.deeds.is_empty() {
            actions.push(Action::Tick);
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        let happens = match action {
            Action::Register(host) => next.register(host),
            Action::Renew(host) => next.renew(host),
            Action::Remove(host) => next.remove(host),
            Action::Crash(host) => next.crash(host, self.variant),
            Action::Hear { to, from } => next.hear(to, from, self.variant),
            Action::Ask { to, from } => next.ask(to, from),
            Action::Arrive(at) => next.take(&world.mail[at]),
            Action::Vanish(at) => {
                next.mail.remove(at);
                true
            }
            Action::Tick => next.tick(),
        };
        if happens {
            self.tally[action.kind()].fetch_add(1, Ordering::Relaxed);
        }
        happens.then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        rules::laws().into_iter().chain(rules::troubles(self.bounds)).collect()
    }
}

impl World {
    fn register(&mut self, host: usize) -> bool {
        let (now, name, saw) = (self.now, self.next_name(host), self.known_at(host));
        let directory = &mut Arc::make_mut(&mut self.replicas[host]).directory;
        directory.register(instant(now), registration(name)).expect("there is room");
        self.note(host, name, saw, Kind::Register);
        true
    }

    fn renew(&mut self, host: usize) -> bool {
        let (now, name, saw) = (self.now, self.next_name(host), self.known_at(host));
        let replica = Arc::make_mut(&mut self.replicas[host]);
        let location = replica.location();
        let directory = &mut replica.directory;
        let before = directory.version().clone();
        let is_renewed = directory.renew(instant(now), &location).is_ok();
        let is_write = *directory.version() != before;
        if is_renewed {
            let kind = match replica.record() {
                Some(record) if is_write && record.is_renewal() => Kind::TakeOver,
                _ if is_write => Kind::Revive,
                _ => Kind::Renew,
            };
            self.note(host, name, saw, kind);
        }
        is_renewed
    }

    fn remove(&mut self, host: usize) -> bool {
        let (now, name, saw) = (self.now, self.next_name(host), self.known_at(host));
        let replica = Arc::make_mut(&mut self.replicas[host]);
        let location = replica.location();
        let is_removed = replica.directory.remove(instant(now), &location).is_ok();
        if is_removed {
            self.note(host, name, saw, Kind::Remove);
        }
        is_removed
    }

    fn crash(&mut self, host: usize, variant: Option<Variant>) -> bool {
        let lives = self.replicas[host].lives + 1;
        let id = id(host, if variant == Some(Variant::KeepsItsName) { 0 } else { lives });
        self.replicas[host] = Arc::new(Replica::new(id, lives, self.now));
        // Who has lost its memory waits for no answer.
        self.mail.retain(|letter| letter.to != host);
        true
    }

    fn hear(&mut self, to: usize, from: usize, variant: Option<Variant>) -> bool {
        let before = Arc::clone(&self.replicas[to]);
        let from = Arc::clone(&self.replicas[from]);
        let replica = Arc::make_mut(&mut self.replicas[to]);
        hear(replica, &from, self.now, variant);
        replica.look(self.now);
        self.replicas[to] != before
    }

    fn ask(&mut self, to: usize, from: usize) -> bool {
        let letter = Letter::new((to, &self.replicas[to]), &self.replicas[from], self.now);
        let Some(letter) = letter else { return false };
        let mut heard = Replica::clone(&self.replicas[to]);
        letter.take(&mut heard, self.now);
        let is_news = heard != *self.replicas[to];
        self.mail.push(Arc::new(letter));
        is_news
    }

    fn take(&mut self, letter: &Letter) -> bool {
        let before = Arc::clone(&self.replicas[letter.to]);
        letter.take(Arc::make_mut(&mut self.replicas[letter.to]), self.now);
        self.replicas[letter.to] != before
    }

    fn tick(&mut self) -> bool {
        self.now += 1;
        if self.late < GUARD_TICKS && !self.mail.is_empty() {
            self.late += 1;
        } else {
            self.mail.clear();
        }
        for replica in &mut self.replicas {
            Arc::make_mut(replica).expire(self.now);
        }
        true
    }

    /// Lets all replicas hear of all that any of them knows.
    pub(crate) fn exchange(&self, variant: Option<Variant>) -> Self {
        let mut world = self.clone();
        // Once to hear of everything, and once to mend what is missing then.
        for (to, from) in pairs().chain(pairs()) {
            let from = Arc::clone(&world.replicas[from]);
            hear(Arc::make_mut(&mut world.replicas[to]), &from, world.now, variant);
        }
        world
    }

    /// Returns all deeds that a replica has heard of.
    pub(crate) fn known(&self) -> Known {
        self.replicas.iter().fold(Known::default(), |all, replica| all.with(self.deeds.known_at(replica)))
    }

    pub(crate) fn known_at(&self, host: usize) -> Known {
        self.deeds.known_at(&self.replicas[host])
    }

    /// Notes what a replica was just told.
    fn note(&mut self, host: usize, name: Name, saw: Known, kind: Kind) {
        let now = self.now;
        let replica = Arc::make_mut(&mut self.replicas[host]);
        let id = replica.directory.config().replica;
        let record = replica.record();
        let dot = match &record {
            Some(record) => record.dot(),
            None => waypost_model::Dot::new(id, replica.directory.version().sequence(id)),
        };
        let shows = record.map(|record| (record.base.stamp, base_of(&record)));
        let renewal =
            if kind == Kind::Renew { replica.directory.heard(&Origin::Local).sequence(dot.replica) } else { 0 };
        let deed = Deed { kind, at: now, saw, dot, renewal, shows };
        replica.told += 1;
        replica.look(now);
        self.deeds.add(name, deed);
    }

    fn next_name(&self, host: usize) -> Name {
        let replica = &self.replicas[host];
        (replica.lives * REPLICAS as u8 + host as u8) * DEEDS + replica.told
    }
}

/// Lets one replica hear of all that another knows.
fn hear(to: &mut Replica, from: &Replica, now: Tick, variant: Option<Variant>) {
    match variant {
        None | Some(Variant::KeepsItsName) => link::hear(to, from, now),
        Some(variant) => variant.hear(to, from, now),
    }
}

/// Returns all pairs of replicas.
pub(crate) fn pairs() -> impl Iterator<Item = (usize, usize)> {
    (0..REPLICAS).flat_map(|to| (0..REPLICAS).filter(move |from| *from != to).map(move |from| (to, from)))
}

fn id(host: usize, lives: u8) -> ReplicaId {
    ReplicaId(u64::from(lives) * REPLICAS as u64 + host as u64 + 1)
}
