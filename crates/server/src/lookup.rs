use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;
use waypost_directory::{Directory, Endpoint, Resource, Scope, Show, ShowLifetime};
use waypost_filter::{Query, Test};
use waypost_link_delta::LinkDelta;
use waypost_link_format::{BoundedText, LinkDocument, LinkWriter};
use waypost_rest::{Code, ContentFormat, Credential, ETag, Overdrawn, Peer, Request, Response};
use waypost_time::Instant;

use crate::paging::Paging;
use crate::representation::tag_of;
use crate::{Client, ParameterFault, Policy, Refusal, ServerLimits};

/// What a look-up asks for ([RFC 9176 §6](https://www.rfc-editor.org/rfc/rfc9176#section-6)).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Lookup {
    pub(crate) scope: Scope,
    pub(crate) query: Query,
    shows_provenance: bool,
    lifetime: LifetimeForm,
    /// The content format of link deltas, where the answer is to be one.
    delta_format: Option<ContentFormat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum LifetimeForm {
    Hidden,
    Age,
    Remaining,
}

/// As whom a look-up is answered: everybody with the same view sees the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct View {
    /// The zone that the peer is in, as what is link-local is shown in its zone alone.
    zone: Option<u32>,
    /// What the peer proved; nothing where everybody finds everything.
    credentials: Vec<Credential>,
}

/// An answer to a look-up, ready to be sent to everybody who has the same view.
#[derive(Debug, Clone)]
pub(crate) struct Rendering {
    /// The links, in link-format.
    pub(crate) links: Bytes,
    /// The name of these links, whatever format they are sent in.
    pub(crate) etag: ETag,
    payload: Bytes,
    format: ContentFormat,
    /// Until when nothing in it expires by itself.
    pub(crate) good_until: Instant,
}

/// What a rendering needs besides the look-up.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) now: Instant,
    pub(crate) directory: &'a Directory,
    pub(crate) policy: &'a dyn Policy,
    pub(crate) limits: &'a ServerLimits,
    pub(crate) paging: &'a mut Paging,
    /// Why the client gets only what is free, if it does.
    pub(crate) overdrawn: Option<Overdrawn>,
    /// What was done so far: bytes that were written, or what takes as long.
    pub(crate) work: u64,
}

impl Lookup {
    /// Reads the query. A bare `provenance`, `lt-age` or `lt-remaining` says what to show and is no criterion; with a
    /// value, `provenance` is one as well.
    pub(crate) fn parse(
        scope: Scope,
        request: &Request,
        policy: &dyn Policy,
        peer: &Peer,
        limits: &ServerLimits,
    ) -> Result<Self, Refusal> {
        let mut query = Query::from_options_within(limits.query, &request.query)?;
        let mut shows_provenance = false;
        let mut lifetime = LifetimeForm::Hidden;
        let mut has_value = None;
        query.retain(|criterion| {
            let is_bare = *criterion.test() == Test::Exists;
            let form = match criterion.name() {
                "provenance" => {
                    shows_provenance = true;
                    return !is_bare;
                }
                "lt-age" => LifetimeForm::Age,
                "lt-remaining" => LifetimeForm::Remaining,
                _ => return true,
            };
            if !is_bare {
                has_value = Some(if form == LifetimeForm::Age { "lt-age" } else { "lt-remaining" });
            }
            lifetime = form;
            false
        });
        if let Some(name) = has_value {
            return Err(Refusal::parameter(name, ParameterFault::Value));
        }
        let client = Client::new(&peer.credentials);
        if shows_provenance && !policy.reveals_provenance(&client) {
            return Err(Refusal::NotShown("provenance"));
        }
        if lifetime != LifetimeForm::Hidden && !policy.reveals_lifetime(&client) {
            let name = if lifetime == LifetimeForm::Age { "lt-age" } else { "lt-remaining" };
            return Err(Refusal::NotShown(name));
        }
        if scope == Scope::Resources {
            // A resource has no lifetime of its own.
            lifetime = LifetimeForm::Hidden;
        } else {
            shows_provenance = false;
        }
        Ok(Self { scope, query, shows_provenance, lifetime, delta_format: None })
    }

