use std::time::Duration;

use crate::host::Host;
use crate::random::Random;
use crate::{Happening, Tally, Time};

/// What a network does to datagrams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Weather {
    /// Of a thousand datagrams.
    pub(crate) loss: u32,
    pub(crate) duplication: u32,
    /// Those that are held up somewhere.
    pub(crate) lateness: u32,
    /// By how much most differ from the latency of their link.
    pub(crate) jitter: Duration,
    /// What those that are held up take at most.
    pub(crate) latest: Duration,
    /// The largest payload of a datagram, in bytes.
    pub(crate) largest: usize,
    /// Whether a link never loses two datagrams in a row.
    pub(crate) is_fair: bool,
}

impl Weather {
    /// The weather in which everything must succeed: some loss, which retransmission makes up for.
    pub(crate) const fn fair() -> Self {
        Self {
            loss: 10,
            duplication: 20,
            lateness: 5,
            jitter: Duration::from_millis(50),
            latest: Duration::from_millis(1500),
            largest: 1232,
            is_fair: true,
        }
    }

    pub(crate) fn foul(random: &mut Random) -> Self {
        let [calm, rough] = [10, 2000].map(Duration::from_millis);
        Self {
            loss: random.pick(&[10, 50, 150, 300, 500]),
            duplication: random.pick(&[0, 20, 100, 300]),
            lateness: random.pick(&[0, 20, 100, 200]),
            jitter: random.magnitude(calm, rough),
            latest: random.magnitude(rough, LONGEST_DELAY),
            largest: random.pick(&[1232, 1232, 1232, 600, 300]),
            is_fair: false,
        }
    }
}

/// A part of the machines that is cut off from the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Partition {
    /// The machines on one side, as a set of bits.
    pub(crate) side: u64,
    /// Whether the other side is still heard there.
    pub(crate) is_one_way: bool,
}

impl Partition {
    pub(crate) const fn separates(self, from: Host, to: Host) -> bool {
        let (from, to) = (self.side & from.bit() != 0, self.side & to.bit() != 0);
        from && !to || !self.is_one_way && to && !from
    }
}

/// What is between the machines.
#[derive(Debug)]
pub(crate) struct Network {
    random: Random,
    weather: Weather,
    partitions: Vec<Partition>,
    /// The links from every machine to every other, by the bits of both.
    links: Vec<Link>,
}

#[derive(Debug, Clone)]
struct Link {
    latency: Duration,
    /// When the last of what is under way arrives.
    latest: Time,
    has_lost: bool,
}

impl Network {
    pub(crate) fn new(mut random: Random) -> Self {
        let [near, far] = [1, 300].map(Duration::from_millis);
        let mut link = || Link { latency: random.magnitude(near, far), latest: Time::ZERO, has_lost: false };
        let links = (0..SIDE * SIDE).map(|_| link()).collect();
        Self { weather: Weather::fair(), partitions: Vec::new(), links, random }
    }

    pub(crate) fn set_weather(&mut self, weather: Weather) {
        self.weather = weather;
    }

    pub(crate) fn part(&mut self, partition: Partition) {
        self.partitions.push(partition);
    }

    pub(crate) fn heal(&mut self, partition: Partition) {
        if let Some(place) = self.partitions.iter().position(|other| *other == partition) {
            self.partitions.swap_remove(place);
        }
    }

    /// Takes a datagram of a length, and returns when its copies arrive.
    pub(crate) fn carry(
        &mut self,
        now: Time,
        from: Host,
        to: Host,
        len: usize,
        tally: &mut Tally,
    ) -> [Option<Time>; 2] {
        tally.add(Happening::Sent);
        let (weather, link) = (&self.weather, &mut self.links[from.index() * SIDE + to.index()]);
        if self.partitions.iter().any(|partition| partition.separates(from, to)) {
            tally.add(Happening::CutOff);
            return [None; 2];
        }
        if len > weather.largest {
            tally.add(Happening::TooLarge);
            return [None; 2];
        }
        link.has_lost = self.random.happens(weather.loss) && !(weather.is_fair && link.has_lost);
        if link.has_lost {
            tally.add(Happening::Lost);
            return [None; 2];
        }
        let is_duplicated = self.random.happens(weather.duplication);
        if is_duplicated {
            tally.add(Happening::Duplicated);
        }
        let mut arrive = || link.arrival(now, weather, &mut self.random, tally);
        [Some(arrive()), is_duplicated.then(arrive)]
    }
}

impl Link {
    /// Draws when a datagram arrives.
    fn arrival(&mut self, now: Time, weather: &Weather, random: &mut Random, tally: &mut Tally) -> Time {
        let mut delay = self.latency + random.between(Duration::ZERO, weather.jitter);
        if random.happens(weather.lateness) {
            delay = random.between(delay.min(weather.latest), weather.latest);
        }
        if delay > Duration::from_secs(1) {
            tally.add(Happening::Late);
        }
        let at = now + delay;
        if at < self.latest {
            tally.add(Happening::Reordered);
        }
        self.latest = self.latest.max(at);
        at
    }
}

/// How long a datagram is on its way at most, in any weather.
pub(crate) const LONGEST_DELAY: Duration = Duration::from_secs(30);
const SIDE: usize = u64::BITS as usize;
