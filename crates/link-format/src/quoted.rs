//! Quoted-pairs ([RFC 2616 §2.2]), done and undone.
//!
//! [RFC 2616 §2.2]: https://www.rfc-editor.org/rfc/rfc2616#section-2.2

use alloc::string::String;

use crate::search;

/// Undoes every quoted-pair.
#[cold]
pub(crate) fn unescape(raw: &str) -> String {
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    loop {
        let end = search::find_either(rest.as_bytes(), 0, b'\\', b'\\');
        value.push_str(&rest[..end]);
        // The escaped character is taken before the next backslash is looked for: it may be one itself.
        let mut letters = rest[end..].chars();
        letters.next();
        match letters.next() {
            Some(escaped) => value.push(escaped),
            None => return value,
        }
        rest = letters.as_str();
    }
}

/// Appends `value` so that it can stand between quotes: with a backslash before quotes, backslashes and control characters.
#[inline]
pub(crate) fn escape_into(value: &str, out: &mut String) {
    let mut from = 0;
    loop {
        let stop = search::find_end_of_plain(value.as_bytes(), from);
        out.push_str(&value[from..stop]);
        let Some(letter) = value.as_bytes().get(stop) else {
            return;
        };
        out.push('\\');
        out.push(char::from(*letter));
        from = stop + 1;
    }
}
