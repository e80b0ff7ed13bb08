use alloc::collections::VecDeque;
use core::time::Duration;

use waypost_time::Instant;

use crate::{Event, ServerLimits};

/// The events that wait for the application. Of each kind so many are told of in a minute, and of the others how many they were;
/// the oldest go when too many wait.
#[derive(Debug, Default)]
pub(crate) struct Events {
    waiting: VecDeque<Event>,
    missed: u64,
    began: Instant,
    changes: Count,
    renewals: Count,
    refusals: Count,
}

/// Events of a kind in the present minute.
#[derive(Debug, Default)]
struct Count {
    told: usize,
    untold: u64,
}

impl Events {
    pub(crate) fn push(&mut self, event: Event, limits: &ServerLimits) {
        let count = match event {
            Event::Registered { .. } | Event::Updated { .. } | Event::Removed { .. } | Event::Expired { .. } => {
                &mut self.changes
            }
            Event::Renewed { .. } => &mut self.renewals,
            _ => &mut self.refusals,
        };
        if count.tells(limits) {
            self.add(event, limits);
        }
    }

    /// Adds a refusal, made only if it is told of: others cause as many as they like.
    pub(crate) fn push_refusal(&mut self, limits: &ServerLimits, refusal: impl FnOnce() -> Event) {
        if self.refusals.tells(limits) {
            self.add(refusal(), limits);
        }
    }

    pub(crate) fn pop(&mut self) -> Option<Event> {
        match core::mem::take(&mut self.missed) {
            0 => self.waiting.pop_front(),
            count => Some(Event::Missed { count }),
        }
    }

    /// Tells how many were not told of in a minute that is over.
    pub(crate) fn turn(&mut self, now: Instant, limits: &ServerLimits) {
        if now.saturating_since(self.began) < MINUTE {
            return;
        }
        self.began = now;
        let [changes, renewals, refusals] =
            [&mut self.changes, &mut self.renewals, &mut self.refusals].map(|count| core::mem::take(count).untold);
        let more = [
            (changes, Event::ChangedMore { count: changes }),
            (renewals, Event::RenewedMore { count: renewals }),
            (refusals, Event::RefusedMore { count: refusals }),
        ];
        for (_, event) in more.into_iter().filter(|(count, _)| *count > 0) {
            self.add(event, limits);
        }
    }

    /// Returns when there is something to tell.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let is_due = [&self.changes, &self.renewals, &self.refusals].iter().any(|count| count.untold > 0);
        is_due.then(|| self.began + MINUTE)
    }

    fn add(&mut self, event: Event, limits: &ServerLimits) {
        self.waiting.push_back(event);
        while self.waiting.len() > limits.events {
            self.waiting.pop_front();
            self.missed += 1;
        }
    }
}

impl Count {
    /// Counts one more; tells whether it is told of.
    fn tells(&mut self, limits: &ServerLimits) -> bool {
        let is_told = self.told < limits.events_per_minute;
        if is_told {
            self.told += 1;
        } else {
            self.untold += 1;
        }
        is_told
    }
}

const MINUTE: Duration = Duration::from_secs(60);
