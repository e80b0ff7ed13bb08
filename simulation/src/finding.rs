use std::fmt;

use crate::Time;

/// What must hold in every world.
///
/// ```
/// use waypost_simulation::Rule;
///
/// assert_eq!(Rule::Missing.to_string(), "nothing acknowledged is missing");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// A registration that was acknowledged is shown until it is removed or its lifetime has passed.
    Missing,
    /// What was removed, or forgotten by its directory, does not rise again.
    Risen,
    /// Nothing is shown after its lifetime.
    Expired,
    /// Nothing is shown as it was before it was changed.
    Outdated,
    /// Nothing is shown that nobody registered.
    Invented,
    /// Nothing is shown in part.
    Torn,
    /// Nothing is shown twice that was registered once.
    Twice,
    /// An endpoint that can reach its directory renews in time.
    Lapsed,
    /// An endpoint that can reach a directory gets registered.
    Unregistered,
    /// What an observer was told last is what a fresh look-up would show.
    Stale,
    /// Directories that can reach each other, and are to hold the same, do.
    Apart,
    /// In fair weather, everything succeeds.
    Failed,
    /// A machine with nothing to do comes to rest.
    Restless,
    /// Nobody holds more than there is a reason for.
    Greedy,
    /// Nothing panics.
    Panicked,
    /// Equal seeds give equal worlds.
    Unrepeatable,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "nothing acknowledged is missing",
            Self::Risen => "nothing that was removed rises again",
            Self::Expired => "nothing is shown after its lifetime",
            Self::Outdated => "nothing is shown as it was before",
            Self::Invented => "nothing is shown that nobody registered",
            Self::Torn => "nothing is shown in part",
            Self::Twice => "nothing is shown twice",
            Self::Lapsed => "an endpoint renews in time",
            Self::Unregistered => "an endpoint gets registered",
            Self::Stale => "an observer knows what a fresh look-up shows",
            Self::Apart => "directories hold the same",
            Self::Failed => "in fair weather everything succeeds",
            Self::Restless => "a machine comes to rest",
            Self::Greedy => "nobody holds more than there is a reason for",
            Self::Panicked => "nothing panics",
            Self::Unrepeatable => "equal seeds give equal worlds",
        })
    }
}

/// A rule that did not hold.
///
/// ```
/// use waypost_simulation::{Finding, Rule, Time};
///
/// let finding = Finding { at: Time::from_millis(1500), rule: Rule::Missing, what: "node3 at rd0".into() };
/// assert_eq!(finding.to_string(), "0d 00:00:01.500: not so: nothing acknowledged is missing: node3 at rd0");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// When it was found.
    pub at: Time,
    /// The rule.
    pub rule: Rule,
    /// What was found.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: not so: {}: {}", self.at, self.rule, self.what)
    }
}
