use alloc::collections::VecDeque;
use core::time::Duration;

use waypost_time::Instant;

/// The events that wait for the application; the oldest go when too many wait. Of those that others can cause as often as they like,
/// so many are told of in a minute, and of the rest how many they were.
#[derive(Debug)]
pub(crate) struct Events<E> {
    waiting: VecDeque<E>,
    missed: u64,
    began: Instant,
    told: usize,
    untold: u64,
}

/// How many events there may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    pub(crate) waiting: usize,
    pub(crate) per_minute: usize,
}

/// What is told to the application.
pub(crate) trait Event {
    /// Tells whether others can make it happen as often as they like.
    fn is_of_others(&self) -> bool;
}

impl<E: Event> Events<E> {
    /// Adds an event, or counts it if there were too many like it in that minute.
    pub(crate) fn push(&mut self, now: Instant, event: E, room: Room) {
        if !event.is_of_others() {
            return self.add(event, room);
        }
        // Nobody turns the minute when there is nothing to tell of it.
        if self.untold == 0 && now.saturating_since(self.began) >= MINUTE {
            (self.began, self.told) = (now, 0);
        }
        if self.told < room.per_minute {
            self.told += 1;
            self.add(event, room);
        } else {
            self.untold += 1;
        }
    }

    /// Returns the next event; before those that are left, what tells how many have gone.
    pub(crate) fn pop(&mut self, missed: impl FnOnce(u64) -> E) -> Option<E> {
        match core::mem::take(&mut self.missed) {
            0 => self.waiting.pop_front(),
            count => Some(missed(count)),
        }
    }

    /// Adds what tells how many were not told of in a minute that is over, if any were not.
    pub(crate) fn turn(&mut self, now: Instant, room: Room, more: impl FnOnce(u64) -> E) {
        if now.saturating_since(self.began) < MINUTE {
            return;
        }
        (self.began, self.told) = (now, 0);
        match core::mem::take(&mut self.untold) {
            0 => {}
            count => self.add(more(count), room),
        }
    }

    /// Returns when there is something to tell.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        (self.untold > 0).then(|| self.began + MINUTE)
    }

    fn add(&mut self, event: E, room: Room) {
        self.waiting.push_back(event);
        while self.waiting.len() > room.waiting {
            self.waiting.pop_front();
            self.missed += 1;
        }
    }
}

impl<E> Default for Events<E> {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), missed: 0, began: Instant::ZERO, told: 0, untold: 0 }
    }
}

const MINUTE: Duration = Duration::from_secs(60);