    /// Returns the look-up as one that is answered in this format: link-format, or link deltas if the server has them.
    pub(crate) fn accepting(
        self,
        format: Option<ContentFormat>,
        delta_format: Option<ContentFormat>,
    ) -> Result<Self, Refusal> {
        match format {
            None | Some(ContentFormat::LINK_FORMAT) => Ok(self),
            format if format == delta_format => Ok(Self { delta_format, ..self }),
            Some(_) => Err(Refusal::NotAcceptable),
        }
    }

    /// Tells whether the answer is a link delta.
    pub(crate) fn is_by_deltas(&self) -> bool {
        self.delta_format.is_some()
    }

    /// Tells whether the answer changes by mere passing of time.
    pub(crate) fn shows_time(&self) -> bool {
        self.lifetime != LifetimeForm::Hidden
    }

    const fn show(&self) -> Show {
        Show {
            provenance: self.shows_provenance,
            lifetime: match self.lifetime {
                LifetimeForm::Hidden => ShowLifetime::No,
                LifetimeForm::Age => ShowLifetime::Age,
                LifetimeForm::Remaining => ShowLifetime::Remaining,
            },
        }
    }

    /// Writes the answer, once for everybody who has the same view.
    pub(crate) fn render(&self, context: &mut Context<'_>, view: &View) -> Result<Rendering, Refusal> {
        let client = Client::new(&view.credentials);
        context.policy.look_up(&client)?;
        let answer_bytes = context.limits.answer_bytes;
        let limit = if context.overdrawn.is_some() { answer_bytes.min(FREE as usize) } else { answer_bytes };
        let mut body = BoundedText::with_capacity(limit, USUAL_ANSWER);
        let mut good_until = Instant::MAX;
        let written = self.write(context, view, &mut body, &mut good_until);
        // A delta is written once more.
        let times = if self.is_by_deltas() { 2 } else { 1 };
        context.work = context.work.saturating_add(times * body.as_str().len() as u64);
        if let Some(overdrawn) = context.overdrawn.filter(|_| written.is_err() || context.work > FREE) {
            return Err(Refusal::Overdrawn(overdrawn));
        }
        written.map_err(|_| Refusal::AnswerTooLarge { limit })?;
        let etag = ETag::of(body.as_str().as_bytes());
        let links = Bytes::from(body.into_string().into_boxed_str().into_boxed_bytes());
        let (payload, format) = match self.delta_format {
            None => (links.clone(), ContentFormat::LINK_FORMAT),
            Some(format) => (whole(&links, etag)?, format),
        };
        Ok(Rendering { links, etag, payload, format, good_until })
    }

