use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use waypost_model::{Dot, Origin, Version};
use waypost_sketch::{Cell, Encoder};
use waypost_time::Instant;

use crate::client::Client;
use crate::context::Context;
use crate::wire::Cells;

/// Comparisons that are under way: what was here when each began.
///
/// To make cells takes a look at everything there is, and so does finding registrations by their ids. So what was begun is kept
/// for the next question, for a while.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    /// By who compares, and what.
    by_comparer: BTreeMap<(Client, Origin), Session>,
    /// Registrations that were looked at since that was last asked.
    looks: u64,
}

/// Who compares.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Comparer<'a> {
    pub(crate) client: &'a Client,
    /// Where what it compares was made.
    pub(crate) origin: &'a Origin,
}

#[derive(Debug)]
struct Session {
    key: [u8; 16],
    version: Version,
    encoder: Encoder,
    /// The writes, by the ids of what they made. Of removals, there may be several of one id.
    writes: Vec<(u64, Dot)>,
    /// The index of the cell that the encoder makes next.
    next: u64,
    began: Instant,
    used: Instant,
}

impl Sessions {
    /// Encodes cells of everything at an authority; `None` when there are too many comparisons at a time.
    pub(crate) fn cells(
        &mut self,
        context: &Context<'_>,
        comparer: Comparer<'_>,
        (key, from, count): ([u8; 16], u64, u64),
    ) -> Option<Vec<u8>> {
        let (session, mut looks) = self.session(context, comparer, key)?;
        if session.next != from {
            let start = usize::try_from(from).unwrap_or(usize::MAX);
            let encoder = core::mem::replace(&mut session.encoder, Encoder::new(key, []));
            session.encoder = encoder.starting_at(start);
            session.next = from;
            looks += session.writes.len() as u64;
        }
        let limits = &context.config.limits;
        let left = (limits.cells as u64).saturating_sub(from);
        let count = count.min(left).min((limits.answer_bytes / Cell::SIZE) as u64);
        let run: Vec<u8> = session.encoder.by_ref().take(count as usize).flat_map(Cell::to_bytes).collect();
        session.next += count;
        let octets = Cells { version: session.version.clone(), run: &run }.encode();
        self.looks += looks + count;
        Some(octets)
    }

    /// Returns the writes that the registrations or removals of these ids were made by, as far as there were any when the comparison
    /// began; `None` when there are too many comparisons at a time.
    pub(crate) fn writes(
        &mut self,
        context: &Context<'_>,
        comparer: Comparer<'_>,
        (key, ids): ([u8; 16], &[u64]),
    ) -> Option<Vec<Dot>> {
        let (session, looks) = self.session(context, comparer, key)?;
        let of_id = |wanted: u64| {
            let first = session.writes.partition_point(|(id, _)| *id < wanted);
            session.writes[first..].iter().take_while(move |(id, _)| *id == wanted).map(|(_, dot)| *dot)
        };
        let mut writes: Vec<Dot> = ids.iter().copied().flat_map(of_id).collect();
        writes.sort_unstable();
        writes.dedup();
        self.looks += looks + writes.len() as u64;
        Some(writes)
    }

    /// Returns how many registrations were looked at since this was last asked.
    pub(crate) const fn take_looks(&mut self) -> u64 {
        core::mem::replace(&mut self.looks, 0)
    }

    /// Returns the session of a comparison, and how many registrations were looked at to begin it. Who begins another gives up the
    /// one that it had; and where there are too many, one that has had its time gives way.
    fn session(&mut self, context: &Context<'_>, comparer: Comparer<'_>, key: [u8; 16]) -> Option<(&mut Session, u64)> {
        let Context { now, directory, config, .. } = *context;
        let Comparer { client, origin } = comparer;
        self.by_comparer.retain(|_, session| session.used + KEPT > now);
        let own = (client.clone(), origin.clone());
        let mut looks = 0;
        if self.by_comparer.get(&own).is_none_or(|session| session.key != key) {
            let is_other = |other: &Client| other.is_of_kind_of(client) && other != client;
            let others = self.by_comparer.iter().filter(|((other, _), _)| is_other(other));
            if others.clone().count() >= config.limits.reconciliations {
                let (first, session) = others.min_by_key(|(_, session)| session.began)?;
                if session.began + KEPT > now {
                    return None;
                }
                let first = first.clone();
                self.by_comparer.remove(&first);
            }
            let mut writes: Vec<(u64, Dot)> =
                directory.ids(now, origin).map(|(id, record)| (id, record.dot())).collect();
            let encoder = Encoder::new(key, writes.iter().map(|(id, _)| *id));
            writes.extend(directory.removals(now, origin).map(|(id, removal)| (id, removal.stamp().dot)));
            writes.sort_unstable();
            looks = writes.len() as u64;
            let session = Session {
                key,
                version: directory.told_version(origin),
                encoder,
                writes,
                next: 0,
                began: now,
                used: now,
            };
            self.by_comparer.insert(own.clone(), session);
        }
        let session = self.by_comparer.get_mut(&own)?;
        session.used = now;
        Some((session, looks))
    }
}

/// How long a comparison is kept that is not gone on with, and how long it is kept for sure that is.
const KEPT: Duration = Duration::from_secs(60);
