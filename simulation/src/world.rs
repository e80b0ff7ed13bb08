use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use waypost_coap::{Datagram, Path};

use crate::clock::Clock;
use crate::host::{DIRECTORIES, Host};
use crate::machine::{Image, Machine, State};
use crate::model::{Model, Present};
use crate::network::{Network, Partition, Weather};
use crate::random::Random;
use crate::schedule::{Fault, schedule};
use crate::trace::{Told, Trace};
use crate::{Finding, Happening, Outcome, Rule, Tally, Time};

/// Machines, what is between them, and the true time.
pub(crate) struct World {
    now: Time,
    /// What is going to happen, in its order.
    events: BTreeMap<(Time, u64), Event>,
    /// How many events there have been.
    serial: u64,
    machines: Vec<Machine>,
    /// Those that hear what is sent to all directories.
    directories: Vec<Host>,
    network: Network,
    random: Random,
    trace: Trace,
    pub(crate) model: Model,
    tally: Tally,
    /// The shortest lifetime in the world.
    pub(crate) shortest_lifetime: Duration,
}

enum Event {
    Arrival { from: Host, to: Host, is_multicast: bool, payload: Bytes },
    Wake(Host),
    Fault(Fault),
}

impl World {
    pub(crate) fn new(random: &mut Random, trace: Trace) -> Self {
        Self {
            now: Time::ZERO,
            events: BTreeMap::new(),
            serial: 0,
            machines: Vec::new(),
            directories: Vec::new(),
            network: Network::new(random.fork()),
            random: random.fork(),
            trace,
            model: Model::default(),
            tally: Tally::default(),
            shortest_lifetime: Duration::MAX,
        }
    }

    /// Adds a machine, which starts when the world begins.
    pub(crate) fn join(&mut self, name: &str, image: Image) -> Host {
        let host = Host::nth(self.machines.len());
        let random = &mut self.random;
        let drift = random.below(2 * DRIFT + 1) as i64 - DRIFT as i64;
        let clock = Clock::new(self.now, random.below(1 << 40), drift);
        self.machines.push(Machine::new(host, format!("{name}{}", host.index()), clock, random.fork(), image));
        host
    }

    /// Has a machine hear what is sent to all directories.
    pub(crate) fn join_directories(&mut self, host: Host) {
        self.directories.push(host);
    }

    /// Returns how many machines have joined.
    pub(crate) fn count(&self) -> usize {
        self.machines.len()
    }

    pub(crate) fn machine(&mut self, host: Host) -> &mut Machine {
        &mut self.machines[host.index()]
    }

    pub(crate) fn machines_mut(&mut self) -> impl Iterator<Item = &mut Machine> {
        self.machines.iter_mut()
    }

    /// Lets time pass, until something is found or the span is over.
    pub(crate) fn run(mut self, span: Duration) -> Outcome {
        let end = Time::ZERO + span;
        let hosts: Vec<_> = self.machines.iter().map(|machine| machine.host).collect();
        for (at, fault) in schedule(&mut self.random, &hosts, &self.directories, span) {
            self.plan(at, Event::Fault(fault));
        }
        let finding = self.begin(&hosts).and_then(|()| self.run_until(end)).err();
        self.tally.simulated = self.now.since(Time::ZERO);
        let digest = self.trace.digest();
        Outcome { tally: self.tally, digest, finding, lines: self.trace.into_lines() }
    }

    fn begin(&mut self, hosts: &[Host]) -> Result<(), Finding> {
        self.model.set_fair(self.now, true);
        hosts.iter().try_for_each(|&host| self.start(host))
    }

    fn run_until(&mut self, end: Time) -> Result<(), Finding> {
        while let Some(entry) = self.events.first_entry() {
            let (at, _) = *entry.key();
            if at > end {
                break;
            }
            self.now = at;
            match entry.remove() {
                Event::Arrival { from, to, is_multicast, payload } => self.arrive(from, to, is_multicast, &payload)?,
                Event::Wake(host) => self.wake(host)?,
                Event::Fault(fault) => self.strike(fault)?,
            }
        }
        self.now = end;
        Ok(())
    }

