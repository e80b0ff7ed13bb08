//! How a proxy asks its sources for the sake of clients, and what it makes of their answers.

use alloc::collections::BTreeSet;

use waypost_client::{Fault, Lookup, LookupEvent};
use waypost_directory::{Directory, Scope};
use waypost_filter::Query;
use waypost_link_format::{Link, LinkBuf, LinkDocumentBuf};
use waypost_model::Authority;
use waypost_rest::RequestFailure;
use waypost_time::Instant;

use super::Proxy;
use super::parts::Part;
use super::pending::{Forward, Question};
use crate::ProxyEvent;
use crate::cache::{Asked, Cached};

impl<S: AsMut<Directory>> Proxy<S> {
    /// Returns the answer of a source, if it is known without asking.
    pub(super) fn known(&mut self, now: Instant, asked: &Asked) -> Option<Part> {
        let is_fresh = |cached: &Cached| now < cached.fresh_until;
        if let Some(Cached { links, fresh_until }) = self.cache.find(asked).filter(is_fresh) {
            return Some(Part::Links { links, fresh_until });
        }
        let part = self.upstreams[asked.upstream].away(now)?.clone();
        Some(self.settle(now, asked, part))
    }

    /// Tells whether the answer of a source is known and fresh.
    pub(super) fn is_fresh(&mut self, now: Instant, asked: &Asked) -> bool {
        self.cache.find(asked).is_some_and(|cached| now < cached.fresh_until)
    }

    /// Begins to ask a source, unless it is asked that already, for the sake of a question.
    pub(super) fn forward(&mut self, now: Instant, asked: &Asked, question: &Question) -> Result<(), Fault> {
        if let Some(forward) = self.forwarded.get(asked).and_then(|id| self.forwards.get_mut(id)) {
            forward.questions.insert(question.clone());
            return Ok(());
        }
        let host = self.upstreams[asked.upstream].host.clone();
        let lookup = match asked.scope {
            Scope::Resources => Lookup::resources(host, asked.query.clone()),
            Scope::Endpoints => Lookup::endpoints(host, asked.query.clone()),
        };
        let id = self.client.look_up(now, lookup).map_err(|_| Fault::Unavailable)?;
        self.forwarded.insert(asked.clone(), id);
        self.forwards.insert(id, Forward { asked: asked.clone(), questions: BTreeSet::from([question.clone()]) });
        Ok(())
    }

    /// Takes what came of the questions to sources.
    pub(super) fn take_events(&mut self, now: Instant) {
        while let Some((id, event)) = self.client.poll_event() {
            let has_links = matches!(&event, LookupEvent::Found(answer) if !answer.links.is_empty());
            let tried = self.take_trial(id, has_links);
            let asked = || self.forwards.get(&id).map(|forward| forward.asked.upstream);
            let Some(upstream) = tried.or_else(asked) else { continue };
            let mut part = match event {
                LookupEvent::Found(answer) => {
                    let links = self.own_links(upstream, answer.links);
                    Part::Links { links, fresh_until: answer.received + answer.max_age }
                }
                LookupEvent::Refused { code, diagnostic, max_age, is_explicit, .. } => {
                    Part::refused(code, diagnostic, is_explicit.then(|| now + max_age))
                }
                LookupEvent::Failed { fault, .. } => Part::Failed(fault),
                _ => continue,
            };
            self.heard(now, upstream, &mut part);
            if tried.is_some() {
                self.end_trial(now, upstream);
                continue;
            }
            let Some(forward) = self.forwards.remove(&id) else { continue };
            self.forwarded.remove(&forward.asked);
            self.tell(now, &forward.asked, &part);
            let part = self.settle(now, &forward.asked, part);
            for question in forward.questions {
                self.take_part(now, &question, upstream, part.clone());
            }
        }
    }

    /// Takes note of how it stands with a source, by what it says.
    pub(super) fn heard(&mut self, now: Instant, upstream: usize, part: &mut Part) {
        let source = &mut self.upstreams[upstream];
        let fault = match part {
            Part::Links { .. } => return source.answered(now),
            Part::Refused { .. } => return source.refused(now, part, &self.config.limits),
            Part::Failed(fault) => *fault,
        };
        // One that gives an answer that is of no use may have others.
        if let Fault::Unanswered(failure @ (RequestFailure::TimedOut | RequestFailure::Unreachable)) = fault {
            source.failed(now, failure, &self.config.limits, &mut self.jitter);
        }
        let upstream = source.name();
        self.note(ProxyEvent::Failed { upstream, fault });
    }

    /// Takes the answer of a source to a question.
    pub(super) fn take_part(&mut self, now: Instant, question: &Question, upstream: usize, part: Part) {
        if let Some(pending) = self.pending.get_mut(question) {
            pending.parts.sources.insert(upstream, Some(part));
            self.finish(now, question);
        }
    }

    /// Keeps an answer for later, or takes one from before in the place of none.
    pub(super) fn settle(&mut self, now: Instant, asked: &Asked, part: Part) -> Part {
        match part {
            Part::Links { links, fresh_until } => {
                if !shows_lifetimes(&asked.query) {
                    let (answers, bytes) = (self.config.limits.cached_answers, self.config.limits.cached_bytes);
                    self.cache.put(asked.clone(), Cached { links: links.clone(), fresh_until }, answers, bytes);
                }
                Part::Links { links, fresh_until }
            }
            part if part.is_passing() => {
                let usable = |cached: &Cached| now < cached.fresh_until + self.config.stale;
                match self.cache.find(asked).filter(usable) {
                    Some(Cached { links, fresh_until }) => {
                        self.note(ProxyEvent::Stale { upstream: self.upstreams[asked.upstream].name() });
                        Part::Links { links, fresh_until }
                    }
                    None => part,
                }
            }
            part => part,
        }
    }

    /// Returns of an answer what its source is itself the origin of, as far as that can be seen. In front of one source alone
    /// nothing can come twice, and what it says is passed on.
    pub(super) fn own_links(&self, upstream: usize, links: LinkDocumentBuf) -> LinkDocumentBuf {
        if self.upstreams.len() == 1 {
            return links;
        }
        let own = self.upstreams[upstream].host.authority();
        let is_registration = |link: &Link<'_>| link.rt().any(|word| word == "core.rd-ep");
        let is_own = |uri: &str| Authority::of(uri).is_ok_and(|authority| authority == *own);
        let is_foreign = |link: &Link<'_>| match link.provenance() {
            Some(provenance) => !is_own(&provenance),
            None => is_registration(link) && !is_own(link.target()),
        };
        if !links.links().any(|link| is_foreign(&link)) {
            return links;
        }
        links.links().filter(|link| !is_foreign(link)).map(LinkBuf::from).collect()
    }
}

/// Whether the answer to a query ages: it cannot be used again later.
fn shows_lifetimes(query: &Query) -> bool {
    query.criteria().iter().any(|criterion| matches!(criterion.name(), "lt-age" | "lt-remaining"))
}
