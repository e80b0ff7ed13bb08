use core::num::NonZeroU32;
use core::time::Duration;

/// How long a registration lasts without a renewal, `lt`: 1 to 4294967295 seconds ([RFC 9176 §5]).
///
/// ```
/// use core::time::Duration;
/// use waypost_model::Lifetime;
///
/// assert_eq!(Lifetime::from_secs(600).unwrap().duration(), Duration::from_secs(600));
/// assert_eq!(Lifetime::default().as_secs(), 90_000);
/// assert_eq!("0".parse::<Lifetime>().unwrap_err().to_string(), "must be a number from 1 to 4294967295");
/// ```
///
/// [RFC 9176 §5]: https://www.rfc-editor.org/rfc/rfc9176#section-5
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Lifetime(NonZeroU32);

impl Lifetime {
    /// What a registration gets that names no lifetime: 90000 seconds, 25 hours.
    pub const DEFAULT: Self = Self(NonZeroU32::new(90_000).unwrap());
    /// The longest lifetime, some 136 years.
    pub const MAX: Self = Self(NonZeroU32::MAX);

    /// Makes a lifetime from seconds.
    ///
    /// # Errors
    ///
    /// When there are none.
    pub fn from_secs(seconds: u32) -> Result<Self, InvalidLifetime> {
        NonZeroU32::new(seconds).map(Self).ok_or(InvalidLifetime(()))
    }

    /// Returns the lifetime in seconds.
    #[must_use]
    pub const fn as_secs(self) -> u32 {
        self.0.get()
    }

    /// Returns the lifetime as a span of time.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0.get() as u64)
    }
}

impl Default for Lifetime {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl core::str::FromStr for Lifetime {
    type Err = InvalidLifetime;

    /// Reads a decimal number of digits alone.
    fn from_str(text: &str) -> Result<Self, InvalidLifetime> {
        digits(text).ok_or(InvalidLifetime(())).and_then(Self::from_secs)
    }
}

/// Says that a number is no lifetime.
///
/// ```
/// use waypost_model::Lifetime;
///
/// assert!(Lifetime::from_secs(0).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a number from 1 to 4294967295")]
pub struct InvalidLifetime(());

/// Reads a decimal number without a sign, which `str::parse` would let pass.
pub(crate) fn digits(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
