use core::time::Duration;

use waypost_link_format::Link;
use waypost_time::Instant;

use crate::Lifetime;
use crate::lifetime::digits;

/// How long ago a registration was last renewed, in whole seconds: the lifetime age of the replication draft.
///
/// An endpoint look-up shows it as `lt-age`, or, after the last revision of the draft, as what is left of the lifetime,
/// `lt-remaining`. [RFC 9176] does not report `lt`, so a directory that shows an age shows `lt` with it.
///
/// ```
/// use core::time::Duration;
/// use waypost_model::{Age, Lifetime};
///
/// let lifetime = Lifetime::from_secs(600).unwrap();
/// let age = Age::from_secs(200);
/// assert_eq!(age.remaining(lifetime), Duration::from_secs(400));
/// assert_eq!(Age::from_remaining(lifetime, 400), age);
/// assert_eq!(Age::from_secs(9999).remaining(lifetime), Duration::ZERO);
/// ```
///
/// [RFC 9176]: https://www.rfc-editor.org/rfc/rfc9176#section-6.4
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Age(u32);

impl Age {
    /// The name of the link attribute that reports an age.
    pub const ATTRIBUTE: &'static str = "lt-age";
    /// The name of the link attribute that reports what is left of the lifetime.
    pub const REMAINING_ATTRIBUTE: &'static str = "lt-remaining";

    /// Makes an age from seconds.
    #[must_use]
    pub const fn from_secs(seconds: u32) -> Self {
        Self(seconds)
    }

    /// Makes an age from the seconds that are left of a lifetime; more than the lifetime counts as just renewed.
    #[must_use]
    pub const fn from_remaining(of: Lifetime, left: u32) -> Self {
        Self(of.as_secs().saturating_sub(left))
    }

    /// Makes an age from a span of time, rounded down to seconds.
    #[must_use]
    pub fn from_duration(span: Duration) -> Self {
        Self(u32::try_from(span.as_secs()).unwrap_or(u32::MAX))
    }

    /// Reads the lifetime and age that an endpoint look-up shows with a link.
    ///
    /// `lt-age` counts before `lt-remaining`, the last of several before the earlier ones, and `lt` as the link shows it
    /// before `lifetime`, which is for links without. Where neither is known, the default of RFC 9176 is taken. The age
    /// is at most the lifetime. Returns `None` when the link shows no age, or what it shows is not a number.
    ///
    /// ```
    /// use waypost_link_format::LinkDocument;
    /// use waypost_model::{Age, Lifetime};
    ///
    /// let document = LinkDocument::parse(r#"</reg/42>;ep="node1";lt="600";lt-age="20""#).unwrap();
    /// let (lifetime, age) = Age::of(&document.links().next().unwrap(), None).unwrap();
    /// assert_eq!((lifetime.as_secs(), age.as_secs()), (600, 20));
    /// ```
    #[must_use]
    pub fn of(link: &Link<'_>, lifetime: Option<Lifetime>) -> Option<(Lifetime, Self)> {
        let number = |name: &str| digits(&link.parameters().filter(|p| p.has_name(name)).last()?.value()?);
        let shown = number("lt").and_then(|seconds| Lifetime::from_secs(seconds).ok());
        let lifetime = shown.or(lifetime).unwrap_or_default();
        let age = number(Self::ATTRIBUTE)
            .map(Self)
            .or_else(|| number(Self::REMAINING_ATTRIBUTE).map(|left| Self::from_remaining(lifetime, left)))?;
        Some((lifetime, age.clamped(lifetime)))
    }

    /// Returns the age in seconds.
    #[must_use]
    pub const fn as_secs(self) -> u32 {
        self.0
    }

    /// Returns the age as a span of time.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }

    /// Returns the age, or the lifetime where that is less: what may be shown.
    #[must_use]
    pub fn clamped(self, of: Lifetime) -> Self {
        Self(self.0.min(of.as_secs()))
    }

    /// Returns what is left of a lifetime at this age, zero when it has run out.
    #[must_use]
    pub const fn remaining(self, of: Lifetime) -> Duration {
        Duration::from_secs(of.as_secs().saturating_sub(self.0) as u64)
    }

    /// Returns until when a registration that had this age when it was received is fresh.
    ///
    /// ```
    /// use waypost_model::{Age, Lifetime};
    /// use waypost_time::Instant;
    ///
    /// let lifetime = Lifetime::from_secs(600).unwrap();
    /// let until = Age::from_secs(20).fresh_until(lifetime, Instant::from_millis(1_500));
    /// assert_eq!(until, Instant::from_millis(581_500));
    /// ```
    #[must_use]
    pub fn fresh_until(self, of: Lifetime, received: Instant) -> Instant {
        received + self.remaining(of)
    }
}
