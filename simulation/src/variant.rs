use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use waypost_client::Registrant;
use waypost_coap::Config;
use waypost_rest::{Code, Method, Output, Request, Response};
use waypost_server::Server;
use waypost_sync::{Limits, Proxy, Replicated};
use waypost_time::Instant;

use crate::Scene;
use crate::bent::Bend;
use crate::machine::Machine;
use crate::misproxying::{ForgetsWhoAsks, PassesForCurrent};
use crate::misreplication::{MergesByAge, NeverForgets, RenewsForOthers};
use crate::world::World;

/// A way in which the programs of a world are wrong, to prove that the judge finds it out.
///
/// ```
/// use waypost_simulation::Variant;
///
/// assert_eq!("renews-late".parse(), Ok(Variant::RenewsLate));
/// assert!("renews-at-will".parse::<Variant>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variant {
    /// Directories acknowledge removals, and do nothing.
    IgnoresRemovals,
    /// Directories acknowledge every third registration, and do nothing.
    LosesRegistrations,
    /// Directories acknowledge every third update, and do nothing.
    LosesUpdates,
    /// Directories show registrations for twice their lifetime.
    ShowsExpired,
    /// Directories do not tell observers of every second change.
    ForgetsObservers,
    /// Endpoints renew five minutes late.
    RenewsLate,
    /// Nobody sends a datagram twice.
    NeverRepeats,
    /// Directories take each copy of a datagram for another one.
    TakesCopies,
    /// Replicas compare removals and registrations by their ages, and not by what they saw.
    MergesByAge,
    /// Replicas forget at once what was removed.
    ForgetsRemovals,
    /// Replicas go by the id that they had when they restart without memory.
    KeepsItsId,
    /// Replicas renew what others wrote, and do not take it over.
    RenewsForOthers,
    /// Proxies keep what is gone from where they have it.
    NeverForgets,
    /// Proxies do not ask whether they are still told of changes.
    TrustsObservations,
    /// Proxies pass on what they mirror as what its authority has now, also when they do not know.
    PassesForCurrent,
    /// Proxies answer their sources as they answer clients.
    ForgetsWhoAsks,
    /// Proxies ask all the time whether they are still told of changes.
    NeverRests,
}

impl Variant {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::IgnoresRemovals,
        Self::LosesRegistrations,
        Self::LosesUpdates,
        Self::ShowsExpired,
        Self::ForgetsObservers,
        Self::RenewsLate,
        Self::NeverRepeats,
        Self::TakesCopies,
        Self::MergesByAge,
        Self::ForgetsRemovals,
        Self::KeepsItsId,
        Self::RenewsForOthers,
        Self::NeverForgets,
        Self::TrustsObservations,
        Self::PassesForCurrent,
        Self::ForgetsWhoAsks,
        Self::NeverRests,
    ];

    /// Returns the kinds of worlds in which there is something that can be wrong so.
    #[must_use]
    pub const fn scenes(self) -> &'static [Scene] {
        match self {
            Self::MergesByAge | Self::ForgetsRemovals | Self::KeepsItsId | Self::RenewsForOthers => &[Scene::Replicas],
            Self::NeverForgets | Self::TrustsObservations => &[Scene::Mirrors],
            Self::PassesForCurrent | Self::ForgetsWhoAsks | Self::NeverRests => &[Scene::Chain],
            _ => &[Scene::Single, Scene::Several],
        }
    }

    /// Returns what is wrong with a directory.
    pub(crate) fn of_directory<S>(self) -> Option<Box<dyn Bend<S>>> {
        match self {
            Self::IgnoresRemovals => Some(Box::new(IgnoresRemovals)),
            Self::LosesRegistrations => Some(Box::new(Loses { is_meant: is_registration, count: 0 })),
            Self::LosesUpdates => Some(Box::new(Loses { is_meant: is_update, count: 0 })),
            Self::ShowsExpired => Some(Box::new(ShowsExpired)),
            Self::ForgetsObservers => Some(Box::new(ForgetsObservers { count: 0 })),
            _ => None,
        }
    }

    /// Returns what is wrong with a replica.
    pub(crate) fn of_replica(self) -> Option<Box<dyn Bend<Replicated<Server>>>> {
        match self {
            Self::MergesByAge => Some(Box::new(MergesByAge::default())),
            Self::RenewsForOthers => Some(Box::new(RenewsForOthers)),
            _ => self.of_directory(),
        }
    }

    /// Returns what is wrong with a proxy.
    pub(crate) fn of_proxy(self) -> Option<Box<dyn Bend<Proxy<Server>>>> {
        match self {
            Self::NeverForgets => Some(Box::new(NeverForgets::default())),
            Self::PassesForCurrent => Some(Box::new(PassesForCurrent)),
            Self::ForgetsWhoAsks => Some(Box::new(ForgetsWhoAsks)),
            _ => None,
        }
    }

    /// Does to a mirror what is wrong with it.
    pub(crate) fn bend_mirror(self, limits: &mut Limits) {
        match self {
            Self::TrustsObservations => limits.refresh = Duration::from_secs(24 * 3600),
            Self::NeverRests => limits.refresh = Duration::from_secs(1),
            _ => {}
        }
    }

    /// Returns what is wrong with the registrant of an endpoint.
    pub(crate) fn of_registrant(self) -> Option<Box<dyn Bend<Registrant>>> {
        (self == Self::RenewsLate).then(|| Box::new(RenewsLate) as Box<dyn Bend<Registrant>>)
    }

    /// Does to the transport of a directory what is wrong with it.
    pub(crate) fn bend_transport(self, config: &mut Config) {
        if self == Self::TakesCopies {
            config.limits.remembered = 0;
            config.limits.remembered_per_peer = 0;
        }
    }

    /// Does to a world what is wrong with its machines.
    pub(crate) fn bend(self, world: &mut World) {
        if self == Self::NeverRepeats {
            world.machines_mut().for_each(Machine::without_repeats);
        }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IgnoresRemovals => "ignores-removals",
            Self::LosesRegistrations => "loses-registrations",
            Self::LosesUpdates => "loses-updates",
            Self::ShowsExpired => "shows-expired",
            Self::ForgetsObservers => "forgets-observers",
            Self::RenewsLate => "renews-late",
            Self::NeverRepeats => "never-repeats",
            Self::TakesCopies => "takes-copies",
            Self::MergesByAge => "merges-by-age",
            Self::ForgetsRemovals => "forgets-removals",
            Self::KeepsItsId => "keeps-its-id",
            Self::RenewsForOthers => "renews-for-others",
            Self::NeverForgets => "never-forgets",
            Self::TrustsObservations => "trusts-observations",
            Self::PassesForCurrent => "passes-for-current",
            Self::ForgetsWhoAsks => "forgets-who-asks",
            Self::NeverRests => "never-rests",
        })
    }
}

