//! The one pass over the text that checks a document and that reads it.

use crate::byte_class::{self, ATTR, CHARSET, PTOKEN};
use crate::{Deviation, DeviationKind, Form, Parameter, ParseError, ParseErrorKind, reference, search};

/// For whom the scanner works: what it checks, and what it passes over.
pub(crate) trait Reading {
    /// Whether the text may be anything. Otherwise it was checked before, and only the limits of its pieces are looked for.
    const CHECKS: bool;
    /// Whether white space around separators and separators without use are passed over.
    const LENIENT: bool;

    /// Hears of what was passed over.
    fn passed_over(&mut self, kind: DeviationKind, offset: usize);
}

/// Checks against the grammar.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Strict;

impl Reading for Strict {
    const CHECKS: bool = true;
    const LENIENT: bool = false;

    fn passed_over(&mut self, _: DeviationKind, _: usize) {}
}

/// Checks against the grammar, and reports what it passes over.
pub(crate) struct Lenient<F>(pub(crate) F);

impl<F: FnMut(Deviation)> Reading for Lenient<F> {
    const CHECKS: bool = true;
    const LENIENT: bool = true;

    fn passed_over(&mut self, kind: DeviationKind, offset: usize) {
        self.0(Deviation { kind, offset });
    }
}

/// Reads what was checked before, be it strictly or leniently.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Checked;

impl Reading for Checked {
    const CHECKS: bool = false;
    const LENIENT: bool = true;

    fn passed_over(&mut self, _: DeviationKind, _: usize) {}
}

#[derive(Debug, Clone)]
pub(crate) struct Scanner<'a, R> {
    text: &'a str,
    position: usize,
    reading: R,
}

impl<'a, R: Reading> Scanner<'a, R> {
    pub(crate) fn new(text: &'a str, position: usize, reading: R) -> Self {
        Self { text, position, reading }
    }

    pub(crate) fn position(&self) -> usize {
        self.position
    }

    /// Goes over the whole document, and returns how many links there are.
    pub(crate) fn check(mut self) -> Result<usize, ParseError> {
        let mut links = 0;
        while self.next_link()?.is_some() {
            while self.next_parameter()?.is_some() {}
            links += 1;
        }
        Ok(links)
    }

    /// Reads the next target, with the position of its `<`. The parameters of the link before must have been read.
    #[inline]
    pub(crate) fn next_link(&mut self) -> Result<Option<(usize, &'a str)>, ParseError> {
        let separator = self.position;
        let first = separator == 0;
        if !first {
            if self.peek().is_none() {
                return Ok(None);
            }
            // `next_parameter` stops at nothing else.
            self.position += 1;
        }
        loop {
            self.white_space();
            match self.peek() {
                Some(b'<') => return self.target().map(Some),
                Some(b',') if R::LENIENT => {
                    self.reading.passed_over(DeviationKind::ExtraSeparator, self.position);
                    self.position += 1;
                }
                None if first => return Ok(None),
                None if R::LENIENT => {
                    self.reading.passed_over(DeviationKind::TrailingSeparator, separator);
                    return Ok(None);
                }
                _ => return self.fail(ParseErrorKind::ExpectedLink),
            }
        }
    }

