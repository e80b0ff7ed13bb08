use alloc::collections::{BTreeMap, VecDeque};
use core::mem::take;
use core::time::Duration;

use waypost_time::Instant;

/// Events that wait for the application, for a log. Of each kind so many are told of in a minute, so that nobody fills it, and of the
/// others how many they were; the oldest go when too many wait.
///
/// ```
/// use waypost_rest::{CountedEvent, Events};
/// use waypost_time::Instant;
///
/// #[derive(Debug, PartialEq)]
/// enum Event {
///     Started,
///     Refused(u16),
///     Untold(u64),
/// }
///
/// impl CountedEvent for Event {
///     type Kind = ();
///
///     fn kind(&self) -> Option<()> {
///         matches!(self, Event::Refused(_)).then_some(())
///     }
///
///     fn untold(_: Option<()>, count: u64) -> Self {
///         Event::Untold(count)
///     }
/// }
///
/// let (mut events, minute) = (Events::new(16, 1), Instant::from_millis(60_000));
/// for event in [Event::Started, Event::Refused(1), Event::Refused(2), Event::Refused(3)] {
///     events.push(Instant::ZERO, event);
/// }
/// assert_eq!(events.deadline(), Some(minute));
/// events.turn(minute);
/// let told: Vec<_> = core::iter::from_fn(|| events.pop()).collect();
/// assert_eq!(told, [Event::Started, Event::Refused(1), Event::Untold(2)]);
/// ```
#[derive(Debug)]
pub struct Events<E: CountedEvent> {
    waiting: VecDeque<E>,
    missed: u64,
    /// When the present minute began.
    began: Instant,
    /// How many of each kind there were in it.
    counts: BTreeMap<E::Kind, u64>,
    most: usize,
    per_minute: u64,
}

/// An event of which there may be too many; [`Events`] has an example.
pub trait CountedEvent {
    /// What is counted together.
    type Kind: Ord;

    /// Returns what an event counts as; none if others cannot make it happen as often as they like, so that it is always told of.
    fn kind(&self) -> Option<Self::Kind>;

    /// Makes the event that tells how many of a kind were not told of in a minute, or, of no kind, how many have gone because nobody
    /// took them.
    fn untold(kind: Option<Self::Kind>, count: u64) -> Self;
}

impl<E: CountedEvent> Events<E> {
    /// Makes a queue in which at most so many events wait, and so many of one kind are told of in a minute.
    #[must_use]
    pub const fn new(most: usize, per_minute: usize) -> Self {
        let per_minute = per_minute as u64;
        Self { waiting: VecDeque::new(), missed: 0, began: Instant::ZERO, counts: BTreeMap::new(), most, per_minute }
    }

    /// Adds an event, or counts it if there were too many of its kind in that minute.
    pub fn push(&mut self, now: Instant, event: E) {
        match event.kind() {
            Some(kind) => self.push_with(now, kind, || event),
            None => self.add(event),
        }
    }

    /// Adds an event of a kind, made only if it is told of: for what others cause as often as they like.
    pub fn push_with(&mut self, now: Instant, kind: E::Kind, event: impl FnOnce() -> E) {
        // Nobody turns the minute when there is nothing to tell of it.
        if self.deadline().is_none() {
            self.turn(now);
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        if *count <= self.per_minute {
            self.add(event());
        }
    }

    /// Adds what tells how many were not told of in a minute that is over, if any were not.
    pub fn turn(&mut self, now: Instant) {
        if now.saturating_since(self.began) < MINUTE {
            return;
        }
        self.began = now;
        for (kind, count) in take(&mut self.counts) {
            if count > self.per_minute {
                self.add(E::untold(Some(kind), count - self.per_minute));
            }
        }
    }

    /// Returns the next event; before those that are left, what tells how many have gone.
    pub fn pop(&mut self) -> Option<E> {
        match take(&mut self.missed) {
            0 => self.waiting.pop_front(),
            count => Some(E::untold(None, count)),
        }
    }

    /// Returns when [`turn`](Self::turn) has something to tell.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.counts.values().any(|count| *count > self.per_minute).then(|| self.began + MINUTE)
    }

    fn add(&mut self, event: E) {
        self.waiting.push_back(event);
        while self.waiting.len() > self.most {
            self.waiting.pop_front();
            self.missed += 1;
        }
    }
}

const MINUTE: Duration = Duration::from_secs(60);
