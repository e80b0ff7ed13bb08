use std::any::Any;
use std::collections::VecDeque;
use std::fmt;

use bytes::Bytes;
use waypost_coap::{Datagram, Endpoint, Path, Usage};
use waypost_rest::Service;
use waypost_time::Instant;

use crate::Time;
use crate::clock::Clock;
use crate::held::Held;
use crate::host::Host;
use crate::note::Note;
use crate::random::Random;
use crate::replicas::Position;

/// A service that runs on a machine, and may have something to tell the judge.
///
/// A service that has not needs nothing but the name of the trait.
pub(crate) trait Actor: Service {
    /// Returns the next thing that the judge is to know.
    fn poll_note(&mut self) -> Option<Note> {
        None
    }

    /// Returns how far it has come, if it is a replica.
    fn position(&self) -> Option<Position> {
        None
    }

    /// Returns what it holds of what each endpoint registered at a directory, if it is to be compared with others.
    fn held(&self, now: Instant, of: Host) -> Option<Held> {
        let _ = (now, of);
        None
    }

    /// Returns what a restart with memory leaves, for the next incarnation.
    fn into_memory(self) -> Memory
    where
        Self: Sized,
    {
        None
    }
}

/// What a program knows over a restart.
pub(crate) type Memory = Option<Box<dyn Any>>;

/// What runs on a machine, as the world sees it: datagrams and the time.
pub(crate) trait Program {
    fn handle_datagram(&mut self, now: Instant, path: Path, datagram: &[u8]);
    fn handle_timeout(&mut self, now: Instant);
    fn poll_output(&mut self) -> Option<Datagram>;
    fn poll_timeout(&self) -> Option<Instant>;
    fn poll_note(&mut self, now: Instant) -> Option<Note>;
    fn position(&self) -> Option<Position>;
    fn held(&self, now: Instant, of: Host) -> Option<Held>;
    fn usage(&self) -> Usage;
    fn into_memory(self: Box<Self>) -> Memory;
}

impl<A: Actor> Program for Endpoint<A> {
    fn handle_datagram(&mut self, now: Instant, path: Path, datagram: &[u8]) {
        Self::handle_datagram(self, now, path, datagram);
    }

    fn handle_timeout(&mut self, now: Instant) {
        Self::handle_timeout(self, now);
    }

    fn poll_output(&mut self) -> Option<Datagram> {
        Self::poll_output(self)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        Self::poll_timeout(self)
    }

    fn poll_note(&mut self, now: Instant) -> Option<Note> {
        self.update(now, Actor::poll_note)
    }

    fn position(&self) -> Option<Position> {
        self.service().position()
    }

    fn held(&self, now: Instant, of: Host) -> Option<Held> {
        self.service().held(now, of)
    }

    fn usage(&self) -> Usage {
        Self::usage(self)
    }

    fn into_memory(self: Box<Self>) -> Memory {
        self.into_service().into_memory()
    }
}

/// What a program is told when its machine starts.
#[derive(Debug)]
pub(crate) struct Boot {
    pub(crate) host: Host,
    pub(crate) now: Instant,
    /// What a clock on the wall shows, in milliseconds; more or less right.
    pub(crate) wall: u64,
    /// How often the machine has started before.
    pub(crate) incarnation: u32,
    pub(crate) random: Random,
    pub(crate) memory: Memory,
}

/// Makes the program of a machine at each start.
pub(crate) type Image = Box<dyn Fn(Boot) -> Box<dyn Program>>;

/// A machine in the world.
pub(crate) struct Machine {
    pub(crate) host: Host,
    pub(crate) name: String,
    pub(crate) clock: Clock,
    pub(crate) state: State,
    /// When the program is going to be woken.
    pub(crate) wakes: Option<Time>,
    /// How often it was called at the present time.
    pub(crate) calls: (Time, u32),
    random: Random,
    image: Image,
    incarnation: u32,
    repeats: Option<Repeats>,
    has_steady_clock: bool,
}

/// What a machine is doing.
pub(crate) enum State {
    Runs(Box<dyn Program>),
    Sleeps { program: Box<dyn Program>, since: Time },
    Off { memory: Memory },
}

impl Machine {
    pub(crate) fn new(host: Host, name: String, clock: Clock, random: Random, image: Image) -> Self {
        let state = State::Off { memory: None };
        let calls = (Time::ZERO, 0);
        let (repeats, has_steady_clock) = (None, false);
        Self { host, name, clock, state, wakes: None, calls, random, image, incarnation: 0, repeats, has_steady_clock }
    }