    /// Reads the next parameter of a link. `None` at its end: a comma or the end of the text, which is not consumed.
    #[inline(always)]
    pub(crate) fn next_parameter(&mut self) -> Result<Option<Parameter<'a>>, ParseError> {
        self.white_space();
        let separator = self.position;
        match self.peek() {
            Some(b';') => self.position += 1,
            Some(b',') | None => return Ok(None),
            _ => return self.fail(ParseErrorKind::ExpectedSeparator),
        }
        if R::LENIENT && !self.find_name(separator) {
            return Ok(None);
        }
        self.parameter().map(Some)
    }

    /// Goes to the next comma, which ends the link when commas do nothing but separate links.
    #[inline]
    pub(crate) fn skip_to_comma(&mut self) {
        let rest = &self.octets()[self.position..];
        self.position += memchr::memchr(b',', rest).unwrap_or(rest.len());
    }

    /// Goes to the end of a link that was checked before. Outside of quoted strings commas do nothing but separate links.
    #[inline]
    pub(crate) fn skip_parameters(&mut self) -> Result<(), ParseError> {
        loop {
            self.position = search::find_either(self.octets(), self.position, b'"', b',');
            if self.peek() != Some(b'"') {
                return Ok(());
            }
            self.quoted_string()?;
        }
    }

    /// Reads the target whose `<` is here.
    pub(crate) fn target_here(mut self) -> Option<&'a str> {
        self.target().ok().map(|(_, target)| target)
    }

    #[inline]
    fn target(&mut self) -> Result<(usize, &'a str), ParseError> {
        let offset = self.position;
        let start = offset + 1;
        let end = if R::CHECKS {
            reference::end(self.text, start)
        } else {
            Ok(search::find_either(self.octets(), start, b'>', b'>'))
        };
        self.position = end.unwrap_or_else(|position| position);
        let end = match self.peek() {
            Some(b'>') if end.is_ok() => self.position,
            None => return self.fail(ParseErrorKind::UnterminatedTarget),
            _ => return self.fail(ParseErrorKind::InvalidTarget),
        };
        self.position = end + 1;
        Ok((offset, &self.text[start..end]))
    }

    /// Passes over what stands between a separator and the name of a parameter. Returns whether anything but a separator or the
    /// end follows.
    #[inline]
    fn find_name(&mut self, separator: usize) -> bool {
        loop {
            self.white_space();
            match self.peek() {
                Some(b';') => {
                    self.reading.passed_over(DeviationKind::ExtraSeparator, self.position);
                    self.position += 1;
                }
                Some(b',') | None => {
                    self.reading.passed_over(DeviationKind::TrailingSeparator, separator);
                    return false;
                }
                _ => return true,
            }
        }
    }

    #[inline(always)]
    fn parameter(&mut self) -> Result<Parameter<'a>, ParseError> {
        let offset = self.position;
        self.position = byte_class::span(self.octets(), offset, ATTR);
        if R::CHECKS && self.position == offset {
            return self.fail(ParseErrorKind::ExpectedName);
        }
        let extended = self.peek() == Some(b'*');
        if extended {
            self.position += 1;
        }
        let name = &self.text[offset..self.position];
        if R::CHECKS && name.eq_ignore_ascii_case("href") {
            self.position = offset;
            return self.fail(ParseErrorKind::ReservedName);
        }
        self.white_space();
        if self.peek() != Some(b'=') {
            if R::CHECKS && extended {
                return self.fail(ParseErrorKind::InvalidExtValue);
            }
            return Ok(Parameter::new(name, offset, Form::Flag, "", self.position, false));
        }
        self.position += 1;
        self.white_space();
        let start = self.position;
        let (form, value) = if extended {
            self.ext_value()?;
            (Form::Ext, &self.text[start..self.position])
        } else if self.peek() == Some(b'"') {
            let escaped = self.quoted_string()?;
            let value = &self.text[start + 1..self.position - 1];
            return Ok(Parameter::new(name, offset, Form::Quoted, value, start, escaped));
        } else {
            self.position = byte_class::span(self.octets(), start, PTOKEN);
            if R::CHECKS && self.position == start {
                return self.fail(ParseErrorKind::ExpectedValue);
            }
            (Form::Token, &self.text[start..self.position])
        };
        Ok(Parameter::new(name, offset, form, value, start, false))
    }

    /// `quoted-string` of [RFC 2616 §2.2]: text that may be folded, and any character after a backslash.
    ///
    /// [RFC 2616 §2.2]: https://www.rfc-editor.org/rfc/rfc2616#section-2.2
    ///
    /// Returns whether there was a backslash.
    #[inline(always)]
    fn quoted_string(&mut self) -> Result<bool, ParseError> {
        self.position += 1;
        let mut escaped = false;
        loop {
            self.position = if R::CHECKS {
                search::find_end_of_plain(self.octets(), self.position)
            } else {
                search::find_either(self.octets(), self.position, b'"', b'\\')
            };
            match self.peek() {
                Some(b'"') => {
                    self.position += 1;
                    return Ok(escaped);
                }
                None => return self.fail(ParseErrorKind::UnterminatedQuotedString),
                Some(b'\\') => {
                    self.quoted_pair()?;
                    escaped = true;
                }
                Some(_) => self.folded_white_space()?,
            }
        }
    }

    #[cold]
    fn quoted_pair(&mut self) -> Result<(), ParseError> {
        self.position += 1;
        match self.text[self.position..].chars().next() {
            Some(escaped) => self.position += escaped.len_utf8(),
            None => return self.fail(ParseErrorKind::UnterminatedQuotedString),
        }
        Ok(())
    }

    /// A tab, or a line break that a space or a tab follows.
    #[cold]
    fn folded_white_space(&mut self) -> Result<(), ParseError> {
        if self.peek() == Some(b'\t') {
            self.position += 1;
            return Ok(());
        }
        for expected in [b"\r".as_slice(), b"\n", b" \t"] {
            match self.peek() {
                Some(octet) if expected.contains(&octet) => self.position += 1,
                None => return self.fail(ParseErrorKind::UnterminatedQuotedString),
                Some(_) => return self.fail(ParseErrorKind::ControlCharacter),
            }
        }
        Ok(())
    }

    /// `ext-value` of [RFC 8187 §3.2.1]. Of the language tag only the shape is checked.
    ///
    /// [RFC 8187 §3.2.1]: https://www.rfc-editor.org/rfc/rfc8187#section-3.2.1
    #[cold]
    fn ext_value(&mut self) -> Result<(), ParseError> {
        let start = self.position;
        self.position = byte_class::span(self.octets(), start, CHARSET);
        if self.position == start || self.peek() != Some(b'\'') {
            return self.fail(ParseErrorKind::InvalidExtValue);
        }
        self.position += 1;
        self.language_tag()?;
        self.position += 1;
        loop {
            self.position = byte_class::span(self.octets(), self.position, ATTR);
            if self.peek() != Some(b'%') {
                return Ok(());
            }
            for _ in 0..2 {
                self.position += 1;
                if !self.peek().is_some_and(|octet| octet.is_ascii_hexdigit()) {
                    return self.fail(ParseErrorKind::InvalidExtValue);
                }
            }
            self.position += 1;
        }
    }

    /// Reads up to the `'` after an optional `1*8ALPHA *( "-" 1*8( ALPHA / DIGIT ) )`.
    fn language_tag(&mut self) -> Result<(), ParseError> {
        if self.peek() == Some(b'\'') {
            return Ok(());
        }
        let mut subtag = 0;
        let mut length = 0;
        loop {
            match self.peek() {
                Some(b'\'') if length > 0 => return Ok(()),
                Some(b'-') if length > 0 => (subtag, length) = (subtag + 1, 0),
                Some(octet) if length < 8 && octet.is_ascii_alphabetic() => length += 1,
                Some(octet) if length < 8 && subtag > 0 && octet.is_ascii_digit() => length += 1,
                _ => return self.fail(ParseErrorKind::InvalidExtValue),
            }
            self.position += 1;
        }
    }

    #[inline]
    fn white_space(&mut self) {
        if R::LENIENT && matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.reading.passed_over(DeviationKind::WhiteSpace, self.position);
            while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
                self.position += 1;
            }
        }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.octets().get(self.position).copied()
    }

    #[inline]
    fn octets(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    #[cold]
    fn fail<T>(&self, kind: ParseErrorKind) -> Result<T, ParseError> {
        Err(ParseError { kind, offset: self.position })
    }
}

/// Returns whether `name` can name a parameter with a plain value.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && byte_class::all(name.as_bytes(), ATTR) && !name.eq_ignore_ascii_case("href")
}

/// Returns whether `name` can name a parameter with an extended value.
pub(crate) fn is_extended_name(name: &str) -> bool {
    name.strip_suffix('*').is_some_and(|name| !name.is_empty() && byte_class::all(name.as_bytes(), ATTR))
}

/// Returns whether `value` is an extended value.
pub(crate) fn is_ext_value(value: &str) -> bool {
    let mut scanner = Scanner::new(value, 0, Strict);
    scanner.ext_value().is_ok() && scanner.position == value.len()
}
