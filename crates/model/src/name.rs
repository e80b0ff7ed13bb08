use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

macro_rules! name {
    ($(#[$documentation:meta])* $name:ident) => {
        $(#[$documentation])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
        pub struct $name(Box<str>);

        impl $name {
            /// Checks and takes a name.
            ///
            /// # Errors
            ///
            /// When the name is empty, is longer than 63 bytes, or has a control character.
            pub fn new(name: &str) -> Result<Self, InvalidName> {
                check(name)?;
                Ok(Self(name.into()))
            }

            /// Returns the name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl core::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl core::str::FromStr for $name {
            type Err = InvalidName;

            fn from_str(name: &str) -> Result<Self, InvalidName> {
                Self::new(name)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(name: String) -> Result<Self, InvalidName> {
                check(&name)?;
                Ok(Self(name.into()))
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.into()
            }
        }
    };
}

name! {
    /// The name of an endpoint, `ep` ([RFC 9176 §5]): 1 to 63 bytes of UTF-8 without control characters.
    ///
    /// Control characters are U+0000 to U+001F and U+007F to U+009F.
    ///
    /// ```
    /// use waypost_model::EndpointName;
    ///
    /// assert_eq!(EndpointName::new("node1").unwrap().as_str(), "node1");
    /// let error = EndpointName::new(&"x".repeat(64)).unwrap_err();
    /// assert_eq!(error.to_string(), "must be at most 63 bytes");
    /// ```
    ///
    /// [RFC 9176 §5]: https://www.rfc-editor.org/rfc/rfc9176#section-5
    EndpointName
}

name! {
    /// The sector that an endpoint name is unique in, `d` ([RFC 9176 §5]): the same rules as [`EndpointName`].
    ///
    /// ```
    /// use waypost_model::Sector;
    ///
    /// assert_eq!(Sector::new("floor-3").unwrap().as_str(), "floor-3");
    /// assert!(Sector::new("").is_err());
    /// ```
    ///
    /// [RFC 9176 §5]: https://www.rfc-editor.org/rfc/rfc9176#section-5
    Sector
}

/// Says why a text is no name of an endpoint or sector.
///
/// ```
/// use waypost_model::EndpointName;
///
/// assert_eq!(EndpointName::new("").unwrap_err().to_string(), "must not be empty");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidName(Rule);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Rule {
    #[error("must not be empty")]
    Empty,
    #[error("must be at most 63 bytes")]
    Long,
    #[error("must not have control characters")]
    Control,
}

fn check(name: &str) -> Result<(), InvalidName> {
    if name.is_empty() {
        Err(InvalidName(Rule::Empty))
    } else if name.len() > MAX_BYTES {
        Err(InvalidName(Rule::Long))
    } else if name.chars().any(char::is_control) {
        Err(InvalidName(Rule::Control))
    } else {
        Ok(())
    }
}

const MAX_BYTES: usize = 63;
