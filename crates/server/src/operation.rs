use alloc::string::String;

use bytes::Bytes;
use waypost_directory::Endpoint;
use waypost_model::{BaseSource, Location, Update};
use waypost_rest::{Account, Code, ContentFormat, Method, Peer, Request, Response};
use waypost_time::Instant;

use crate::lookup::FREE;
use crate::parameters::{Interface, parameters};
use crate::patch::{check_state, etag_of_links};
use crate::registration::{observed_base, zone_of};
use crate::representation::accepts_link_format;
use crate::{Client, Event, Operation, Refusal, Server};

/// Operations on the registration resource ([RFC 9176 §5.3](https://www.rfc-editor.org/rfc/rfc9176#section-5.3)).
impl Server {
    pub(crate) fn operate(
        &mut self,
        now: Instant,
        peer: &Peer,
        location: &Location,
        request: &Request,
    ) -> Result<Response, Refusal> {
        if !location.is_local() || self.directory.registration(now, location).is_none() {
            return Err(Refusal::of_absence(request));
        }
        match request.method {
            Method::Post | Method::Patch | Method::IPatch => self.update(now, peer, location, request),
            Method::Delete => self.remove(now, peer, location, request),
            Method::Get => self.read(now, peer, location, request),
            _ => Err(Refusal::MethodNotAllowed),
        }
    }

    /// Changes or renews a registration; PATCH and iPATCH change its links besides.
    fn update(
        &mut self,
        now: Instant,
        peer: &Peer,
        location: &Location,
        request: &Request,
    ) -> Result<Response, Refusal> {
        let delta = match request.method {
            // The standard leaves it to others to say what a payload means; doing half of a request is worse than nothing.
            Method::Post if !request.payload.is_empty() => return Err(Refusal::UnexpectedPayload),
            Method::Post => None,
            _ => Some(self.patch(request)?),
        };
        let limit = self.config.limits.query_arguments;
        let parameters = parameters(&request.query, Interface::Update, limit)?;
        let links = self.directory.registration(now, location).map_or(0, |endpoint| endpoint.document().as_str().len());
        if delta.is_some() {
            // The policy is asked about what comes of them.
            self.count_links(peer, links);
        }
        let endpoint = self.directory.registration(now, location).ok_or(Refusal::NotFound)?;
        let base = match parameters.base {
            Some(base) => Some(base),
            None if endpoint.base_source() == BaseSource::Given => None,
            None => Some(observed_base(peer)?),
        };
        let zone = base.as_ref().map(|base| zone_of(base, peer)).transpose()?.flatten();
        let is_other = |base: &waypost_model::Base| {
            (base.as_str(), base.source(), zone) != (endpoint.base(), endpoint.base_source(), endpoint.zone())
        };
        let update = Update {
            base: base.filter(is_other),
            zone,
            lifetime: parameters.lifetime.filter(|lifetime| *lifetime != endpoint.lifetime()),
            attributes: parameters.attributes,
            links: delta.as_ref().map(|delta| delta.apply(endpoint.document())),
        };
        self.config.policy.operate(&Client::new(&peer.credentials), &Operation::Update(&update), &endpoint)?;
        self.check_freshness(now, peer, request.echo.as_ref(), location)?;
        check_precondition(request, &endpoint)?;
        if let Some(delta) = &delta {
            check_state(delta, &endpoint)?;
        }
        let (is_empty, before) = (update.is_empty(), endpoint.dot());
        // What has expired counts again once it is revived.
        let account = (endpoint.is_expired() && !self.quota.has(location)).then(|| Account::of(peer));
        if delta.is_none() && !is_empty {
            self.count_links(peer, links);
        }
        if let Some(account) = &account {
            self.check_quota(now, account, location)?;
        }
        let retry = self.config.limits.retry_seconds;
        self.directory.update(now, location, update).map_err(|refused| Refusal::of_directory(&refused, retry))?;
        if let Some(account) = account {
            self.book(now, account, location);
        }
        self.note_change(location);
        let endpoint = self.directory.registration(now, location);
        let after = endpoint.map(|endpoint| endpoint.dot());
        // Writes that merge at replicas can leave other links than those that the endpoint registered.
        let names_links = self.config.link_delta_format.is_some();
        let etag = endpoint.filter(|_| names_links).map(|endpoint| etag_of_links(&endpoint));
        let (location, uri) = (location.clone(), peer.uri.clone());
        self.note(match is_empty || after == Some(before) {
            true => Event::Renewed { location, peer: uri },
            false => Event::Updated { location, peer: uri },
        });
        let mut response = Response::new(Code::CHANGED);
        response.etag = etag;
        response.echo = self.preemptive_echo(now, peer);
        Ok(response)
    }

