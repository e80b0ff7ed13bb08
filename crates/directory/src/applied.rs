use waypost_model::Conflict;

/// What a change did to a directory.
///
/// ```
/// use waypost_directory::{Applied, Config, Directory};
/// use waypost_model::{Base, EndpointName, Registration, ReplicaId, Version};
/// use waypost_time::Instant;
///
/// let now = Instant::ZERO;
/// let mut here = Directory::new(Config::new([7; 16], ReplicaId(1)));
/// let base = Base::given("coap://[2001:db8::1]").unwrap();
/// here.register(now, Registration::new(EndpointName::new("node1").unwrap(), base, Default::default())).unwrap();
///
/// let mut there = Directory::new(Config::new([7; 16], ReplicaId(2)));
/// let change = here.feed(now, &Version::new()).unwrap().next().unwrap().to_change();
/// assert_eq!(there.apply(now, change.clone()), Ok(Applied::Changed));
/// assert_eq!(there.apply(now, change), Ok(Applied::Unchanged));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Applied {
    /// Something is different now.
    Changed,
    /// There was nothing new in it.
    Unchanged,
    /// The registration has different credentials elsewhere. Those that came first are shown.
    Conflict(Conflict),
}