    /// Gives the machine a clock that drifts, and neither jumps nor stands still.
    pub(crate) const fn with_steady_clock(&mut self) {
        self.has_steady_clock = true;
    }

    /// Has the machine send nothing twice.
    pub(crate) fn without_repeats(&mut self) {
        self.repeats = Some(Repeats::default());
    }

    /// Starts the machine, if it is off.
    pub(crate) fn start(&mut self, now: Time) {
        let State::Off { memory } = &mut self.state else { return };
        let memory = memory.take();
        if memory.is_none() {
            self.clock.restart(now);
        }
        let (host, incarnation, mut random) = (self.host, self.incarnation, self.random.fork());
        let wall = WALL + now.as_millis() + random.below(WALL_ERROR);
        let boot = Boot { host, now: self.clock.at(now), wall, incarnation, random, memory };
        self.incarnation += 1;
        self.state = State::Runs((self.image)(boot));
    }

    /// Stops the machine, with or without what it knows.
    pub(crate) fn stop(&mut self, forgets: bool) {
        let state = std::mem::replace(&mut self.state, State::Off { memory: None });
        if let State::Runs(program) | State::Sleeps { program, .. } = state
            && !forgets
        {
            self.state = State::Off { memory: program.into_memory() };
        }
    }

    pub(crate) fn sleep(&mut self, now: Time) {
        self.state = match std::mem::replace(&mut self.state, State::Off { memory: None }) {
            State::Runs(program) => State::Sleeps { program, since: now },
            state => state,
        };
    }

    /// Sets the clock forward or back, by milliseconds; tells whether it can be.
    pub(crate) fn set_clock(&mut self, now: Time, by: i64) -> bool {
        if !self.has_steady_clock {
            self.clock.jump(now, by);
        }
        !self.has_steady_clock
    }

    /// Wakes the machine up, and its clock, if that slept too; tells whether it did.
    pub(crate) fn wake(&mut self, now: Time, does_clock_sleep: bool) -> bool {
        let does_clock_sleep = does_clock_sleep && !self.has_steady_clock;
        self.state = match std::mem::replace(&mut self.state, State::Off { memory: None }) {
            State::Sleeps { program, since } => {
                if does_clock_sleep {
                    self.clock.stand_still(since, now);
                }
                State::Runs(program)
            }
            state => state,
        };
        does_clock_sleep
    }

    pub(crate) fn program(&mut self) -> Option<&mut dyn Program> {
        match &mut self.state {
            State::Runs(program) => Some(&mut **program),
            _ => None,
        }
    }

    /// Returns when the program wants to be woken.
    pub(crate) fn deadline(&self, now: Time) -> Option<Time> {
        match &self.state {
            State::Runs(program) => program.poll_timeout().map(|deadline| self.clock.reaches(now, deadline)),
            _ => None,
        }
    }

    /// Returns how far a replica that runs has come.
    pub(crate) fn position(&self) -> Option<Position> {
        self.running()?.position()
    }

    /// Returns what a directory that runs holds of what was registered at one.
    pub(crate) fn held(&self, now: Time, of: Host) -> Option<Held> {
        self.running()?.held(self.clock.at(now), of)
    }

    fn running(&self) -> Option<&dyn Program> {
        match &self.state {
            State::Runs(program) => Some(&**program),
            _ => None,
        }
    }

    /// Returns the next datagram that the machine sends.
    pub(crate) fn next_datagram(&mut self) -> Option<Datagram> {
        let State::Runs(program) = &mut self.state else { return None };
        loop {
            let datagram = program.poll_output()?;
            if self.repeats.as_mut().is_none_or(|repeats| repeats.is_new(&datagram)) {
                return Some(datagram);
            }
        }
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine").field("host", &self.host).field("name", &self.name).finish_non_exhaustive()
    }
}

/// What clocks on the wall show at the beginning of the world, in milliseconds. It is more than any other clock shows then.
const WALL: u64 = 1 << 41;
/// By how much they differ at most.
const WALL_ERROR: u64 = 120_000;

/// The last datagrams that a machine sent.
#[derive(Debug, Default)]
struct Repeats(VecDeque<(Path, Bytes)>);

impl Repeats {
    fn is_new(&mut self, datagram: &Datagram) -> bool {
        let sent = (datagram.path, datagram.payload.clone());
        if self.0.contains(&sent) {
            return false;
        }
        if self.0.len() >= 32 {
            self.0.pop_front();
        }
        self.0.push_back(sent);
        true
    }
}
