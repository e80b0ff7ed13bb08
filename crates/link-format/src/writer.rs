use alloc::string::String;
use core::fmt;
use core::ops::Range;

use crate::byte_class::{self, URI};
use crate::link::cardinal;
use crate::{Form, Link, Parameter, quoted, scanner};

/// Writes links so that deployed clients can read them.
///
/// Parsers in wide use fail on an unquoted value at the end, on `x=""`, and on white space; some cut unquoted values short.
/// So every value is quoted, also that of `ct`; an empty value is written as a flag; and nothing stands between the parts.
/// Two kinds of values have no quotes by their grammar: `sz`, which is a number, and those of names that end in `*`. They are
/// never written last in a link; the last quoted parameter or flag is moved behind them. What cannot be arranged is chosen so:
/// where `sz` has nothing to stand before, it is quoted, which the grammar of extensions permits and every reader takes; only
/// where extended values are all there is, one stands last. A second `sz`, which does not count, is quoted as well.
///
/// A link is passed on when it is complete, so [`finish`](Self::finish) is needed for the last one.
///
/// ```
/// use waypost_link_format::LinkWriter;
///
/// let mut text = String::new();
/// let mut writer = LinkWriter::new(&mut text);
/// writer.link("/sensors/temp")?.attribute("rt", "temperature-c")?.attribute("ct", "40")?.attribute("sz", "800")?;
/// writer.link("/sensors/light")?.flag("obs")?;
/// writer.finish()?;
/// assert_eq!(text, r#"</sensors/temp>;rt="temperature-c";sz=800;ct="40",</sensors/light>;obs"#);
/// # Ok::<(), core::fmt::Error>(())
/// ```
#[derive(Debug)]
pub struct LinkWriter<'w, W: fmt::Write + ?Sized> {
    out: &'w mut W,
    /// The link under way, with the comma before it. Kept across links for its capacity.
    line: String,
    /// The last parameter in `line` that may end a link.
    safe: Option<Range<usize>>,
    /// The `sz` in `line` that has no quotes.
    size: Option<Range<usize>>,
    /// Whether there is a `sz` in `line`, however written.
    sized: bool,
    begun: bool,
}

impl<'w, W: fmt::Write + ?Sized> LinkWriter<'w, W> {
    /// Returns a writer that appends to `out`, with no link before.
    pub fn new(out: &'w mut W) -> Self {
        Self { out, line: String::with_capacity(USUAL_LINK), safe: None, size: None, sized: false, begun: false }
    }

    /// Starts the next link.
    ///
    /// # Errors
    /// When `target` contains something that no URI reference does, and when `out` fails. Whether `target` as a whole is a URI
    /// reference is for the caller to know.
    pub fn link(&mut self, target: &str) -> Result<&mut Self, fmt::Error> {
        if !byte_class::all(target.as_bytes(), URI) {
            return Err(fmt::Error);
        }
        self.flush()?;
        self.line.push_str(if self.begun { ",<" } else { "<" });
        self.line.push_str(target);
        self.line.push('>');
        self.begun = true;
        Ok(self)
    }

    /// Adds a parameter, with backslashes where they are needed. One with an empty value is written as a flag.
    ///
    /// # Errors
    /// When no link was started, when `name` cannot name a parameter (`href` cannot), and when `name` ends in `*` and `value` is
    /// not of the form `charset'language'text`.
    pub fn attribute(&mut self, name: &str, value: &str) -> Result<&mut Self, fmt::Error> {
        if scanner::is_extended_name(name) {
            if !scanner::is_ext_value(value) {
                return Err(fmt::Error);
            }
            self.started()?.bare(name, value);
        } else if value.is_empty() {
            return self.flag(name);
        } else if !scanner::is_name(name) {
            return Err(fmt::Error);
        } else if self.started()?.is_size(name, value) {
            self.bare_size(name, value);
        } else {
            self.quoted(name, |line| quoted::escape_into(value, line));
        }
        Ok(self)
    }

    /// Adds a parameter without a value.
    ///
    /// # Errors
    /// When no link was started, and when `name` cannot name a flag.
    pub fn flag(&mut self, name: &str) -> Result<&mut Self, fmt::Error> {
        if !scanner::is_name(name) {
            return Err(fmt::Error);
        }
        self.started()?.bare_name(name);
        self.is_size(name, "");
        Ok(self)
    }

    /// Copies a parsed parameter, normalised. What is between its quotes is copied as it is.
    ///
    /// # Errors
    /// When no link was started.
    pub fn parameter(&mut self, parameter: Parameter<'_>) -> Result<&mut Self, fmt::Error> {
        self.started()?;
        let name = parameter.name();
        match (parameter.form(), parameter.raw_value().unwrap_or_default()) {
            (Form::Ext, value) => self.bare(name, value),
            (_, value) if self.is_size(name, value) => self.bare_size(name, value),
            (_, "") => self.bare_name(name),
            (_, value) => self.quoted(name, |line| line.push_str(value)),
        }
        Ok(self)
    }