impl FromStr for Variant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        crate::name::named(Self::ALL, text)
    }
}

struct IgnoresRemovals;

impl<S> Bend<S> for IgnoresRemovals {
    fn request(&mut self, _: Instant, _: &mut S, request: &mut Request) -> Option<Response> {
        (request.method == Method::Delete).then(|| Response::new(Code::DELETED))
    }
}

/// Loses every third request of a kind.
struct Loses {
    is_meant: fn(&Request) -> bool,
    count: u32,
}

impl<S> Bend<S> for Loses {
    fn request(&mut self, _: Instant, _: &mut S, request: &mut Request) -> Option<Response> {
        self.count += u32::from((self.is_meant)(request));
        if !(self.is_meant)(request) || !self.count.is_multiple_of(3) {
            return None;
        }
        let mut response = Response::new(if is_registration(request) { Code::CREATED } else { Code::CHANGED });
        if is_registration(request) {
            response.location_path = vec!["rd".into(), "nowhere".into()];
        }
        Some(response)
    }
}

fn is_registration(request: &Request) -> bool {
    request.method == Method::Post && request.path == ["rd"]
}

fn is_update(request: &Request) -> bool {
    request.method == Method::Post && request.path.len() == 2 && !request.query.is_empty()
}

struct ShowsExpired;

impl<S> Bend<S> for ShowsExpired {
    fn request(&mut self, _: Instant, _: &mut S, request: &mut Request) -> Option<Response> {
        for argument in &mut request.query {
            if let Some(seconds) = argument.strip_prefix("lt=").and_then(|seconds| seconds.parse::<u32>().ok()) {
                *argument = format!("lt={}", seconds * 2);
            }
        }
        None
    }
}

struct ForgetsObservers {
    count: u32,
}

impl<S> Bend<S> for ForgetsObservers {
    fn says(&mut self, output: &mut Output) -> bool {
        self.count += u32::from(matches!(output, Output::Changed { .. }));
        !matches!(output, Output::Changed { .. }) || self.count.is_multiple_of(2)
    }
}

struct RenewsLate;

impl Bend<Registrant> for RenewsLate {
    fn wakes(&self, deadline: Instant) -> Instant {
        deadline + Duration::from_secs(300)
    }
}
