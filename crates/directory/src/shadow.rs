use waypost_model::Location;
use waypost_time::Instant;

use crate::Directory;

/// Registrations that stand in the shadow of others.
impl Directory {
    /// Takes a registration out of look-ups and of what is watched, or puts it back; tells whether that changed something.
    ///
    /// This is for two registrations of one endpoint, at different authorities, of which the newer is shown. What is shadowed is
    /// updated, renewed and removed as ever, expires as ever, and is in the feed and the digest as ever. What comes back after it
    /// has expired is in no shadow.
    ///
    /// ```
    /// use waypost_directory::{Config, Directory};
    /// use waypost_filter::Query;
    /// use waypost_model::{Registration, ReplicaId};
    /// use waypost_time::Instant;
    ///
    /// let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
    /// let sensor = Registration::parse("ep=node1&base=coap://[2001:db8::1]", "</temp>")?;
    /// let location = directory.register(Instant::ZERO, sensor)?.location;
    /// assert!(directory.shadow(Instant::ZERO, &location, true));
    /// assert_eq!(directory.endpoints(Instant::ZERO, &Query::all()).count(), 0);
    /// assert!(directory.registration(Instant::ZERO, &location).unwrap().is_shadowed());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shadow(&mut self, now: Instant, location: &Location, is_shadowed: bool) -> bool {
        let Some(slot) = self.find(location.as_str()) else { return false };
        let is_other = self.registry.entry(slot).is_some_and(|entry| entry.is_shadowed() != is_shadowed);
        if is_other {
            self.shadow_slot(now, slot, is_shadowed);
        }
        is_other
    }
}
