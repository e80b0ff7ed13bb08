use core::time::Duration;

use waypost_model::Version;

use super::Follower;

/// What the source is to hold before this directory ends.
#[derive(Debug)]
pub(super) struct HandingOver {
    version: Version,
    is_done: bool,
}

impl Follower {
    /// Finds out whether the source holds a version, asking again and again until it does.
    ///
    /// A source says what everything amounts to when it has all that the asker holds. So its answer shows that it does. Nothing is held by
    /// everybody.
    pub(crate) fn hand_over(&mut self, version: &Version) {
        self.handing_over = Some(HandingOver { version: version.clone(), is_done: version.is_empty() });
        self.wake();
    }

    /// Notes that the source holds a version.
    pub(super) fn note_held(&mut self, version: &Version) {
        if let Some(handing_over) = &mut self.handing_over {
            handing_over.is_done |= version.includes(&handing_over.version);
        }
    }

    /// Tells whether the source is known to hold what was handed over.
    pub(crate) fn is_handed_over(&self) -> bool {
        self.handing_over.as_ref().is_some_and(|handing_over| handing_over.is_done)
    }

    /// Tells whether this directory is to end, so that what fails now needs nobody's attention.
    pub(super) const fn is_ending(&self) -> bool {
        self.handing_over.is_some()
    }

    pub(super) fn is_handing_over(&self) -> bool {
        self.handing_over.as_ref().is_some_and(|handing_over| !handing_over.is_done)
    }
}

/// How long to wait before it is asked again whether the source holds what is handed over.
pub(super) const HAND_OVER: Duration = Duration::from_millis(100);
