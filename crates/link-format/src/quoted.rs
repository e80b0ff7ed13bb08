//! Quoted-pairs ([RFC 2616 §2.2]), done and undone.
//!
//! [RFC 2616 §2.2]: https://www.rfc-editor.org/rfc/rfc2616#section-2.2

use alloc::borrow::Cow;
use alloc::string::String;

use crate::byte_class::{self, QUOTED};

/// Undoes every quoted-pair. Borrows when there is none.
#[inline]
pub(crate) fn unescape(raw: &str) -> Cow<'_, str> {
    match memchr::memchr(b'\\', raw.as_bytes()) {
        None => Cow::Borrowed(raw),
        Some(first) => Cow::Owned(unescape_from(raw, first)),
    }
}

#[cold]
fn unescape_from(raw: &str, first: usize) -> String {
    let mut value = String::with_capacity(raw.len() - 1);
    value.push_str(&raw[..first]);
    let mut rest = &raw[first..];
    while let Some(after) = rest.strip_prefix('\\') {
        // The escaped character is taken before the next backslash is looked for: it may be one itself.
        let mut letters = after.chars();
        value.extend(letters.next());
        let plain = letters.as_str();
        let end = memchr::memchr(b'\\', plain.as_bytes()).unwrap_or(plain.len());
        value.push_str(&plain[..end]);
        rest = &plain[end..];
    }
    value
}

/// Appends `value` so that it can stand between quotes: with a backslash before quotes, backslashes and control characters.
#[inline]
pub(crate) fn escape_into(value: &str, out: &mut String) {
    let mut from = 0;
    loop {
        let stop = byte_class::span(value.as_bytes(), from, QUOTED);
        out.push_str(&value[from..stop]);
        let Some(letter) = value.as_bytes().get(stop) else {
            return;
        };
        out.push('\\');
        out.push(char::from(*letter));
        from = stop + 1;
    }
}
