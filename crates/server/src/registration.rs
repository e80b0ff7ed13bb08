use alloc::string::String;

use bytes::Bytes;
use waypost_directory::Directory;
use waypost_link_format::{LinkDocument, LinkDocumentBuf, ParseError};
use waypost_model::{Base, Location, Parameters, Registration};
use waypost_rest::{Account, Code, ContentFormat, Method, Peer, Request, Response};
use waypost_time::Instant;

use crate::parameters::{Interface, parameters};
use crate::patch::etag_of_links;
use crate::{Attempt, Client, Denial, Event, ParameterFault, Refusal, Server};

/// The registration interface ([RFC 9176 §5](https://www.rfc-editor.org/rfc/rfc9176#section-5)).
impl Server {
    /// Registers what the payload of a POST says.
    pub(crate) fn register(&mut self, now: Instant, peer: &Peer, request: &Request) -> Result<Response, Refusal> {
        if request.method != Method::Post {
            return Err(Refusal::MethodNotAllowed);
        }
        let limit = self.config.limits.query_arguments;
        let parameters = parameters(&request.query, Interface::Registration, limit)?;
        let links = self.links(request.content_format, &request.payload, Refusal::Links)?;
        let candidate = self.candidate(peer, parameters, links)?;
        let location = self.admit(now, peer, &candidate)?;
        self.check_freshness(now, peer, request.echo.as_ref(), &location)?;
        self.enter(now, peer, &location, candidate)?;
        self.simple.unmark(&location);
        let mut response = Response::new(Code::CREATED);
        response.location_path = location.segments().map(String::from).collect();
        // Where a location is told, the tag is that of what a GET gets there (RFC 7252 §5.10.6.1).
        response.etag = self.directory.registration(now, &location).map(|endpoint| etag_of_links(&endpoint));
        response.echo = self.preemptive_echo(now, peer);
        Ok(response)
    }

    /// Reads a document in Limited Link Format. A payload without format is taken for one: constrained registrants leave
    /// the option out, and whatever is something else does not pass the grammar.
    pub(crate) fn links(
        &self,
        format: Option<ContentFormat>,
        payload: &Bytes,
        refuse: fn(ParseError) -> Refusal,
    ) -> Result<LinkDocumentBuf, Refusal> {
        if format.is_some_and(|format| format != ContentFormat::LINK_FORMAT) {
            return Err(Refusal::UnsupportedFormat);
        }
        let limit = self.directory.config().limits.bytes_per_registration;
        if payload.len() > limit {
            return Err(Refusal::TooLarge { what: "payload bytes", limit });
        }
        let document = LinkDocument::parse_bytes(payload).map_err(refuse)?;
        document.check_limited().map_err(refuse)?;
        Ok(document.into())
    }

    /// Makes the registration that a request stands for, with what the policy and the source of the request add.
    pub(crate) fn candidate(
        &self,
        peer: &Peer,
        parameters: Parameters,
        links: LinkDocumentBuf,
    ) -> Result<Registration, Refusal> {
        let policy = &self.config.policy;
        let client = Client::new(&peer.credentials);
        let endpoint = match (policy.assigned_name(&client), parameters.endpoint) {
            (Some(assigned), None) => assigned,
            (Some(assigned), Some(given)) if assigned == given => assigned,
            (Some(_), Some(_)) => return Err(Refusal::Denied(Denial::Forbidden)),
            (None, Some(given)) => given,
            (None, None) => return Err(Refusal::parameter("ep", waypost_model::ParameterFault::Missing.into())),
        };
        let base = match parameters.base {
            Some(base) => base,
            None => observed_base(peer)?,
        };
        let mut registration = Registration::new(endpoint, base, links);
        registration.zone = zone_of(&registration.base, peer)?;
        registration.sector = parameters.sector.or_else(|| policy.default_sector(&client));
        registration.lifetime = parameters.lifetime.unwrap_or_default();
        registration.attributes = parameters.attributes;
        Ok(registration)
    }