    /// Copies a whole link, normalised.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn copy(&mut self, link: Link<'_>) -> Result<&mut Self, fmt::Error> {
        self.link(link.target())?;
        for parameter in link.parameters() {
            self.parameter(parameter)?;
        }
        Ok(self)
    }

    /// Starts the next link; its target is `path`, put at `origin`.
    ///
    /// This is [`resolve`](crate::resolve) and [`link`](Self::link) in one, without a copy of the URI, for a path that starts with
    /// a single slash and has no dot segments.
    ///
    /// ```
    /// use waypost_link_format::LinkWriter;
    ///
    /// let mut text = String::new();
    /// let mut writer = LinkWriter::new(&mut text);
    /// writer.link_at("coap://[2001:db8::1]", "/t")?.attribute("rt", "temperature-c")?;
    /// writer.finish()?;
    /// assert_eq!(text, r#"<coap://[2001:db8::1]/t>;rt="temperature-c""#);
    /// # Ok::<(), core::fmt::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`link`](Self::link), for either part.
    pub fn link_at(&mut self, origin: &str, path: &str) -> Result<&mut Self, fmt::Error> {
        self.link(origin)?;
        if !byte_class::all(path.as_bytes(), URI) {
            self.line.clear();
            return Err(fmt::Error);
        }
        // Between the origin and the bracket.
        self.line.pop();
        self.line.push_str(path);
        self.line.push('>');
        Ok(self)
    }

    /// Copies a link that a writer has written before, its target put at `origin`.
    ///
    /// Nothing of it is looked at, so this is fast, and what was not written by a writer should not be given to it. A link with a
    /// bare `sz` or with extended values, which a writer arranges by what else there is, should not be added to.
    ///
    /// ```
    /// use waypost_link_format::LinkWriter;
    ///
    /// let mut text = String::new();
    /// let mut writer = LinkWriter::new(&mut text);
    /// writer.written("coap://[2001:db8::1]", r#"</t>;rt="temperature-c""#)?.flag("obs")?;
    /// writer.finish()?;
    /// assert_eq!(text, r#"<coap://[2001:db8::1]/t>;rt="temperature-c";obs"#);
    /// # Ok::<(), core::fmt::Error>(())
    /// ```
    ///
    /// # Errors
    /// When `written` does not start as a link does, and when the output fails.
    pub fn written(&mut self, origin: &str, written: &str) -> Result<&mut Self, fmt::Error> {
        let rest = written.strip_prefix('<').ok_or(fmt::Error)?;
        self.flush()?;
        self.line.push_str(if self.begun { ",<" } else { "<" });
        self.line.push_str(origin);
        self.line.push_str(rest);
        self.begun = true;
        Ok(self)
    }

    /// Writes the last link.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn finish(mut self) -> fmt::Result {
        self.flush()
    }

    fn flush(&mut self) -> fmt::Result {
        self.arrange_end();
        self.out.write_str(&self.line)?;
        self.line.clear();
        self.safe = None;
        self.size = None;
        self.sized = false;
        Ok(())
    }

    /// Moves something behind an unquoted value at the end.
    fn arrange_end(&mut self) {
        match (self.safe.take(), self.size.take()) {
            (Some(safe), _) if safe.end < self.line.len() => {
                self.line.extend_from_within(safe.clone());
                self.line.drain(safe);
            }
            (None, Some(size)) => {
                let value = self.line[size.clone()].rfind('=').map_or(size.end, |equals| size.start + equals + 1);
                self.line.extend_from_within(size.start..value);
                self.line.push('"');
                self.line.extend_from_within(value..size.end);
                self.line.push('"');
                self.line.drain(size);
            }
            _ => {}
        }
    }

    fn started(&mut self) -> Result<&mut Self, fmt::Error> {
        if self.line.is_empty() { Err(fmt::Error) } else { Ok(self) }
    }

    /// Whether this is the one parameter that is written as a number. Only the first `sz` can be, because the others must not
    /// come before it when the end is arranged.
    fn is_size(&mut self, name: &str, value: &str) -> bool {
        let first = name.eq_ignore_ascii_case("sz") && !self.sized;
        self.sized |= first;
        first && cardinal(value).is_some()
    }

    fn bare_size(&mut self, name: &str, value: &str) {
        let start = self.line.len();
        self.bare(name, value);
        self.size = Some(start..self.line.len());
    }

    fn bare(&mut self, name: &str, value: &str) {
        self.line.push(';');
        self.line.push_str(name);
        self.line.push('=');
        self.line.push_str(value);
    }

    fn bare_name(&mut self, name: &str) {
        let start = self.line.len();
        self.line.push(';');
        self.line.push_str(name);
        self.safe = Some(start..self.line.len());
    }

    fn quoted(&mut self, name: &str, push_value: impl FnOnce(&mut String)) {
        let start = self.line.len();
        self.line.push(';');
        self.line.push_str(name);
        self.line.push_str("=\"");
        push_value(&mut self.line);
        self.line.push('"');
        self.safe = Some(start..self.line.len());
    }
}

/// What a link with a few attributes takes, in bytes.
const USUAL_LINK: usize = 128;
