/// The number of a content format ([RFC 7252 §12.3](https://www.rfc-editor.org/rfc/rfc7252#section-12.3)).
///
/// ```
/// use waypost_rest::ContentFormat;
///
/// assert_eq!(ContentFormat::LINK_FORMAT, ContentFormat(40));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentFormat(pub u16);

impl ContentFormat {
    /// `text/plain; charset=utf-8`.
    pub const TEXT_PLAIN: Self = Self(0);
    /// `application/link-format`.
    pub const LINK_FORMAT: Self = Self(40);
}