    fn remove(
        &mut self,
        now: Instant,
        peer: &Peer,
        location: &Location,
        request: &Request,
    ) -> Result<Response, Refusal> {
        let endpoint = self.directory.registration(now, location).ok_or(Refusal::NotFound)?;
        self.config.policy.operate(&Client::new(&peer.credentials), &Operation::Remove, &endpoint)?;
        self.check_freshness(now, peer, request.echo.as_ref(), location)?;
        check_precondition(request, &endpoint)?;
        let links = endpoint.document().as_str().len();
        self.count_links(peer, links);
        let retry = self.config.limits.retry_seconds;
        self.directory.remove(now, location).map_err(|refused| Refusal::of_directory(&refused, retry))?;
        self.quota.forget(location);
        self.simple.unmark(location);
        self.note_change(location);
        self.note(Event::Removed { location: location.clone(), peer: peer.uri.clone() });
        let mut response = Response::new(Code::DELETED);
        response.echo = self.preemptive_echo(now, peer);
        Ok(response)
    }

    /// Returns the links as they were registered. They are not shown outside the zone that they belong to.
    fn read(&mut self, now: Instant, peer: &Peer, location: &Location, request: &Request) -> Result<Response, Refusal> {
        accepts_link_format(request)?;
        let endpoint = self.directory.registration(now, location).ok_or(Refusal::NotFound)?;
        if endpoint.zone().is_some_and(|zone| peer.zone != Some(zone)) {
            return Err(Refusal::NotFound);
        }
        self.config.policy.operate(&Client::new(&peer.credentials), &Operation::Read, &endpoint)?;
        check_precondition(request, &endpoint)?;
        let etag = etag_of_links(&endpoint);
        let work = endpoint.document().as_str().len() as u64;
        if work > FREE && !request.etags.contains(&etag) {
            let limits = &self.config.limits;
            let spent = self.work.spend(now, Account::of(peer), work, limits.work(), limits.retry());
            spent.map_err(Refusal::Overdrawn)?;
        }
        let text = String::from(endpoint.document().as_str());
        let mut response = Response::content(ContentFormat::LINK_FORMAT, text);
        response.etag = Some(etag);
        Ok(response.or_valid(request))
    }

    pub(crate) fn check_freshness(
        &self,
        now: Instant,
        peer: &Peer,
        echo: Option<&Bytes>,
        location: &Location,
    ) -> Result<(), Refusal> {
        match &self.freshness {
            Some(freshness) => freshness.check(now, peer, echo, location),
            None => Ok(()),
        }
    }
}

/// Refuses a request that presumes another state than the present one
/// ([RFC 7252 §5.10.8.1](https://www.rfc-editor.org/rfc/rfc7252#section-5.10.8.1)).
fn check_precondition(request: &Request, endpoint: &Endpoint<'_>) -> Result<(), Refusal> {
    let is_met = request.if_match.is_empty() || request.presumes(Some(etag_of_links(endpoint)));
    if is_met { Ok(()) } else { Err(Refusal::Precondition) }
}
