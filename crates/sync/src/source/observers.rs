use alloc::collections::BTreeMap;

use waypost_directory::Directory;
use waypost_model::Origin;
use waypost_rest::ExchangeId;
use waypost_time::Instant;

use super::encoded::Position;
use crate::SyncConfig;
use crate::client::Client;
use crate::context::Context;
use crate::wire::ChangesQuestion;

/// Who observes the feed of one authority.
///
/// An observer costs its cursor and nothing else: what it is told next is read from the directory when the transport can
/// send. So a slow one piles up nothing, and what changed twice meanwhile is sent once.
#[derive(Debug, Default)]
pub(super) struct Observers {
    by_exchange: BTreeMap<ExchangeId, Observer>,
    /// What they were last told about.
    announced: Position,
    unsettled: Unsettled,
    /// When they are told of the renewals since.
    renewals_due: Option<Instant>,
}

/// What observers may have been told without having heard it.
///
/// A notification that is under way gives way to the next one, and nobody hears what it said; and an answer that gets lost, because it
/// is too large for the way, say, gives way to a notification. So the next ones repeat what was reached, in numbers: who lacks something
/// asks. It ends with the question that each observer asks once in a while.
#[derive(Debug, Default)]
struct Unsettled {
    /// What observers hold for sure.
    after: Position,
    /// What they will when this time is over.
    then: Position,
    until: Instant,
}

#[derive(Debug)]
pub(super) struct Observer {
    pub(super) client: Client,
    pub(super) question: ChangesQuestion,
    /// What it was sent, with all that it held before.
    pub(super) holds: Position,
    /// Whether it is to be told that there is something, and was not yet.
    pub(super) is_due: bool,
    /// When it may be told: of a selection, each write in the directory is news, however small.
    pub(super) next: Instant,
}

impl Observers {
    pub(super) fn insert(&mut self, now: Instant, exchange: ExchangeId, observer: Observer) {
        // The answer may be lost, and not what is told after it.
        let ChangesQuestion { cursor, heard, .. } = &observer.question;
        let held = Position { version: cursor.clone(), heard: heard.clone(), cut: None };
        if self.is_empty() {
            self.announced = observer.holds.clone();
            self.unsettled = Unsettled { after: held.clone(), then: held, until: now };
        } else {
            self.unsettled.hold_back(now, &held);
        }
        self.by_exchange.insert(exchange, observer);
    }

    pub(super) fn remove(&mut self, exchange: ExchangeId) {
        self.by_exchange.remove(&exchange);
    }

    /// Has them told of renewals now, and not when some more have gathered.
    pub(super) const fn hurry(&mut self, now: Instant) {
        self.renewals_due = Some(now);
    }

    /// Finds out who has to be told something: of writes at once, of renewals when some have gathered.
    pub(super) fn announce(&mut self, context: &Context<'_>, origin: &Origin) {
        let Context { now, directory, config, .. } = *context;
        let heard = directory.heard(origin);
        if self.announced.version == *directory.version_of(origin) && self.announced.heard == heard {
            self.renewals_due = None;
            return;
        }
        let is_written = self.announced.version != *directory.version_of(origin);
        let due = *self.renewals_due.get_or_insert(now + config.limits.renewal_delay);
        if !is_written && due > now {
            return;
        }
        self.renewals_due = None;
        let announced = Position { version: directory.version_of(origin).clone(), heard, cut: None };
        let before = core::mem::replace(&mut self.announced, announced);
        self.unsettled.announce(now, config, before);
        for observer in self.by_exchange.values_mut() {
            observer.is_due |= !observer.holds.includes(&self.announced);
        }
    }

    /// Takes the next one that has to be told something.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<ExchangeId> {
        let is_due = |(_, observer): &(&ExchangeId, &mut Observer)| observer.is_due && observer.next <= now;
        let (exchange, observer) = self.by_exchange.iter_mut().find(is_due)?;
        observer.is_due = false;
        Some(*exchange)
    }

    /// Returns what all of them hold for sure.
    pub(super) const fn settled(&self) -> &Position {
        &self.unsettled.after
    }

    pub(super) fn of(&self, exchange: ExchangeId) -> Option<&Observer> {
        self.by_exchange.get(&exchange)
    }

    pub(super) fn of_mut(&mut self, exchange: ExchangeId) -> Option<&mut Observer> {
        self.by_exchange.get_mut(&exchange)
    }

    /// Tells whether each that is a replica was sent all that there is.
    pub(super) fn are_told(&self, directory: &Directory, origin: &Origin) -> bool {
        let current = Position::of(directory, origin);
        let mut replicas = self.by_exchange.values().filter(|observer| observer.client.is_replica());
        replicas.all(|observer| observer.holds.includes(&current))
    }

    /// Returns whose observations they are.
    pub(super) fn clients(&self) -> impl Iterator<Item = &Client> {
        self.by_exchange.values().map(|observer| &observer.client)
    }

    pub(super) fn len(&self) -> usize {
        self.by_exchange.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_exchange.is_empty()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let later = self.by_exchange.values().filter(|observer| observer.is_due).map(|observer| observer.next);
        self.renewals_due.into_iter().chain(later).min()
    }
}

impl Unsettled {
    /// Notes an observer that holds no more than that for sure, and that asks again only later.
    fn hold_back(&mut self, now: Instant, held: &Position) {
        self.after.limit(held);
        self.then.limit(held);
        self.until = self.until.max(now);
    }

    /// Notes that observers are told of something beyond a position.
    fn announce(&mut self, now: Instant, config: &SyncConfig, before: Position) {
        // Each of them asks in that time.
        let span = config.limits.refresh * 2;
        if now < self.until {
            return;
        }
        let then = core::mem::replace(&mut self.then, before);
        self.after = if self.until + span > now { then } else { self.then.clone() };
        self.until = now + span;
    }
}