    fn plan(&mut self, at: Time, event: Event) {
        self.serial += 1;
        self.events.insert((at, self.serial), event);
    }

    fn arrive(&mut self, from: Host, to: Host, is_multicast: bool, payload: &Bytes) -> Result<(), Finding> {
        let machine = &mut self.machines[to.index()];
        let now = machine.clock.at(self.now);
        let path = match is_multicast {
            true => Path::multicast(to.address(), from.address()),
            false => Path::new(to.address(), from.address()),
        };
        match machine.program() {
            Some(program) => program.handle_datagram(now, path, payload),
            None => {
                self.tally.add(Happening::Unheard);
                return Ok(());
            }
        }
        self.tally.add(Happening::Delivered);
        self.trace.add(self.now, (from, to, payload), || told(&self.machines, from, "->", to, payload));
        self.settle(to)
    }

    fn wake(&mut self, host: Host) -> Result<(), Finding> {
        let machine = &mut self.machines[host.index()];
        if machine.wakes != Some(self.now) {
            return Ok(());
        }
        machine.wakes = None;
        let now = machine.clock.at(self.now);
        if let Some(program) = machine.program() {
            program.handle_timeout(now);
        }
        self.settle(host)
    }

    fn start(&mut self, host: Host) -> Result<(), Finding> {
        let machine = &mut self.machines[host.index()];
        machine.start(self.now);
        let now = machine.clock.at(self.now);
        if let Some(program) = machine.program() {
            program.handle_timeout(now);
        }
        self.settle(host)
    }

    /// Carries what a machine has to say, after it was called.
    fn settle(&mut self, host: Host) -> Result<(), Finding> {
        loop {
            while let Some(datagram) = self.machines[host.index()].next_datagram() {
                self.send(host, datagram);
            }
            let machine = &mut self.machines[host.index()];
            let now = machine.clock.at(self.now);
            let Some(note) = machine.program().and_then(|program| program.poll_note(now)) else { break };
            self.trace.add(self.now, (host, &note), || format!("{}: {note:?}", machine.name));
            let mut present = Present { now: self.now, machines: &self.machines, tally: &mut self.tally };
            self.model.take(&mut present, host, note)?;
        }
        if let Some(position) = self.machines[host.index()].position() {
            self.model.moved(self.now, host, position);
        }
        self.rests(host)?;
        self.plan_wake(host);
        Ok(())
    }

    fn plan_wake(&mut self, host: Host) {
        let machine = &mut self.machines[host.index()];
        let deadline = machine.deadline(self.now);
        if machine.wakes != deadline {
            machine.wakes = deadline;
            if let Some(deadline) = deadline {
                self.plan(deadline, Event::Wake(host));
            }
        }
    }

    fn send(&mut self, from: Host, datagram: Datagram) {
        let Datagram { path, payload, .. } = datagram;
        let is_multicast = path.remote.ip().is_multicast();
        let receivers = match Host::at(path.remote) {
            Some(to) => vec![to],
            None if DIRECTORIES.contains(&path.remote.ip().to_string()) => self.directories.clone(),
            None => Vec::new(),
        };
        let most = self.machines.len();
        for to in receivers.into_iter().filter(|to| *to != from && to.index() < most) {
            self.model.sent(self.now, from, to);
            let arrivals = self.network.carry(self.now, from, to, payload.len(), &mut self.tally);
            if arrivals == [None; 2] {
                self.trace.add(self.now, (from, to), || told(&self.machines, from, "-|", to, &payload));
            }
            for at in arrivals.into_iter().flatten() {
                self.plan(at, Event::Arrival { from, to, is_multicast, payload: payload.clone() });
            }
        }
    }