    fn write(
        &self,
        context: &mut Context<'_>,
        view: &View,
        body: &mut BoundedText,
        good_until: &mut Instant,
    ) -> fmt::Result {
        let Context { now, directory, policy, limits, paging, overdrawn, work } = context;
        let (now, directory, policy) = (*now, *directory, *policy);
        let mut out = LinkWriter::new(body);
        let show = self.show();
        let mut note = |endpoint: &Endpoint<'_>| {
            *good_until = (*good_until).min(now + endpoint.age().remaining(endpoint.lifetime()));
        };
        let reveals = |endpoint: &Endpoint<'_>| policy.reveals(&Client::new(&view.credentials), endpoint);
        // Pages count what the client may see. What a policy hides is left out before they are cut.
        let whole;
        let (query, page) = if policy.reveals_everything() {
            (&self.query, None)
        } else {
            whole = self.query.clone().without_page();
            (&whole, Some(&self.query))
        };
        let most_looks = if overdrawn.is_some() { FREE / LOOK } else { u64::MAX };
        let far_page = query.page().filter(|page| page.skip() > 0 && overdrawn.is_none());
        let mut pages = far_page.and_then(|page| Some((page, paging.pages(query, view.zone, limits.paged_results)?)));
        let (written, looks) = match self.scope {
            Scope::Endpoints => {
                let mut write = |endpoint: Endpoint<'_>| {
                    note(&endpoint);
                    endpoint.write(&mut out, show)
                };
                let mut found = match &mut pages {
                    Some((page, pages)) => pages.endpoints(directory, now, *page),
                    None => directory.endpoints(now, query).seen_from(view.zone).looking_at_most(most_looks),
                };
                let written = match page {
                    None => found.try_for_each(&mut write),
                    Some(page) => page.paginate(found.by_ref().filter(reveals)).try_for_each(&mut write),
                };
                (written, found.looks())
            }
            Scope::Resources => {
                let mut write = |resource: Resource<'_>| {
                    note(&resource.endpoint());
                    resource.write(&mut out, show)
                };
                let mut found = match &mut pages {
                    Some((page, pages)) => pages.resources(directory, now, *page),
                    None => directory.resources(now, query).seen_from(view.zone).looking_at_most(most_looks),
                };
                let written = match page {
                    None => found.try_for_each(&mut write),
                    Some(page) => page
                        .paginate(found.by_ref().filter(|resource| reveals(&resource.endpoint())))
                        .try_for_each(&mut write),
                };
                (written, found.looks())
            }
        };
        *work = work.saturating_add(looks.saturating_mul(LOOK));
        written?;
        out.finish()
    }
}

impl View {
    pub(crate) fn of(peer: &Peer, policy: &dyn Policy) -> Self {
        let credentials = if policy.reveals_everything() { Vec::new() } else { peer.credentials.clone() };
        Self { zone: peer.zone, credentials }
    }
}

impl Rendering {
    /// Returns how many bytes it takes, with what leads to it where it is a link delta.
    pub(crate) fn size(&self) -> usize {
        // The links are the payload, or else have steps beside them that take no more, and as they are sent once more as much.
        if self.format == ContentFormat::LINK_FORMAT {
            self.links.len()
        } else {
            3 * self.links.len() + self.payload.len()
        }
    }

    /// Returns the response that carries a step to the answer instead. It is of use to nobody but whom it is sent to, so that a
    /// cache must not keep it.
    pub(crate) fn step(&self, step: Bytes) -> Response {
        let mut response = Response::new(Code::CONTENT).with_payload(step).with_max_age(0);
        response.content_format = Some(self.format);
        response
    }

    /// Returns the response that carries the answer, good for as long as nothing in it expires and at most a minute.
    pub(crate) fn response(&self, now: Instant) -> Response {
        let mut response = Response::new(Code::CONTENT).with_payload(self.payload.clone());
        response.content_format = Some(self.format);
        response.etag = Some(self.etag);
        let left = self.good_until.saturating_since(now).as_secs();
        if left < DEFAULT_MAX_AGE {
            response.max_age = Some(left as u32);
        }
        response
    }
}

/// Writes all links as a delta from nothing.
fn whole(links: &Bytes, etag: ETag) -> Result<Bytes, Refusal> {
    let links = LinkDocument::parse_bytes(links).map_err(|_| Refusal::Internal)?;
    Ok(LinkDelta::whole(links).leading_to(tag_of(etag)).encode().into_boxed_slice().into())
}

const DEFAULT_MAX_AGE: u64 = 60;
/// The work that is not counted, in bytes: about what it takes to receive the question and to send the answer.
pub(crate) const FREE: u64 = 8 << 10;
/// What a look at a registration or a link costs, in bytes. The slowest, at what has to be resolved first, take a little longer
/// than to write as much. Those that are free are enough for a page of ten.
const LOOK: u64 = 128;
/// What one endpoint, or a few links, take up, in bytes.
const USUAL_ANSWER: usize = 256;
