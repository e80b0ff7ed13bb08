use alloc::boxed::Box;
use core::time::Duration;

use waypost_filter::Page;
use waypost_link_format::LinkDocumentBuf;
use waypost_rest::Code;
use waypost_time::Instant;

use crate::{Fault, ResourceUri};

/// The name of a look-up that is under way.
///
/// ```
/// use waypost_client::{Lookup, LookupClient, LookupConfig, LookupId};
/// use waypost_filter::Query;
/// use waypost_time::Instant;
///
/// let mut client = LookupClient::new(LookupConfig::new(1));
/// let id: LookupId = client.look_up(Instant::ZERO, Lookup::resources("coap://rd.example/res".parse()?, Query::all()))?;
/// client.cancel(Instant::ZERO, id);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LookupId(pub(crate) u64);

/// What came of a look-up.
///
/// A look-up ends with the answer that [is the last](Answer::is_last), with a refusal or with a failure. One that is
/// observed does not end before it is cancelled: after a refusal or a failure it is tried again.
///
/// ```
/// use waypost_client::LookupEvent;
///
/// fn show(event: &LookupEvent) {
///     match event {
///         LookupEvent::Found(answer) => answer.links.links().for_each(|link| println!("{}", link.target())),
///         LookupEvent::Refused { uri, code, diagnostic, .. } => eprintln!("{uri}: {code} {diagnostic}"),
///         LookupEvent::Failed { uri, fault } => eprintln!("{uri}: {fault}"),
///         other => eprintln!("{other:?}"),
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookupEvent {
    /// The result, a page of it, or what it is now.
    Found(Answer),
    /// The result of an observed look-up is still what was found last: the directory said so when it was asked again.
    Confirmed {
        /// When it said so.
        received: Instant,
        /// For how long that holds.
        max_age: Duration,
    },
    /// A directory asked to come back later, and so it is.
    Postponed {
        /// The URI that was asked.
        uri: Box<str>,
        /// How much later.
        wait: Duration,
    },
    /// The directory refused.
    Refused {
        /// The URI that was asked.
        uri: Box<str>,
        /// The response code.
        code: Code,
        /// What the directory says to a human.
        diagnostic: Box<str>,
        /// For how long that holds: who asks again before asks in vain.
        max_age: Duration,
        /// Whether the directory says that itself, and it is not the minute that counts where nothing is said
        /// ([RFC 7252 §5.10.5](https://www.rfc-editor.org/rfc/rfc7252#section-5.10.5)). A 4.29 or 5.03 that does is about whatever else
        /// is asked there, too ([RFC 8516 §4](https://www.rfc-editor.org/rfc/rfc8516#section-4)).
        is_explicit: bool,
    },
    /// The directory did not answer, or the answer does not help.
    Failed {
        /// The URI that was asked.
        uri: Box<str>,
        /// What is wrong.
        fault: Fault,
    },
}

/// Links that were looked up.
///
/// ```
/// use waypost_client::Answer;
///
/// fn lights(answer: &Answer) -> impl Iterator<Item = &str> {
///     answer.links.links().filter(|link| link.rt().any(|word| word == "light-lux")).map(|link| link.target())
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The interface that was asked.
    pub uri: ResourceUri,
    /// The links. Targets, anchors and provenance are absolute URIs: what was relative is resolved against the URI that was
    /// asked. What cannot be resolved is as it came.
    pub links: LinkDocumentBuf,
    /// The page that it is, of a look-up in pages.
    pub page: Option<Page>,
    /// Whether nothing more follows.
    pub is_last: bool,
    /// Whether the directory will tell of changes by itself.
    pub is_observed: bool,
    /// When it came.
    pub received: Instant,
    /// For how long it may be used without asking again.
    pub max_age: Duration,
    /// The zone, by an interface number of the host, that link-local addresses in the links mean something in, where one
    /// was named ([RFC 9176 §3.4](https://www.rfc-editor.org/rfc/rfc9176#section-3.4)).
    pub zone: Option<u32>,
}

/// Says why a look-up was not taken.
///
/// ```
/// use waypost_client::{Lookup, LookupClient, LookupConfig, LookupRefused};
/// use waypost_filter::Query;
/// use waypost_time::Instant;
///
/// let mut client = LookupClient::new(LookupConfig::new(1));
/// let refused = client.look_up(Instant::ZERO, Lookup::resources("http://rd.example".parse()?, Query::all()));
/// assert_eq!(refused, Err(LookupRefused::Scheme));
/// # Ok::<(), waypost_client::InvalidUri>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LookupRefused {
    /// The scheme is not one that the transport speaks.
    #[error("the scheme is not spoken here")]
    Scheme,
    /// A group cannot be looked up at; discover its members with a [`Registrant`](crate::Registrant) or by
    /// [`Interfaces::request`](crate::Interfaces::request).
    #[error("a group cannot be looked up at")]
    Group,
    /// There are as many as [`Limits::lookups`](crate::Limits::lookups) allows.
    #[error("over the limit of look-ups")]
    OverLimit,
}
