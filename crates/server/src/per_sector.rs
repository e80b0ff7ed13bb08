use alloc::boxed::Box;
use alloc::collections::BTreeMap;

use waypost_directory::Endpoint;
use waypost_model::{Credentials, EndpointName, Sector};

use crate::{Attempt, Client, Denial, Operation, Policy};

/// The policy that asks another policy for each sector ([RFC 9176 §7.4]).
///
/// A registration is subject to the policy of its sector; look-ups find what the policies of the sectors reveal.
/// Provenance and lifetimes, which concern an answer as a whole, are shown to whom all policies show them.
///
/// ```
/// use waypost_model::Sector;
/// use waypost_server::{FirstComeFirstRemembered, Open, PerSector};
///
/// let policy = PerSector::new(FirstComeFirstRemembered::new()).with(Sector::new("lab")?, Open);
/// # Ok::<(), waypost_model::InvalidName>(())
/// ```
///
/// [RFC 9176 §7.4]: https://www.rfc-editor.org/rfc/rfc9176#section-7.4
#[derive(Debug)]
pub struct PerSector {
    other: Box<dyn Policy>,
    by_sector: BTreeMap<Sector, Box<dyn Policy>>,
}

impl PerSector {
    /// Makes a policy that asks `other` for every sector, and for registrations without one.
    #[must_use]
    pub fn new(other: impl Policy + 'static) -> Self {
        Self { other: Box::new(other), by_sector: BTreeMap::new() }
    }

    /// Returns the policy that asks `policy` for this sector.
    #[must_use]
    pub fn with(mut self, sector: Sector, policy: impl Policy + 'static) -> Self {
        self.by_sector.insert(sector, Box::new(policy));
        self
    }

    fn of(&self, sector: Option<&str>) -> &dyn Policy {
        let named = sector.and_then(|sector| self.by_sector.get(sector));
        named.unwrap_or(&self.other).as_ref()
    }

    fn all(&self) -> impl Iterator<Item = &dyn Policy> {
        core::iter::once(&self.other).chain(self.by_sector.values()).map(AsRef::as_ref)
    }
}

impl Policy for PerSector {
    fn default_sector(&self, client: &Client<'_>) -> Option<Sector> {
        self.other.default_sector(client)
    }

    fn assigned_name(&self, client: &Client<'_>) -> Option<EndpointName> {
        self.other.assigned_name(client)
    }

    fn register(&self, client: &Client<'_>, attempt: &Attempt<'_>) -> Result<(), Denial> {
        self.of(attempt.sector.map(Sector::as_str)).register(client, attempt)
    }

    fn remember(&self, client: &Client<'_>, sector: Option<&Sector>) -> Credentials {
        self.of(sector.map(Sector::as_str)).remember(client, sector)
    }

    fn operate(
        &self,
        client: &Client<'_>,
        operation: &Operation<'_>,
        registration: &Endpoint<'_>,
    ) -> Result<(), Denial> {
        self.of(registration.sector()).operate(client, operation, registration)
    }

    fn look_up(&self, client: &Client<'_>) -> Result<(), Denial> {
        let mut denial = Denial::Unauthorized;
        for policy in self.all() {
            match policy.look_up(client) {
                Ok(()) => return Ok(()),
                Err(worse) => denial = worse,
            }
        }
        Err(denial)
    }

    fn reveals(&self, client: &Client<'_>, registration: &Endpoint<'_>) -> bool {
        let policy = self.of(registration.sector());
        policy.look_up(client).is_ok() && policy.reveals(client, registration)
    }

    fn reveals_provenance(&self, client: &Client<'_>) -> bool {
        self.all().all(|policy| policy.reveals_provenance(client))
    }

    fn reveals_lifetime(&self, client: &Client<'_>) -> bool {
        self.all().all(|policy| policy.reveals_lifetime(client))
    }

    fn reveals_everything(&self) -> bool {
        self.all().all(Policy::reveals_everything)
    }
}
