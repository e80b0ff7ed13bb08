use core::fmt;

use waypost_directory::Endpoint;
use waypost_link_format::LinkDocument;
use waypost_model::{Attributes, Base, Credentials, EndpointName, Sector, Update};
use waypost_rest::Credential;

/// Who asks, as far as a [`Policy`] may know it: by what was proven, never by protocol, port or address
/// ([RFC 9176 §8.2]).
///
/// ```
/// use waypost_server::Client;
///
/// assert!(!Client::new(&[]).is_authenticated());
/// ```
///
/// [RFC 9176 §8.2]: https://www.rfc-editor.org/rfc/rfc9176#section-8.2
#[derive(Debug, Clone, Copy)]
pub struct Client<'a> {
    credentials: &'a [Credential],
}

impl<'a> Client<'a> {
    /// Makes a client from what it proved.
    #[must_use]
    pub const fn new(credentials: &'a [Credential]) -> Self {
        Self { credentials }
    }

    /// Returns what the client proved.
    #[must_use]
    pub const fn credentials(&self) -> &'a [Credential] {
        self.credentials
    }

    /// Tells whether the client proved anything.
    #[must_use]
    pub const fn is_authenticated(&self) -> bool {
        !self.credentials.is_empty()
    }
}

/// A registration that a client wants to make, as a [`Policy`] sees it.
///
/// ```
/// use waypost_directory::Endpoint;
/// use waypost_link_format::LinkDocument;
/// use waypost_model::Update;
/// use waypost_server::{Attempt, Client, Denial, Operation, Policy};
///
/// /// Nobody but an authenticated client may register links to firmware ([RFC 9176 §7.2]), or change links to such.
/// #[derive(Debug)]
/// struct GuardsFirmware;
///
/// impl GuardsFirmware {
///     fn check(client: &Client<'_>, links: LinkDocument<'_>) -> Result<(), Denial> {
///         let is_firmware = links.links().any(|link| link.rt().any(|word| word == "ex.firmware"));
///         if is_firmware && !client.is_authenticated() { Err(Denial::Unauthorized) } else { Ok(()) }
///     }
/// }
///
/// impl Policy for GuardsFirmware {
///     fn register(&self, client: &Client<'_>, attempt: &Attempt<'_>) -> Result<(), Denial> {
///         Self::check(client, attempt.links)
///     }
///
///     fn operate(&self, client: &Client<'_>, operation: &Operation<'_>, _: &Endpoint<'_>) -> Result<(), Denial> {
///         match operation {
///             Operation::Update(Update { links: Some(links), .. }) => Self::check(client, links.as_document()),
///             _ => Ok(()),
///         }
///     }
/// }
/// ```
///
/// [RFC 9176 §7.2]: https://www.rfc-editor.org/rfc/rfc9176#section-7.2
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Attempt<'a> {
    /// The sector, after [`Policy::default_sector`].
    pub sector: Option<&'a Sector>,
    /// The name, after [`Policy::assigned_name`].
    pub endpoint: &'a EndpointName,
    /// The base URI, given or observed.
    pub base: &'a Base,
    /// The attributes of the endpoint.
    pub attributes: &'a Attributes,
    /// The links. Not known yet, thus empty, when a simple registration is asked about before its links are fetched; it
    /// is asked about again with them.
    pub links: LinkDocument<'a>,
    /// The registration that would be replaced; it may have expired and still be kept.
    pub existing: Option<Endpoint<'a>>,
}

/// An operation on a registration resource ([RFC 9176 §5.3](https://www.rfc-editor.org/rfc/rfc9176#section-5.3)).
///
/// ```
/// use waypost_directory::Endpoint;
/// use waypost_server::{Client, Denial, Operation, Policy};
///
/// /// A registration stays at the base that it was made with.
/// #[derive(Debug)]
/// struct Stationary;
///
/// impl Policy for Stationary {
///     fn operate(&self, _: &Client<'_>, operation: &Operation<'_>, _: &Endpoint<'_>) -> Result<(), Denial> {
///         match operation {
///             Operation::Update(update) if update.base.is_some() => Err(Denial::Forbidden),
///             _ => Ok(()),
///         }
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Operation<'a> {
    /// Change it, or renew it if the update is empty. It has links if they are changed: then all that there would be.
    Update(&'a Update),
    /// Remove it.
    Remove,
    /// Read the links as they were registered.
    Read,
}

