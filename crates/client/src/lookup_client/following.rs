//! Observations whose notifications are link deltas.

use waypost_link_delta::{Basis, Limits, LinkDelta, Tag};
use waypost_link_format::LinkDocumentBuf;
use waypost_rest::{Code, ETag, Response};

use crate::Fault;

/// What an observed look-up was when the directory told of it last, and what goes wrong with following it.
#[derive(Debug, Default)]
pub(super) struct Following {
    /// The links as the directory wrote them.
    links: LinkDocumentBuf,
    /// Their name; none before the first answer.
    state: Option<Tag>,
    /// How many deltas in a row started from another state.
    gaps: u32,
    /// Whether link-format is asked for, because the directory has no deltas or they do not get through.
    pub(super) is_given_up: bool,
}

/// What a delta tells.
pub(super) enum Followed<'a> {
    /// All links, as the directory writes them.
    Links(&'a str),
    /// The same, by a step that is for no cache to keep, so that its Max-Age says nothing of them.
    Step(&'a str),
    /// It starts from a state that is not the one before: something was missed.
    Gap,
}

impl Following {
    /// Returns the name of what is known, from which a directory may lead on.
    pub(super) fn etag(&self) -> Option<ETag> {
        ETag::new(self.state?.as_bytes()).ok()
    }

    /// Takes an answer or a notification.
    pub(super) fn take(&mut self, response: &Response, longest: usize) -> Result<Followed<'_>, Fault> {
        if response.code == Code::VALID {
            let is_known = self.state.is_some() && response.etag.is_none_or(|etag| Some(etag) == self.etag());
            self.gaps = 0;
            return if is_known { Ok(Followed::Links(self.links.as_str())) } else { Err(Fault::Code(Code::VALID)) };
        }
        let limits = Limits { bytes: longest, links: usize::MAX };
        let delta = LinkDelta::decode(&response.payload, &limits)?;
        let is_next = match delta.from() {
            Basis::Nothing => true,
            Basis::State(state) => self.state == Some(state),
            // That would not tell whether anything was missed.
            Basis::Any => false,
        };
        if !is_next {
            self.gaps += 1;
            return Ok(Followed::Gap);
        }
        let links = delta.apply(self.links.as_document());
        if links.as_str().len() > longest {
            return Err(Fault::TooLarge);
        }
        (self.links, self.state, self.gaps) = (links, delta.to(), 0);
        let links = self.links.as_str();
        Ok(if delta.from() == Basis::Nothing { Followed::Links(links) } else { Followed::Step(links) })
    }

    /// Tells whether to begin anew would be of no use.
    pub(super) const fn is_hopeless(&self) -> bool {
        self.gaps > MOST_GAPS
    }
}

/// How often in a row it is begun anew; something between here and the directory may mix up whom it tells what.
const MOST_GAPS: u32 = 3;
