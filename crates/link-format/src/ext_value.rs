use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

/// The value of a parameter whose name ends in `*`: text with its character set and language ([RFC 8187 §3.2.1]).
///
/// ```
/// use waypost_link_format::LinkDocument;
///
/// let document = LinkDocument::parse("</a>;title*=UTF-8'de'n%c3%a4chstes%20Kapitel")?;
/// let title = document.links().next().unwrap().title_star().unwrap();
/// assert_eq!(title.charset(), "UTF-8");
/// assert_eq!(title.language(), Some("de"));
/// assert_eq!(title.decode().unwrap(), "nächstes Kapitel");
/// # Ok::<(), waypost_link_format::ParseError>(())
/// ```
///
/// [RFC 8187 §3.2.1]: https://www.rfc-editor.org/rfc/rfc8187#section-3.2.1
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExtValue<'a> {
    charset: &'a str,
    language: &'a str,
    encoded: &'a str,
}

impl<'a> ExtValue<'a> {
    pub(crate) fn new(raw: &'a str) -> Option<Self> {
        let (charset, rest) = raw.split_once('\'')?;
        let (language, encoded) = rest.split_once('\'')?;
        Some(Self { charset, language, encoded })
    }

    /// Returns the name of the character set, as written.
    #[must_use]
    pub fn charset(&self) -> &'a str {
        self.charset
    }

    /// Returns the language tag, as written, if there is one.
    #[must_use]
    pub fn language(&self) -> Option<&'a str> {
        (!self.language.is_empty()).then_some(self.language)
    }

    /// Returns the text as written, percent-encoded.
    #[must_use]
    pub fn encoded(&self) -> &'a str {
        self.encoded
    }

    /// Decodes the text. `None` when the octets are no text in the character set, or when that is neither UTF-8 nor ISO-8859-1.
    #[must_use]
    pub fn decode(&self) -> Option<Cow<'a, str>> {
        let latin = self.charset.eq_ignore_ascii_case("ISO-8859-1");
        if !latin && !self.charset.eq_ignore_ascii_case("UTF-8") {
            return None;
        }
        if !self.encoded.contains('%') {
            return Some(Cow::Borrowed(self.encoded));
        }
        let octets = percent_decode(self.encoded);
        let text = if latin { octets.into_iter().map(char::from).collect() } else { String::from_utf8(octets).ok()? };
        Some(Cow::Owned(text))
    }
}

fn percent_decode(encoded: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(octet) = rest.next() {
        // After `%` the grammar has two digits.
        let digits = (octet == b'%').then(|| [rest.next(), rest.next()].map(|digit| digit.and_then(hexadecimal)));
        match digits {
            Some([Some(high), Some(low)]) => octets.push(high << 4 | low),
            _ => octets.push(octet),
        }
    }
    octets
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