    /// Asks the policy about a registration, and returns where it is or would be.
    pub(crate) fn admit(&self, now: Instant, peer: &Peer, candidate: &Registration) -> Result<Location, Refusal> {
        let location = self.directory.locate(candidate.sector.as_ref(), &candidate.endpoint);
        let attempt = Attempt {
            sector: candidate.sector.as_ref(),
            endpoint: &candidate.endpoint,
            base: &candidate.base,
            attributes: &candidate.attributes,
            links: candidate.links.as_document(),
            existing: self.directory.registration(now, &location),
        };
        self.config.policy.register(&Client::new(&peer.credentials), &attempt)?;
        Ok(location)
    }

    /// Enters a registration that was admitted, if the limits allow it.
    pub(crate) fn enter(
        &mut self,
        now: Instant,
        peer: &Peer,
        location: &Location,
        mut candidate: Registration,
    ) -> Result<(), Refusal> {
        let limits = self.config.limits;
        let account = Account::of(peer);
        self.check_quota(now, &account, location)?;
        let existing = self.directory.registration(now, location);
        candidate.credentials = match existing {
            // What was remembered first stays, until it expires.
            Some(existing) if !existing.is_expired() && !existing.credentials().is_empty() => {
                existing.credentials().clone()
            }
            _ => self.config.policy.remember(&Client::new(&peer.credentials), candidate.sector.as_ref()),
        };
        let (sector, endpoint) = (candidate.sector.clone(), candidate.endpoint.clone());
        let registered = self
            .directory
            .register(now, candidate)
            .map_err(|refused| Refusal::of_directory(&refused, limits.retry_seconds))?;
        self.book(now, account, &registered.location);
        self.note_change(&registered.location);
        self.note(Event::Registered {
            location: registered.location.clone(),
            sector,
            endpoint,
            is_new: registered.is_new,
            peer: peer.uri.clone(),
        });
        Ok(())
    }

    /// Refuses one registration more than a peer may have.
    pub(crate) fn check_quota(&mut self, now: Instant, account: &Account, location: &Location) -> Result<(), Refusal> {
        let limits = self.config.limits;
        let deadline = |location: &Location| live_until(&self.directory, now, location);
        if self.quota.admits(now, account, location, limits.registrations_per_peer, deadline) {
            return Ok(());
        }
        let limit = limits.registrations_per_peer;
        Err(Refusal::TooMany { what: "registrations", limit, retry: limits.retry_seconds })
    }

    /// Takes note of whose registration it is.
    pub(crate) fn book(&mut self, now: Instant, account: Account, location: &Location) {
        let deadline = |location: &Location| live_until(&self.directory, now, location);
        let due = deadline(location).unwrap_or(now);
        self.quota.book(account, location, due, deadline);
    }
}

/// Returns when a registration expires that has not yet.
fn live_until(directory: &Directory, now: Instant, location: &Location) -> Option<Instant> {
    let endpoint = directory.registration(now, location)?;
    (!endpoint.is_expired()).then(|| endpoint.deadline())
}

/// Returns the base that a request from this peer has where none is given.
pub(crate) fn observed_base(peer: &Peer) -> Result<Base, Refusal> {
    Base::observed(&peer.uri).map_err(|_| Refusal::parameter("base", ParameterFault::NoBase))
}

/// Returns the zone that a base is in, if it is in one: then that must be the zone of the request.
pub(crate) fn zone_of(base: &Base, peer: &Peer) -> Result<Option<u32>, Refusal> {
    // A link is told apart by the addresses of one family.
    let is_literal = |uri: &str| uri.contains("://[");
    match peer.zone.filter(|_| is_literal(base.as_str()) == is_literal(&peer.uri)) {
        _ if !base.is_link_local() => Ok(None),
        Some(zone) => Ok(Some(zone)),
        None => Err(Refusal::parameter("base", ParameterFault::OtherLink)),
    }
}
