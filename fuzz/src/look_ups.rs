//! Answers of a directory that has look-ups and no feed, and that may lie, to an engine that mirrors it.

use waypost_directory::Directory;
use waypost_filter::Query;
use waypost_link_delta::CONTENT_FORMAT;
use waypost_rest::{Code, ContentFormat, ETag, Output, Request, RequestFailure, RequestId, Response};
use waypost_sync::{Replicator, SyncConfig};
use waypost_time::Instant;

use crate::feed::{self, BEGIN};

/// Reads answers, each after three bytes: what it is, which is read as [`Answer::read`] says, and its length. Each is taken for the
/// answer to one of the questions that are open, or a notification of one of the look-ups that are observed.
pub fn look_ups(data: &[u8]) {
    let mut world = World::new();
    let mut rest = data;
    while let [what, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (payload, after) = after.split_at(length.min(after.len()));
        rest = after;
        world.take(*what, payload);
        world.check(data.len());
    }
}

/// What an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Links,
    LinkDelta,
    /// It has no payload, but a code.
    Code(Code),
    /// There is none.
    Failure,
    /// Nothing comes, until the engine does something by itself.
    Silence,
}

impl Answer {
    const ALL: [Self; 8] = [
        Self::Links,
        Self::LinkDelta,
        Self::Code(Code::VALID),
        Self::Code(Code::FORBIDDEN),
        Self::Code(Code::NOT_ACCEPTABLE),
        Self::Code(Code::SERVICE_UNAVAILABLE),
        Self::Failure,
        Self::Silence,
    ];

    /// Reads the last three bits.
    fn read(what: u8) -> Self {
        Self::ALL[usize::from(what & 7)]
    }

    /// Writes a byte that says what an answer is, how many questions that are still open came after the one that it answers,
    /// and whether that is observed.
    pub fn write(self, after: usize, is_observed: bool) -> u8 {
        let answer = Self::ALL.iter().position(|answer| *answer == self).expect("one of all");
        assert!(after < 8, "so far back none is answered");
        (answer | after << 3 | usize::from(is_observed) << 6) as u8
    }
}

/// An engine with a directory of its own, and what it asks.
pub struct World {
    pub directory: Directory,
    replicator: Replicator,
    pub now: Instant,
    /// Questions that have no answer, and look-ups that are observed.
    pub open: Vec<(RequestId, Request)>,
}

impl World {
    pub fn new() -> Self {
        let mut replicator = Replicator::new(SyncConfig::new(1));
        replicator.add_mirror("coap://peer".parse().expect("a URI")).expect("room");
        let mut world = Self { directory: feed::OWN.clone(), replicator, now: BEGIN, open: Vec::new() };
        world.poll();
        world
    }

    pub fn take(&mut self, what: u8, payload: &[u8]) {
        let mut response = match Answer::read(what) {
            Answer::Links => Ok(Response::content(ContentFormat::LINK_FORMAT, payload.to_vec())),
            Answer::LinkDelta => Ok(Response::content(ContentFormat(CONTENT_FORMAT), payload.to_vec())),
            Answer::Code(code) => Ok(Response::new(code)),
            Answer::Failure => Err(RequestFailure::TimedOut),
            Answer::Silence => return self.wait(),
        };
        if self.open.is_empty() {
            return;
        }
        let at = self.open.len() - 1 - usize::from(what >> 3 & 7) % self.open.len();
        let is_observed = what & 0x40 != 0;
        if let Ok(response) = &mut response {
            response.is_observed = is_observed;
            response.etag = (what & 0x80 == 0).then(|| ETag::of(payload));
        }
        let id = if is_observed { self.open[at].0 } else { self.open.remove(at).0 };
        self.replicator.handle_response(self.now, &mut self.directory, id, response);
        self.poll();
    }

    fn wait(&mut self) {
        let due = self.replicator.poll_timeout().expect("whoever follows goes on");
        self.now = self.now.max(due.min(END));
        self.replicator.handle_timeout(self.now, &mut self.directory);
        self.poll();
    }

    /// Takes what the engine has to say. What it asks under a name again is another question.
    fn poll(&mut self) {
        for outputs in 0.. {
            assert!(outputs < 2_000, "it has more and more to say");
            match self.replicator.poll_output(self.now, &mut self.directory) {
                Some(Output::Request { id, request, .. }) => {
                    self.open.retain(|(open, _)| *open != id);
                    self.open.push((id, request));
                }
                Some(_) => {}
                None => break,
            }
        }
    }

    /// What is local stays as it is, and what is mirrored is of the source.
    fn check(&mut self, said: usize) {
        while self.replicator.poll_event().is_some() {}
        assert!(feed::is_untouched(&self.directory, self.now));
        let all = Query::all();
        let mirrored = self.directory.endpoints(self.now, &all).filter(|found| !found.origin().is_local());
        let mut count = 0;
        for found in mirrored {
            assert!(found.location().as_str().starts_with("coap://peer/"), "{}", found.location());
            count += 1;
        }
        assert!(count <= said / 8, "{count} registrations are mirrored");
    }
}

/// Before what is local has expired.
const END: Instant = Instant::from_millis(BEGIN.as_millis() + 86_400_000);

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}
