use std::time::Duration;

use crate::Time;
use crate::host::Host;
use crate::network::{Partition, Weather};
use crate::random::Random;

/// What is done to the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The weather gets foul.
    Storm(Weather),
    /// The weather gets fair, and all faults are past.
    Calm,
    /// All is looked at.
    Check,
    Part {
        partition: Partition,
        lasts: Duration,
    },
    Heal(Partition),
    /// A clock is set forward or back, by milliseconds.
    Jump(Host, i64),
    Sleep(Host),
    Wake {
        host: Host,
        does_clock_sleep: bool,
    },
    Stop {
        host: Host,
        forgets: bool,
    },
    Start(Host),
}

/// Draws what happens to machines in a span of time: storms of all kinds of faults, each with a calm after it at the end
/// of which all must be well. Directories may restart with memory once more in each.
pub(crate) fn schedule(
    random: &mut Random,
    hosts: &[Host],
    directories: &[Host],
    span: Duration,
) -> Vec<(Time, Fault)> {
    let mut faults = Vec::new();
    let mut now = Time::ZERO + minutes(5);
    let end = Time::ZERO + span;
    while now + SHORTEST_STORM + CALM <= end {
        let longest = end.since(now).saturating_sub(CALM).min(LONGEST_STORM);
        let storm = Storm { begins: now, ends: now + random.between(SHORTEST_STORM, longest) };
        storm.draw(random, hosts, &mut faults);
        storm.draw_restarts(random, directories, &mut faults);
        faults.push((storm.ends, Fault::Calm));
        now = storm.ends + CALM;
        faults.push((now, Fault::Check));
    }
    // Of two faults at the same time, the one that was drawn first comes first.
    faults.sort_by_key(|(at, _)| *at);
    faults
}

struct Storm {
    begins: Time,
    ends: Time,
}

impl Storm {
    fn draw(&self, random: &mut Random, hosts: &[Host], faults: &mut Vec<(Time, Fault)>) {
        let mut squall = self.begins;
        while squall < self.ends {
            faults.push((squall, Fault::Storm(Weather::foul(random))));
            squall = squall + random.magnitude(minutes(1), minutes(60));
        }
        for _ in 0..random.below(6) {
            let partition = Partition {
                side: hosts.iter().filter(|_| random.happens(400)).fold(0, |side, host| side | host.bit()),
                is_one_way: random.happens(400),
            };
            let (from, to) = self.span(random);
            faults.extend([(from, Fault::Part { partition, lasts: to.since(from) }), (to, Fault::Heal(partition))]);
        }
        for &host in hosts {
            if random.happens(150) {
                let size = random.magnitude(Duration::from_secs(1), FARTHEST_JUMP).as_millis() as i64;
                let by = if random.happens(500) { size } else { -size.min(FARTHEST_JUMP_BACK.as_millis() as i64) };
                faults.push((self.span(random).0, Fault::Jump(host, by)));
            }
            if random.happens(250) {
                let (from, to) = self.span(random);
                faults.extend(
                    match random.below(4) {
                        0 => [Fault::Sleep(host), Fault::Wake { host, does_clock_sleep: false }],
                        1 => [Fault::Sleep(host), Fault::Wake { host, does_clock_sleep: true }],
                        2 => [Fault::Stop { host, forgets: false }, Fault::Start(host)],
                        _ => [Fault::Stop { host, forgets: true }, Fault::Start(host)],
                    }
                    .map(|fault| {
                        (if matches!(fault, Fault::Sleep(_) | Fault::Stop { .. }) { from } else { to }, fault)
                    }),
                );
            }
        }
    }

    fn draw_restarts(&self, random: &mut Random, hosts: &[Host], faults: &mut Vec<(Time, Fault)>) {
        for &host in hosts {
            if random.happens(300) {
                let (from, to) = self.span(random);
                faults.extend([(from, Fault::Stop { host, forgets: false }), (to, Fault::Start(host))]);
            }
        }
    }

    /// Draws a span of time that ends with the storm at the latest.
    fn span(&self, random: &mut Random) -> (Time, Time) {
        let from = self.begins + random.between(Duration::ZERO, self.ends.since(self.begins));
        let to = from + random.magnitude(Duration::from_secs(1), LONGEST_STORM);
        (from, to.min(self.ends))
    }
}

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

const SHORTEST_STORM: Duration = minutes(20);
const LONGEST_STORM: Duration = minutes(4 * 60);
/// Long enough for [`RECOVERY`](crate::model::RECOVERY), and something to judge after it.
const CALM: Duration = minutes(40);
const FARTHEST_JUMP: Duration = minutes(2 * 60);
/// To an engine, a clock that was set back stands still; that must be over well before the calm is.
const FARTHEST_JUMP_BACK: Duration = minutes(5);
