use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use iri_string::types::UriStr;

/// The stable handle of a registration ([RFC 9176 §5]): the path-absolute path of a local registration resource, or the full
/// URI of a foreign one; never a query or a fragment.
///
/// A local path is kept in one spelling, so that equal paths are equal locations. A foreign URI is opaque and kept as
/// given ([RFC 9176 §6.4]).
///
/// ```
/// use waypost_model::Location;
///
/// let location = Location::from_segments(["rd", "a b", ""]).unwrap();
/// assert_eq!(location.as_str(), "/rd/a%20b/");
/// assert_eq!(location.segments().collect::<Vec<_>>(), ["rd", "a b", ""]);
/// assert_eq!(Location::new("/r%64/a%20b/").unwrap(), location);
/// assert!(!Location::new("coap://rd.example/reg/42").unwrap().is_local());
/// ```
///
/// [RFC 9176 §5]: https://www.rfc-editor.org/rfc/rfc9176#section-5
/// [RFC 9176 §6.4]: https://www.rfc-editor.org/rfc/rfc9176#section-6.4
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct Location(Box<str>);

impl Location {
    /// Reads a path-absolute path or a URI.
    ///
    /// # Errors
    ///
    /// When it is neither, when it has a query or a fragment, or when a local path has a dot segment or does not decode to
    /// UTF-8, since no CoAP request could carry it.
    pub fn new(reference: &str) -> Result<Self, InvalidLocation> {
        if reference.contains('#') || reference.contains('?') {
            return Err(InvalidLocation(Rule::More));
        }
        if is_path_absolute(reference) {
            check_path(reference)?;
            if !reference.contains(['%', '.']) {
                return Ok(Self(reference.into()));
            }
            let decoded =
                split(reference).map(decode).collect::<Option<Vec<_>>>().ok_or(InvalidLocation(Rule::Utf8))?;
            return Self::from_segments(decoded);
        }
        UriStr::new(reference).map_err(|_| InvalidLocation(Rule::NotUri))?;
        Ok(Self(reference.into()))
    }

    /// Makes a local location from the segments of its path, as Location-Path or Uri-Path options carry them.
    ///
    /// # Errors
    ///
    /// When a segment is `.` or `..` ([RFC 7252 §5.10.1]).
    ///
    /// [RFC 7252 §5.10.1]: https://www.rfc-editor.org/rfc/rfc7252#section-5.10.1
    pub fn from_segments<S: AsRef<str>>(segments: impl IntoIterator<Item = S>) -> Result<Self, InvalidLocation> {
        let mut path = String::new();
        let mut count = 0_usize;
        for segment in segments {
            let segment = segment.as_ref();
            if matches!(segment, "." | "..") {
                return Err(InvalidLocation(Rule::DotSegment));
            }
            path.push('/');
            encode(segment, &mut path);
            count += 1;
        }
        if count == 0 {
            path.push('/');
        } else if count > 1 && path.starts_with("//") {
            // "//x" would be read as a host.
            return Err(InvalidLocation(Rule::EmptyFirst));
        }
        Ok(Self(path.into()))
    }

    /// Returns the path or URI.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether it is a path at this directory's own authority.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.0.starts_with('/')
    }

    /// Returns the percent-decoded segments of the path, an empty last one kept.
    ///
    /// The path `/` has none. Octets of a foreign URI that are no UTF-8 are replaced by U+FFFD.
    pub fn segments(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let path = if self.is_local() { &self.0 } else { UriStr::new(&self.0).map_or("", |uri| uri.path_str()) };
        split(path).map(|segment| decode(segment).unwrap_or_else(|| decode_lossy(segment)))
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Location {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl core::borrow::Borrow<str> for Location {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl core::str::FromStr for Location {
    type Err = InvalidLocation;

    fn from_str(reference: &str) -> Result<Self, InvalidLocation> {
        Self::new(reference)
    }
}

impl TryFrom<String> for Location {
    type Error = InvalidLocation;

    fn try_from(reference: String) -> Result<Self, InvalidLocation> {
        Self::new(&reference)
    }
}

impl From<Location> for String {
    fn from(location: Location) -> Self {
        location.0.into()
    }
}

/// Says why a text is no location.
///
/// ```
/// use waypost_model::Location;
///
/// assert_eq!(Location::new("/rd/1?x").unwrap_err().to_string(), "must not have a query or fragment");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidLocation(Rule);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Rule {
    #[error("must be a path that begins with a slash, or a URI")]
    NotUri,
    #[error("must not have a query or fragment")]
    More,
    #[error("must not have a segment of one or two dots")]
    DotSegment,
    #[error("must not begin with an empty segment")]
    EmptyFirst,
    #[error("must be UTF-8 when percent-decoded")]
    Utf8,
}

fn is_path_absolute(reference: &str) -> bool {
    reference.starts_with('/') && !reference.starts_with("//")
}

fn check_path(path: &str) -> Result<(), InvalidLocation> {
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'%', [high, low, tail @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => tail,
            (byte, tail) if *byte == b'/' || is_path_character(*byte) => tail,
            _ => return Err(InvalidLocation(Rule::NotUri)),
        };
    }
    Ok(())
}

/// The segments of a path that is empty or begins with a slash.
fn split(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').filter(|rest| !rest.is_empty()).into_iter().flat_map(|rest| rest.split('/'))
}

fn decode(segment: &str) -> Option<Cow<'_, str>> {
    if !segment.contains('%') {
        return Some(Cow::Borrowed(segment));
    }
    String::from_utf8(decode_octets(segment)).ok().map(Cow::Owned)
}

fn decode_lossy(segment: &str) -> Cow<'static, str> {
    Cow::Owned(String::from_utf8_lossy(&decode_octets(segment)).into_owned())
}

fn decode_octets(segment: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        rest = match (first, tail) {
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    octets.push(high << 4 | low);
                    after
                }
                _ => {
                    octets.push(b'%');
                    tail
                }
            },
            (byte, tail) => {
                octets.push(*byte);
                tail
            }
        };
    }
    octets
}

fn encode(segment: &str, path: &mut String) {
    for byte in segment.bytes() {
        if is_path_character(byte) {
            path.push(char::from(byte));
        } else {
            path.push('%');
            path.push(char::from(HEX[usize::from(byte >> 4)]));
            path.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

/// `pchar` of RFC 3986 §3.3 without percent-encodings.
fn is_path_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte)
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";
