use alloc::string::{String, ToString};
use alloc::vec::Vec;

use percent_encoding::percent_decode_str;
use waypost_filter::{Page, Query};

use crate::{Interfaces, ResourceUri};

/// What to look up, where, and how ([RFC 9176 §6]).
///
/// ```
/// use waypost_client::Lookup;
///
/// // At a host whose interfaces are to be discovered, all at once.
/// Lookup::resources("coap://rd.example".parse()?, "rt=temperature-c&d=floor-3".parse()?);
/// // At a known interface, a hundred at a time.
/// Lookup::endpoints("coap://rd.example/rd-lookup/ep".parse()?, "et=ex.boiler".parse()?).in_pages_of(100);
/// // And again whenever the result changes.
/// Lookup::resources("coap://rd.example".parse()?, "rt=light-lux".parse()?).observed();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A criterion with an explicit [`Level`](waypost_filter::Level) cannot be expressed in a request; the level is lost.
///
/// [RFC 9176 §6]: https://www.rfc-editor.org/rfc/rfc9176#section-6
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    pub(crate) at: ResourceUri,
    pub(crate) interfaces: Interfaces,
    pub(crate) query: Query,
    pub(crate) mode: Mode,
    /// Whether an observed result is to come as link deltas.
    pub(crate) by_deltas: bool,
}

/// How the result is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Once,
    InPagesOf(u32),
    Observed,
}

impl Lookup {
    /// Makes a look-up of resources. A URI without path and query names a host whose interfaces are to be discovered;
    /// every other one is the interface.
    #[must_use]
    pub const fn resources(at: ResourceUri, query: Query) -> Self {
        Self { at, interfaces: Interfaces::Resources, query, mode: Mode::Once, by_deltas: false }
    }

    /// Makes a look-up of endpoints. A URI without path and query names a host whose interfaces are to be discovered;
    /// every other one is the interface.
    ///
    /// The targets of the links that are found are registration resources. They are names and nothing else: they can be any
    /// URIs, and are not to be asked or changed ([RFC 9176 §6.4](https://www.rfc-editor.org/rfc/rfc9176#section-6.4)).
    #[must_use]
    pub const fn endpoints(at: ResourceUri, query: Query) -> Self {
        Self { at, interfaces: Interfaces::Endpoints, query, mode: Mode::Once, by_deltas: false }
    }

    /// Returns the look-up as one that walks through the result, this many links at a time. The page and count of the
    /// query, if any, count no more.
    ///
    /// Each page is an answer of its own, and can be used before the next is there. Where registrations come and go
    /// meanwhile, a link can be on two pages or on none ([RFC 9176 §6.2](https://www.rfc-editor.org/rfc/rfc9176#section-6.2)).
    #[must_use]
    pub const fn in_pages_of(mut self, count: u32) -> Self {
        self.mode = Mode::InPagesOf(if count == 0 { 1 } else { count });
        self
    }

    /// Returns the look-up as one that goes on until it is cancelled: each answer replaces the one before. A directory that
    /// cannot be observed is asked again and again.
    #[must_use]
    pub const fn observed(mut self) -> Self {
        self.mode = Mode::Observed;
        self
    }

    /// Returns the look-up as an [observed](Self::observed) one of which the directory tells no more than what changes, in
    /// [link deltas](waypost_link_delta). An answer has all links still, in an order of no meaning. What was missed is asked for
    /// again. A directory that has no deltas is observed without.
    #[must_use]
    pub const fn observed_by_deltas(mut self) -> Self {
        self.by_deltas = true;
        self.observed()
    }

    /// Returns where to ask, as given.
    #[must_use]
    pub const fn at(&self) -> &ResourceUri {
        &self.at
    }

    /// Returns the query.
    #[must_use]
    pub const fn query(&self) -> &Query {
        &self.query
    }

    /// Returns the page that is asked for in the `nth` request.
    pub(crate) fn page(&self, nth: u32) -> Option<Page> {
        match self.mode {
            Mode::InPagesOf(count) => Some(Page { page: nth, count }),
            _ => self.query.page(),
        }
    }

    /// Returns the arguments of the `nth` request.
    pub(crate) fn arguments(&self, nth: u32) -> Vec<String> {
        let query = match self.page(nth) {
            Some(page) => self.query.clone().with_page(page),
            None => self.query.clone(),
        };
        let text = query.to_string();
        let arguments = text.split('&').filter(|argument| !argument.is_empty());
        arguments.map(|argument| percent_decode_str(argument).decode_utf8_lossy().into_owned()).collect()
    }
}
