//! The grammar of a URI reference ([RFC 3986 §4.1]), with the letters of other scripts as in [RFC 3987 §2.2], because there
//! is no percent-encoding of them in link-format ([RFC 9176 B.4]).
//!
//! A library checks that grammar too, but does not say where it stops. That both agree is tested.
//!
//! [RFC 3986 §4.1]: https://www.rfc-editor.org/rfc/rfc3986#section-4.1
//! [RFC 3987 §2.2]: https://www.rfc-editor.org/rfc/rfc3987#section-2.2
//! [RFC 9176 B.4]: https://www.rfc-editor.org/rfc/rfc9176#appendix-B.4

use core::net::Ipv6Addr;

use crate::byte_class::{self, HOST, PATH, SCHEME};

/// Returns the position at which the URI reference that starts at `start` ends: the first byte with which it cannot be
/// continued. `Err` when what was read up to there is not a whole reference, or would not be if it ended there.
#[inline]
pub(crate) fn end(text: &str, start: usize) -> Result<usize, usize> {
    let octets = text.as_bytes();
    // Most targets are plain absolute paths.
    if octets.get(start) == Some(&b'/') && octets.get(start + 1) != Some(&b'/') {
        let position = byte_class::span(octets, start + 1, PATH);
        return match octets.get(position) {
            None | Some(b'>' | b'"') => Ok(position),
            _ => Reference { text, octets, position }.rest_from_path(),
        };
    }
    Reference { text, octets, position: start }.whole()
}

/// Returns whether `text` is a URI reference.
pub(crate) fn is_reference(text: &str) -> bool {
    end(text, 0) == Ok(text.len())
}

/// Returns the length of the scheme with which `reference` starts, without the colon.
pub(crate) fn scheme_length(reference: &str) -> Option<usize> {
    let octets = reference.as_bytes();
    if !octets.first()?.is_ascii_alphabetic() {
        return None;
    }
    let length = byte_class::span(octets, 1, SCHEME);
    (octets.get(length) == Some(&b':')).then_some(length)
}

struct Reference<'a> {
    text: &'a str,
    octets: &'a [u8],
    position: usize,
}

impl Reference<'_> {
    #[cold]
    #[inline(never)]
    fn rest_from_path(mut self) -> Result<usize, usize> {
        self.path()?;
        self.query_and_fragment()
    }

    fn whole(mut self) -> Result<usize, usize> {
        let rest = &self.text[self.position..];
        if let Some(length) = scheme_length(rest) {
            self.position += length + 1;
        } else if !rest.starts_with('/') {
            self.relative_first_segment()?;
            self.path()?;
            return self.query_and_fragment();
        }
        if self.octets[self.position..].starts_with(b"//") {
            self.position += 2;
            self.authority()?;
        }
        self.path()?;
        self.query_and_fragment()
    }

    /// Reads `segment-nz-nc`, or nothing: the first segment of a relative path cannot contain a colon.
    fn relative_first_segment(&mut self) -> Result<(), usize> {
        self.run(HOST, b"@", false)?;
        if self.peek() == Some(b':') { Err(self.position) } else { Ok(()) }
    }

    fn authority(&mut self) -> Result<(), usize> {
        let start = self.position;
        if self.peek() == Some(b'[') {
            return self.ip_literal();
        }
        // Before an `@` this is user information, which may contain colons. Without an `@` it is host and port, and a colon
        // can only be followed by digits.
        self.run(HOST, b":", false)?;
        if self.peek() == Some(b'@') {
            self.position += 1;
            if self.peek() == Some(b'[') {
                return self.ip_literal();
            }
            self.run(HOST, b"", false)?;
            return self.port();
        }
        let read = &self.octets[start..self.position];
        let colon = read.iter().position(|octet| *octet == b':');
        match colon {
            Some(colon) if !read[colon + 1..].iter().all(u8::is_ascii_digit) => Err(self.position),
            _ => Ok(()),
        }
    }

    fn ip_literal(&mut self) -> Result<(), usize> {
        let inside = self.position + 1;
        let Some(length) =
            self.octets[inside..].iter().position(|octet| *octet != b':' && !byte_class::is(*octet, HOST))
        else {
            return Err(self.octets.len());
        };
        let close = inside + length;
        if self.octets[close] != b']' {
            return Err(close);
        }
        let literal = &self.text[inside..close];
        if !is_ip_future(literal) && literal.parse::<Ipv6Addr>().is_err() {
            return Err(inside);
        }
        self.position = close + 1;
        self.port()
    }

    fn port(&mut self) -> Result<(), usize> {
        if self.peek() == Some(b':') {
            self.position += 1;
            while self.peek().is_some_and(|octet| octet.is_ascii_digit()) {
                self.position += 1;
            }
        }
        // What follows can only be `/`, `?`, `#` or the end: `path` must not go on with the host's text.
        match self.peek() {
            Some(octet) if is_part_of_path(octet) => Err(self.position),
            _ => Ok(()),
        }
    }

    fn path(&mut self) -> Result<(), usize> {
        self.run(PATH, b"", false)
    }

    fn query_and_fragment(mut self) -> Result<usize, usize> {
        if self.peek() == Some(b'?') {
            self.position += 1;
            self.run(PATH, b"?", true)?;
        }
        if self.peek() == Some(b'#') {
            self.position += 1;
            self.run(PATH, b"?", false)?;
        }
        Ok(self.position)
    }

    /// Goes over octets of `class`, those of `also`, whole percent-encodings, and letters of other scripts.
    fn run(&mut self, class: u8, also: &[u8], private: bool) -> Result<(), usize> {
        loop {
            self.position = byte_class::span(self.octets, self.position, class);
            match self.peek() {
                Some(octet) if also.contains(&octet) => self.position += 1,
                Some(b'%') => self.percent_encoded()?,
                Some(octet) if octet >= 0x80 => {
                    let Some(letter) = self.text.get(self.position..).and_then(|rest| rest.chars().next()) else {
                        return Ok(());
                    };
                    let known = is_ucschar(letter) || (private && is_iprivate(letter));
                    if !known {
                        return Ok(());
                    }
                    self.position += letter.len_utf8();
                }
                _ => return Ok(()),
            }
        }
    }

    fn percent_encoded(&mut self) -> Result<(), usize> {
        for position in self.position + 1..self.position + 3 {
            if !self.octets.get(position).is_some_and(u8::is_ascii_hexdigit) {
                return Err(position);
            }
        }
        self.position += 3;
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.octets.get(self.position).copied()
    }
}

