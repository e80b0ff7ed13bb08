//! Which octets may stand where, as one table.

/// `ptokenchar` of [RFC 6690 §2].
///
/// [RFC 6690 §2]: https://www.rfc-editor.org/rfc/rfc6690#section-2
pub(crate) const PTOKEN: u8 = 1;
/// `attr-char` of [RFC 5987 §3.2.1], of which a `parmname` is made.
///
/// [RFC 5987 §3.2.1]: https://www.rfc-editor.org/rfc/rfc5987#section-3.2.1
pub(crate) const ATTR: u8 = 1 << 1;
/// `mime-charsetc` of [RFC 5987 §3.2.1], of which the name of a character set is made.
///
/// [RFC 5987 §3.2.1]: https://www.rfc-editor.org/rfc/rfc5987#section-3.2.1
pub(crate) const CHARSET: u8 = 1 << 2;
/// An ASCII octet that may stand anywhere in the path of a URI: `pchar` without `%`, and `/` ([RFC 3986 §3.3]).
///
/// [RFC 3986 §3.3]: https://www.rfc-editor.org/rfc/rfc3986#section-3.3
pub(crate) const PATH: u8 = 1 << 3;
/// Any octet that some part of a URI reference may contain, also `%`, brackets and what is not ASCII.
pub(crate) const URI: u8 = 1 << 4;
/// An octet of a quoted-string that needs no thought: not `"`, `\`, or a control character.
pub(crate) const QUOTED: u8 = 1 << 5;
/// An octet of a registered name or of user information: unreserved or `sub-delims` ([RFC 3986 §3.2]).
///
/// [RFC 3986 §3.2]: https://www.rfc-editor.org/rfc/rfc3986#section-3.2
pub(crate) const HOST: u8 = 1 << 6;
/// An octet of a scheme after its first letter ([RFC 3986 §3.1]).
///
/// [RFC 3986 §3.1]: https://www.rfc-editor.org/rfc/rfc3986#section-3.1
pub(crate) const SCHEME: u8 = 1 << 7;

const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        classes[octet] = classify(octet as u8);
        octet += 1;
    }
    classes
};

/// Returns whether `octet` is in one of `classes`.
#[inline(always)]
pub(crate) fn is(octet: u8, classes: u8) -> bool {
    CLASSES[octet as usize] & classes != 0
}

/// Returns the position of the first octet from `from` on that is not in `class`, or the length.
#[inline(always)]
pub(crate) fn span(octets: &[u8], from: usize, class: u8) -> usize {
    let mut position = from;
    while let Some(chunk) = octets.get(position..).and_then(|rest| rest.first_chunk::<8>()) {
        for (index, octet) in chunk.iter().enumerate() {
            if !is(*octet, class) {
                return position + index;
            }
        }
        position += chunk.len();
    }
    while position < octets.len() && is(octets[position], class) {
        position += 1;
    }
    position
}

/// Returns whether every octet is in `class`.
#[inline]
pub(crate) fn all(octets: &[u8], class: u8) -> bool {
    octets.iter().fold(class, |common, octet| common & CLASSES[*octet as usize]) != 0
}

const fn classify(octet: u8) -> u8 {
    let alphanumeric = octet.is_ascii_alphanumeric();
    let unreserved = alphanumeric || matches!(octet, b'-' | b'.' | b'_' | b'~');
    let sub_delims = matches!(octet, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=');
    let gen_delims = matches!(octet, b':' | b'/' | b'?' | b'#' | b'[' | b']' | b'@');
    let mut class = 0;
    if octet.is_ascii_graphic() && !matches!(octet, b'"' | b',' | b';' | b'\\') {
        class |= PTOKEN;
    }
    if alphanumeric
        || matches!(octet, b'!' | b'#' | b'$' | b'&' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
    {
        class |= ATTR;
    }
    if alphanumeric
        || matches!(octet, b'!' | b'#' | b'$' | b'%' | b'&' | b'+' | b'-' | b'^' | b'_' | b'`' | b'{' | b'}' | b'~')
    {
        class |= CHARSET;
    }
    if unreserved || sub_delims || matches!(octet, b':' | b'@' | b'/') {
        class |= PATH;
    }
    if unreserved || sub_delims || gen_delims || octet == b'%' || octet >= 0x80 {
        class |= URI;
    }
    if octet >= b' ' && octet != 0x7f && !matches!(octet, b'"' | b'\\') {
        class |= QUOTED;
    }
    if unreserved || sub_delims {
        class |= HOST;
    }
    if alphanumeric || matches!(octet, b'+' | b'-' | b'.') {
        class |= SCHEME;
    }
    class
}
