use alloc::collections::VecDeque;

use bytes::Bytes;
use waypost_time::Instant;

/// The messages of one peer that were taken lately, with the replies that duplicates get
/// ([RFC 7252 §4.5](https://www.rfc-editor.org/rfc/rfc7252#section-4.5)), in the order of arrival, which is that of expiry.
///
/// There are few, and most peers send one: to search the identifiers, which lie close together, costs less than to keep
/// them in order, and a peer that is heard once takes little room.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    ids: VecDeque<u16>,
    /// What belongs to each identifier. Of several that are equal, the latest counts.
    entries: VecDeque<Entry>,
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
        match self.find(id).map(|index| &self.entries[index]) {
            Some(entry) if entry.expires > now && entry.fingerprint == fingerprint => {
                Recollection::Duplicate(entry.reply.clone())
            }
            _ => Recollection::New,
        }
    }

    /// Remembers a message until `expires`.
    pub(crate) fn remember(&mut self, id: u16, fingerprint: u64, expires: Instant) {
        self.ids.push_back(id);
        self.entries.push_back(Entry { fingerprint, expires, reply: None });
    }

    /// Keeps the reply to a message, unless the message has been forgotten.
    pub(crate) fn keep_reply(&mut self, id: u16, reply: Bytes) {
        let Some(index) = self.find(id) else { return };
        self.bytes += reply.len();
        let before = self.entries[index].reply.replace(reply);
        self.bytes -= before.map_or(0, |reply| reply.len());
    }

    /// Forgets what is over at `now`.
    pub(crate) fn expire(&mut self, now: Instant) {
        while self.next_expiry().is_some_and(|expires| expires <= now) {
            self.forget_oldest();
        }
    }

    pub(crate) fn forget_oldest(&mut self) {
        self.ids.pop_front();
        let reply = self.entries.pop_front().and_then(|entry| entry.reply);
        self.bytes -= reply.map_or(0, |reply| reply.len());
    }

    /// Returns when the first entry expires.
    pub(crate) fn next_expiry(&self) -> Option<Instant> {
        self.entries.front().map(|entry| entry.expires)
    }

    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    fn find(&self, id: u16) -> Option<usize> {
        let (older, newer) = self.ids.as_slices();
        let find = |ids: &[u16]| ids.iter().rposition(|&known| known == id);
        find(newer).map(|index| older.len() + index).or_else(|| find(older))
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
        seen.keep_reply(7, Bytes::from_static(b"two"));
        assert_eq!(seen.bytes(), 6);
        seen.expire(Instant::from_millis(10));
        assert_eq!(seen.bytes(), 3);
        assert_eq!(
            seen.recall(Instant::from_millis(10), 7, 2),
            Recollection::Duplicate(Some(Bytes::from_static(b"two")))
        );
        assert_eq!(seen.recall(Instant::from_millis(20), 7, 2), Recollection::New);
    }
}