/// Whether an octet goes on with a path segment, and so cannot follow a complete authority.
fn is_part_of_path(octet: u8) -> bool {
    octet != b'/' && (byte_class::is(octet, PATH) || octet == b'%' || octet >= 0x80)
}

/// `IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )`
fn is_ip_future(literal: &str) -> bool {
    let Some((version, address)) = literal.strip_prefix(['v', 'V']).and_then(|rest| rest.split_once('.')) else {
        return false;
    };
    !version.is_empty() && !address.is_empty() && version.bytes().all(|octet| octet.is_ascii_hexdigit())
}

/// `ucschar` of RFC 3987 §2.2.
fn is_ucschar(letter: char) -> bool {
    match letter as u32 {
        0xa0..=0xd7ff | 0xf900..=0xfdcf | 0xfdf0..=0xffef => true,
        0xe0000..=0xe0fff => false,
        code @ 0x10000..=0xefffd => code & 0xffff <= 0xfffd,
        _ => false,
    }
}

/// `iprivate` of RFC 3987 §2.2.
fn is_iprivate(letter: char) -> bool {
    matches!(letter as u32, 0xe000..=0xf8ff | 0xf0000..=0xffffd | 0x100000..=0x10fffd)
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use iri_string::{spec::IriSpec, validate};
    use proptest::prelude::*;

    use super::*;

    fn library_accepts(text: &str) -> bool {
        validate::iri_reference::<IriSpec>(text).is_ok()
    }

    #[test]
    fn stops_at_the_byte_that_cannot_continue() {
        for (text, expected) in [
            ("/a b", Ok(2)),
            ("a:b c", Ok(3)),
            ("/%zz", Err(2)),
            ("/%4", Err(3)),
            ("1a:b", Err(2)),
            (":a", Err(0)),
            ("a%20:b", Err(4)),
            ("//a:b>", Err(5)),
            ("//a:b@c:8x", Err(9)),
            ("//a@b@c", Err(5)),
            ("//[::1]x", Err(7)),
            ("//[::1%25eth0]", Err(6)),
            ("//[1::2::3]", Err(3)),
            ("//[::1", Err(6)),
            ("//a[", Ok(3)),
            ("/?a#b#c", Ok(5)),
            ("", Ok(0)),
            ("/\u{e000}", Ok(1)),
            ("/?\u{e000}", Ok(5)),
        ] {
            assert_eq!(end(text, 0), expected, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn agrees_with_the_library(text in "[a-z1-9:/?#\\[\\]@%.v\u{e4}\u{e000}\u{fdd0} -]{0,24}") {
            prop_assert_eq!(is_reference(&text), library_accepts(&text));
        }

        #[test]
        fn agrees_with_the_library_on_authorities(text in "(a:)?//(([a:%]{0,3}@)?(\\[[v0-9a-f:.]{0,14}\\]|[a1.:]{0,6}))(:[0-9a]{0,3})?(/[a:/]{0,4})?") {
            prop_assert_eq!(is_reference(&text), library_accepts(&text));
        }

        #[test]
        fn agrees_with_the_library_on_ipv6(text in "//\\[([0-9a-f]{0,4}:){0,8}(:?[0-9a-f]{0,4}|[0-9]{1,3}(\\.[0-9]{1,3}){3})\\]") {
            prop_assert_eq!(is_reference(&text), library_accepts(&text));
        }

        #[test]
        fn agrees_with_the_library_on_any_letter(letter: char, place in 0usize..4) {
            let text = format!("{}{letter}", ["/", "//h", "?", "#"][place]);
            prop_assert_eq!(is_reference(&text), library_accepts(&text));
        }
    }
}
