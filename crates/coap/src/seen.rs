use alloc::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use waypost_time::Instant;

/// The messages of one peer that were taken lately, with the replies that duplicates get
/// ([RFC 7252 §4.5](https://www.rfc-editor.org/rfc/rfc7252#section-4.5)).
#[derive(Debug, Default)]
pub(crate) struct Seen {
    entries: BTreeMap<u16, Entry>,
    /// In the order of arrival, which is that of expiry. Entries that were replaced stay until their time comes.
    order: VecDeque<(Instant, u16)>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    fingerprint: u64,
    expires: Instant,
    reply: Option<Bytes>,
}

/// What is known of a message that has just come in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Recollection {
    New,
    /// It came before, and this is what was sent then, if anything.
    Duplicate(Option<Bytes>),
}

impl Seen {
    /// Looks a message up.
    ///
    /// A message that is not byte for byte the one that had this identifier is not a duplicate: a device that restarted
    /// counts from the start again.
    pub(crate) fn recall(&self, now: Instant, id: u16, fingerprint: u64) -> Recollection {
        match self.entries.get(&id) {
            Some(entry) if entry.expires > now && entry.fingerprint == fingerprint => {
                Recollection::Duplicate(entry.reply.clone())
            }
            _ => Recollection::New,
        }
    }

    /// Remembers a message until `expires`.
    pub(crate) fn remember(&mut self, id: u16, fingerprint: u64, expires: Instant) {
        if let Some(replaced) = self.entries.insert(id, Entry { fingerprint, expires, reply: None }) {
            self.bytes -= replaced.reply.map_or(0, |reply| reply.len());
        }
        self.order.push_back((expires, id));
    }

    /// Keeps the reply to a message, unless the message has been forgotten.
    pub(crate) fn keep_reply(&mut self, id: u16, reply: Bytes) {
        if let Some(entry) = self.entries.get_mut(&id) {
            self.bytes += reply.len();
            self.bytes -= entry.reply.replace(reply).map_or(0, |reply| reply.len());
        }
    }

    /// Forgets what is over at `now`.
    pub(crate) fn expire(&mut self, now: Instant) {
        while self.order.front().is_some_and(|&(expires, _)| expires <= now) {
            self.forget_oldest();
        }
    }

    pub(crate) fn forget_oldest(&mut self) {
        let Some((expires, id)) = self.order.pop_front() else { return };
        if self.entries.get(&id).is_some_and(|entry| entry.expires == expires)
            && let Some(entry) = self.entries.remove(&id)
        {
            self.bytes -= entry.reply.map_or(0, |reply| reply.len());
        }
    }

    /// Returns when the first entry expires.
    pub(crate) fn next_expiry(&self) -> Option<Instant> {
        self.order.front().map(|&(expires, _)| expires)
    }

    /// Returns how much there is: never less than the number of entries.
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reused_identifier_is_a_new_message_and_outlives_the_one_it_replaced() {
        let mut seen = Seen::default();
        seen.remember(7, 1, Instant::from_millis(10));
        seen.keep_reply(7, Bytes::from_static(b"one"));
        assert_eq!(seen.recall(Instant::ZERO, 7, 2), Recollection::New);
        seen.remember(7, 2, Instant::from_millis(20));
        assert_eq!(seen.bytes(), 0);
        seen.expire(Instant::from_millis(10));
        assert_eq!(seen.recall(Instant::from_millis(10), 7, 2), Recollection::Duplicate(None));
        assert_eq!(seen.recall(Instant::from_millis(20), 7, 2), Recollection::New);
    }
}
