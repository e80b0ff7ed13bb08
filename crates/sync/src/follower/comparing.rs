use core::time::Duration;

use waypost_client::Fault;
use waypost_directory::Digest;
use waypost_model::Version;
use waypost_rest::{Code, RequestFailure, Response};
use waypost_time::Instant;

use super::{Follower, Phase, Surroundings};
use crate::SyncEvent;
use crate::reconciliation::{Progress, Reconciliation};
use crate::wire::{Answer, Cells, Item};

/// Comparing everything with the source.
#[derive(Debug)]
pub(super) struct Comparison {
    pub(super) reconciliation: Reconciliation,
    /// Until when an answer is waited for; nothing is asked where there is none.
    pub(super) deadline: Option<Instant>,
}

/// What a follower does when it and its source may have come apart.
impl Follower {
    /// Compares everything with the source if what it says of itself is not what is here.
    ///
    /// What expires does so at slightly different times, so that two who agree may differ for a while: a comparison tells, and
    /// comes seldom.
    pub(super) fn doubt(&mut self, surroundings: &mut Surroundings<'_>, there: Digest) {
        let is_same = surroundings.directory.digest(&self.origin()) == there;
        if !is_same && self.anew.is_none() && self.comparable <= surroundings.now {
            self.compare(surroundings);
        }
    }

    pub(super) fn compare(&mut self, surroundings: &mut Surroundings<'_>) {
        if self.comparison.is_some() {
            return;
        }
        let limits = &surroundings.config.limits;
        self.comparable = surroundings.now + surroundings.jitter.stretch(limits.reconcile);
        let (directory, origin) = (&*surroundings.directory, self.origin());
        let reconciliation =
            Reconciliation::new(surroundings.now, directory, &origin, self.relation, limits, surroundings.jitter);
        self.comparison = Some(Comparison { reconciliation, deadline: None });
    }

    pub(super) fn take_comparison(
        &mut self,
        surroundings: &mut Surroundings<'_>,
        outcome: Result<Response, RequestFailure>,
    ) {
        let Some(mut comparison) = self.comparison.take() else { return };
        comparison.deadline = None;
        let limits = &surroundings.config.limits;
        let response = match outcome {
            Ok(response) if response.code == Code::CONTENT && response.payload.len() <= limits.received_bytes => {
                response
            }
            Ok(response) => return self.give_up_comparison(surroundings, Fault::Code(response.code)),
            Err(failure) => return self.give_up_comparison(surroundings, failure.into()),
        };
        let reconciliation = &mut comparison.reconciliation;
        let progress = if reconciliation.is_fetching() {
            let news = self.take_entries(surroundings, &response.payload);
            reconciliation.take_entries(news, limits)
        } else {
            match Cells::decode(&response.payload) {
                Ok(cells) => {
                    let slack = limits.renewal_delay * 2 + SLACK;
                    let (now, origin) = (surroundings.now, self.origin());
                    reconciliation.take_cells(now, surroundings.directory, &origin, slack, &cells)
                }
                Err(malformed) => {
                    (surroundings.events)(SyncEvent::Malformed { source: self.name.clone(), malformed });
                    Progress::Hopeless
                }
            }
        };
        match progress {
            Progress::On => self.comparison = Some(comparison),
            Progress::Done(version) => {
                let (added, removed) = (comparison.reconciliation.added, comparison.reconciliation.removed);
                if added + removed > 0 {
                    let source = self.name.clone();
                    (surroundings.events)(SyncEvent::Reconciled { source, added, removed });
                }
                if let Phase::Comparing = self.phase {
                    let before = self.cursor(surroundings.directory).clone();
                    self.advance(surroundings, &version);
                    let is_further = *self.cursor(surroundings.directory) != before;
                    self.ask_on(surroundings, is_further);
                }
            }
            Progress::Hopeless => self.start_anew(surroundings),
        }
    }

    /// Takes registrations that were asked for one by one; returns how many were news.
    fn take_entries(&mut self, surroundings: &mut Surroundings<'_>, payload: &[u8]) -> usize {
        let cursor = Version::new();
        let mut news = 0;
        for item in Answer::new(payload, &cursor).map_while(Result::ok) {
            if let Item::Put(put) = item {
                let before = surroundings.directory.digest(&self.origin());
                self.put(surroundings, *put);
                news += usize::from(surroundings.directory.digest(&self.origin()) != before);
            }
        }
        news
    }

    pub(super) fn give_up_comparison(&mut self, surroundings: &mut Surroundings<'_>, fault: Fault) {
        self.comparison = None;
        if let Phase::Comparing = self.phase {
            self.fail(surroundings, fault);
        }
    }
}

/// How much longer a registration must live, beyond the delay of renewals, to be missed at the source.
const SLACK: Duration = Duration::from_secs(60);
