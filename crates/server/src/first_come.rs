use alloc::boxed::Box;
use alloc::vec::Vec;

use waypost_directory::Endpoint;
use waypost_model::{Credentials, Sector};
use waypost_rest::Credential;

use crate::{Attempt, Client, Denial, Operation, Policy};

/// The policy *First Come First Remembered* ([RFC 9176 §7.5]): whoever registers a name first keeps it until the
/// registration expires or is removed.
///
/// What is remembered are all certified subject names of the client, each with the authority that certified it; else its
/// public key; else the security session. A later registration of the same name, and every operation on it, must show
/// everything that was remembered. A client without any security is refused, unless
/// [`accepting_unprotected`](Self::accepting_unprotected). Over a transport that proves nothing about clients, such as `waypost-coap`
/// without DTLS or OSCORE, that is everybody: nobody can register there.
///
/// ```
/// use waypost_rest::Credential;
/// use waypost_server::{Client, FirstComeFirstRemembered, Policy};
///
/// let policy = FirstComeFirstRemembered::new();
/// let first = [Credential::PublicKey(vec![1, 2, 3])];
/// let other = [Credential::PublicKey(vec![4, 5, 6])];
/// let remembered = policy.remember(&Client::new(&first), None);
/// assert!(FirstComeFirstRemembered::recognizes(&remembered, &Client::new(&first)));
/// assert!(!FirstComeFirstRemembered::recognizes(&remembered, &Client::new(&other)));
/// ```
///
/// [RFC 9176 §7.5]: https://www.rfc-editor.org/rfc/rfc9176#section-7.5
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FirstComeFirstRemembered {
    default_sector: Option<Sector>,
    is_unprotected_accepted: bool,
}

impl FirstComeFirstRemembered {
    /// Makes the policy as the standard describes it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the policy with a sector for registrations that name none.
    #[must_use]
    pub fn with_default_sector(mut self, sector: Sector) -> Self {
        self.default_sector = Some(sector);
        self
    }

    /// Returns the policy that also takes registrations without any security layer. Nothing protects those: everybody
    /// can change them.
    #[must_use]
    pub const fn accepting_unprotected(mut self) -> Self {
        self.is_unprotected_accepted = true;
        self
    }

    /// Tells whether the client shows everything that was remembered.
    #[must_use]
    pub fn recognizes(remembered: &Credentials, client: &Client<'_>) -> bool {
        remembered.is_met_by(&Credentials::new(client.credentials().iter().map(encode)))
    }

    fn check(&self, client: &Client<'_>, remembered: Option<&Credentials>) -> Result<(), Denial> {
        if !client.is_authenticated() && !self.is_unprotected_accepted {
            return Err(Denial::Unauthorized);
        }
        match remembered {
            Some(remembered) if !Self::recognizes(remembered, client) => Err(Denial::Forbidden),
            _ => Ok(()),
        }
    }
}

impl Policy for FirstComeFirstRemembered {
    fn default_sector(&self, _: &Client<'_>) -> Option<Sector> {
        self.default_sector.clone()
    }

    fn register(&self, client: &Client<'_>, attempt: &Attempt<'_>) -> Result<(), Denial> {
        let active = attempt.existing.as_ref().filter(|existing| !existing.is_expired());
        self.check(client, active.map(Endpoint::credentials))
    }

    fn remember(&self, client: &Client<'_>, _: Option<&Sector>) -> Credentials {
        let best = client.credentials().iter().map(rank).min();
        Credentials::new(client.credentials().iter().filter(|&proof| Some(rank(proof)) == best).map(encode))
    }

    fn operate(
        &self,
        client: &Client<'_>,
        operation: &Operation<'_>,
        registration: &Endpoint<'_>,
    ) -> Result<(), Denial> {
        let _ = operation;
        self.check(client, Some(registration.credentials()))
    }

    fn reveals_everything(&self) -> bool {
        true
    }
}

/// What is preferred for remembering comes first; what is unknown to this crate is like a session.
const fn rank(credential: &Credential) -> u8 {
    match credential {
        Credential::Subject { .. } => 0,
        Credential::PublicKey(_) => 1,
        _ => 2,
    }
}

/// Writes a credential so that different ones never become equal: a kind, and lengths before what varies.
fn encode(credential: &Credential) -> Box<[u8]> {
    let mut octets = Vec::new();
    match credential {
        Credential::Subject { authority, name } => {
            octets.push(b'n');
            octets.extend_from_slice(&(authority.len() as u64).to_be_bytes());
            octets.extend_from_slice(authority.as_bytes());
            octets.extend_from_slice(name.as_bytes());
        }
        Credential::PublicKey(key) => {
            octets.push(b'k');
            octets.extend_from_slice(key);
        }
        Credential::Session(session) => {
            octets.push(b's');
            octets.extend_from_slice(session);
        }
        _ => octets.push(b'?'),
    }
    octets.into()
}
