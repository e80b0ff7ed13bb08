use alloc::string::String;
use alloc::vec::Vec;

use waypost_model::Location;

/// The path of an interface, `/rd`.
///
/// ```
/// use waypost_server::Path;
///
/// assert_eq!(Path::new("/rd-lookup/res")?.as_str(), "/rd-lookup/res");
/// assert!(Path::new("rd").is_err());
/// # Ok::<(), waypost_server::InvalidPath>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    location: Location,
    /// The same as requests have it.
    segments: Vec<String>,
}

/// The error for a path that is not path-absolute, or has a query or a fragment.
///
/// ```
/// assert!(waypost_server::Path::new("/rd?x").is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a path that begins with a slash")]
pub struct InvalidPath(());

impl Path {
    /// Makes a path from its form in a URI, percent-encoded where needed.
    ///
    /// # Errors
    /// [`InvalidPath`] unless it is path-absolute, without query or fragment.
    pub fn new(path: &str) -> Result<Self, InvalidPath> {
        match Location::new(path) {
            Ok(location) if location.is_local() => {
                let segments = location.segments().map(Into::into).collect();
                Ok(Self { location, segments })
            }
            _ => Err(InvalidPath(())),
        }
    }

    /// Returns the path as it stands in a URI.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.location.as_str()
    }

    /// Tells whether a request for the resource of these segments means this path.
    pub(crate) fn is(&self, segments: &[String]) -> bool {
        self.segments == segments
    }
}