/// Why a policy says no.
///
/// ```
/// assert_eq!(waypost_server::Denial::Forbidden.to_string(), "not allowed");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Denial {
    /// The client must show who it is: 4.01.
    #[error("credentials needed")]
    Unauthorized,
    /// Whoever the client is, it may not: 4.03.
    #[error("not allowed")]
    Forbidden,
}

/// Says who may do what ([RFC 9176 §7]): the security policy of a directory.
///
/// Every method has a default, and the defaults let everybody do everything. A policy decides from its arguments alone:
/// the same question has the same answer until the configuration changes.
///
/// ```
/// use waypost_rest::Credential;
/// use waypost_server::{Attempt, Client, Denial, Policy};
///
/// /// Only a client that is certified under the name of the endpoint may register it.
/// #[derive(Debug)]
/// struct ByName;
///
/// impl Policy for ByName {
///     fn register(&self, client: &Client<'_>, attempt: &Attempt<'_>) -> Result<(), Denial> {
///         if !client.is_authenticated() {
///             return Err(Denial::Unauthorized);
///         }
///         let is_named = |proof: &Credential| match proof {
///             Credential::Subject { name, .. } => name == attempt.endpoint.as_str(),
///             _ => false,
///         };
///         if client.credentials().iter().any(is_named) { Ok(()) } else { Err(Denial::Forbidden) }
///     }
/// }
/// ```
///
/// [RFC 9176 §7]: https://www.rfc-editor.org/rfc/rfc9176#section-7
pub trait Policy: fmt::Debug + Send + Sync {
    /// Returns the sector of a registration that names none ([RFC 9176 §5](https://www.rfc-editor.org/rfc/rfc9176#section-5), `d`).
    fn default_sector(&self, client: &Client<'_>) -> Option<Sector> {
        let _ = client;
        None
    }

    /// Returns the only endpoint name that the client may use, if there is exactly one: then the client need not give
    /// it, and may give no other ([RFC 9176 §5](https://www.rfc-editor.org/rfc/rfc9176#section-5), `ep`).
    fn assigned_name(&self, client: &Client<'_>) -> Option<EndpointName> {
        let _ = client;
        None
    }

    /// Decides on a registration, new or replacing an existing one.
    ///
    /// # Errors
    /// [`Denial`] unless the client may make it.
    fn register(&self, client: &Client<'_>, attempt: &Attempt<'_>) -> Result<(), Denial> {
        let _ = (client, attempt);
        Ok(())
    }

    /// Returns what is remembered of the client together with a new registration in that sector.
    fn remember(&self, client: &Client<'_>, sector: Option<&Sector>) -> Credentials {
        let _ = (client, sector);
        Credentials::default()
    }

    /// Decides on an operation on a registration.
    ///
    /// # Errors
    /// [`Denial`] unless the client may do it.
    fn operate(
        &self,
        client: &Client<'_>,
        operation: &Operation<'_>,
        registration: &Endpoint<'_>,
    ) -> Result<(), Denial> {
        let _ = (client, operation, registration);
        Ok(())
    }

    /// Decides whether the client may look up at all.
    ///
    /// # Errors
    /// [`Denial`] unless it may.
    fn look_up(&self, client: &Client<'_>) -> Result<(), Denial> {
        let _ = client;
        Ok(())
    }

    /// Decides whether look-ups of the client find this registration. What they do not find is not used to satisfy a
    /// criterion either ([RFC 9176 §7.3](https://www.rfc-editor.org/rfc/rfc9176#section-7.3)).
    fn reveals(&self, client: &Client<'_>, registration: &Endpoint<'_>) -> bool {
        let _ = (client, registration);
        true
    }

    /// Decides whether look-ups of the client show, on request, the registration that a link comes from.
    fn reveals_provenance(&self, client: &Client<'_>) -> bool {
        let _ = client;
        true
    }

    /// Decides whether look-ups of the client show, on request, lifetimes and their age, which tell when an endpoint
    /// communicates.
    fn reveals_lifetime(&self, client: &Client<'_>) -> bool {
        let _ = client;
        true
    }

    /// Tells whether every client may look up and finds every registration. Then [`Policy::reveals`] need not be asked
    /// about each of them, pages are found in the index, and observers of one query share one rendering whoever they are.
    fn reveals_everything(&self) -> bool {
        false
    }
}

/// The policy that lets everybody do everything, for networks in which everybody is trusted.
///
/// ```
/// use waypost_server::{Client, Open, Policy};
///
/// assert!(Open.look_up(&Client::new(&[])).is_ok());
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Open;

impl Policy for Open {
    fn reveals_everything(&self) -> bool {
        true
    }
}