    /// Tells whether a machine comes to rest, and holds no more than it may.
    fn rests(&mut self, host: Host) -> Result<(), Finding> {
        let most_peers = self.machines.len();
        let machine = &mut self.machines[host.index()];
        machine.calls = match machine.calls {
            (at, calls) if at == self.now => (at, calls + 1),
            _ => (self.now, 1),
        };
        let is_restless = machine.calls.1 > MOST_CALLS;
        let Some(usage) = machine.program().map(|program| program.usage()) else { return Ok(()) };
        let bytes = usage.remembered_bytes + usage.upload_bytes + usage.download_bytes;
        let is_greedy =
            usage.peers > most_peers || bytes > MOST_BYTES || usage.exchanges + usage.requests > MOST_EXCHANGES;
        let (rule, what) = match (is_restless, is_greedy) {
            (false, false) => return Ok(()),
            (true, _) => (Rule::Restless, format!("{} was called {MOST_CALLS} times at once", machine.name)),
            (_, true) => (Rule::Greedy, format!("{}: {usage:?}", machine.name)),
        };
        Err(Finding { at: self.now, rule, what })
    }

    fn strike(&mut self, fault: Fault) -> Result<(), Finding> {
        self.trace.add(self.now, format!("{fault:?}"), || format!("** {fault:?}"));
        match fault {
            Fault::Storm(weather) => {
                self.model.set_fair(self.now, false);
                self.network.set_weather(weather);
            }
            Fault::Calm => {
                self.model.set_fair(self.now, true);
                self.network.set_weather(Weather::fair());
            }
            Fault::Check => {
                let mut present = Present { now: self.now, machines: &self.machines, tally: &mut self.tally };
                return self.model.check(&mut present);
            }
            Fault::Part { partition, lasts } => self.part(partition, lasts),
            Fault::Heal(partition) => self.network.heal(partition),
            Fault::Jump(host, by) => {
                if self.machines[host.index()].set_clock(self.now, by) {
                    self.tally.add(if by < 0 { Happening::JumpBack } else { Happening::JumpForward });
                    self.plan_wake(host);
                }
            }
            Fault::Sleep(host) => self.machines[host.index()].sleep(self.now),
            Fault::Wake { host, does_clock_sleep } => self.rouse(host, does_clock_sleep),
            Fault::Stop { host, forgets } => self.stop(host, forgets),
            Fault::Start(host) => return self.start(host),
        }
        Ok(())
    }

    fn part(&mut self, partition: Partition, lasts: Duration) {
        self.tally.add(if partition.is_one_way { Happening::OneWay } else { Happening::Partition });
        if lasts > self.shortest_lifetime {
            self.tally.add(Happening::LongPartition);
        }
        self.network.part(partition);
    }

    fn rouse(&mut self, host: Host, does_clock_sleep: bool) {
        let machine = &mut self.machines[host.index()];
        if let State::Sleeps { since, .. } = machine.state {
            self.model.slept(host, since, self.now);
            let did_clock_sleep = machine.wake(self.now, does_clock_sleep);
            self.tally.add(if did_clock_sleep { Happening::Standstill } else { Happening::Sleep });
            self.plan_wake(host);
        }
    }

    fn stop(&mut self, host: Host, forgets: bool) {
        let machine = &mut self.machines[host.index()];
        machine.stop(forgets);
        let forgets = matches!(machine.state, State::Off { memory: None });
        self.tally.add(if forgets { Happening::Amnesia } else { Happening::Restart });
        self.model.stopped(self.now, host, forgets);
    }
}

fn told(machines: &[Machine], from: Host, way: &str, to: Host, payload: &[u8]) -> String {
    format!("{} {way} {}  {}", machines[from.index()].name, machines[to.index()].name, Told(payload))
}

/// Milliseconds that a clock gains or loses at most in a million.
const DRIFT: u64 = 200;
/// Calls at one point in time after which a machine does not come to rest.
const MOST_CALLS: u32 = 10_000;
/// Bytes that the exchanges of a world of this size can need.
const MOST_BYTES: usize = 1 << 20;
/// Exchanges that a world of this size can need.
const MOST_EXCHANGES: usize = 256;
