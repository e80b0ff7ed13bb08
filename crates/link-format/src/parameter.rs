use alloc::borrow::Cow;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::iter::FusedIterator;

use crate::quoted;
use crate::scanner::{Checked, Scanner};

/// A parameter of a link: a name, and a value unless it is a flag.
///
/// Two parameters are equal when name, form and value are written alike, wherever they stand.
///
/// ```
/// use waypost_link_format::{Form, LinkDocument};
///
/// let document = LinkDocument::parse(r#"</a>;title="a \"b\"";obs"#)?;
/// let link = document.links().next().unwrap();
/// let title = link.parameter("Title").unwrap();
/// assert_eq!(title.name(), "title");
/// assert_eq!(title.form(), Form::Quoted);
/// assert_eq!(title.raw_value(), Some(r#"a \"b\""#));
/// assert_eq!(title.value().as_deref(), Some(r#"a "b""#));
/// assert_eq!(link.parameter("obs").unwrap().value(), None);
/// # Ok::<(), waypost_link_format::ParseError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Parameter<'a> {
    name: &'a str,
    /// Empty for a flag.
    value: &'a str,
    offset: usize,
    /// Of the first byte after `=`, which is the quote when there is one.
    value_offset: usize,
    form: Form,
    /// Whether the value has a quoted-pair.
    escaped: bool,
}

impl<'a> Parameter<'a> {
    #[inline]
    pub(crate) fn new(
        name: &'a str,
        offset: usize,
        form: Form,
        value: &'a str,
        value_offset: usize,
        escaped: bool,
    ) -> Self {
        Self { name, value, offset, value_offset, form, escaped }
    }

    /// Returns the name as written, with the `*` of an extended one.
    #[inline]
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Returns whether this is the name, letters of either case being the same ([RFC 8288 Appendix B.3]).
    ///
    /// [RFC 8288 Appendix B.3]: https://www.rfc-editor.org/rfc/rfc8288#appendix-B.3
    #[inline]
    #[must_use]
    pub fn has_name(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Returns how the value is written.
    #[inline]
    #[must_use]
    pub fn form(&self) -> Form {
        self.form
    }

    /// Returns the value as written: without the quotes, with the backslashes. `None` for a flag.
    #[inline]
    #[must_use]
    pub fn raw_value(&self) -> Option<&'a str> {
        (self.form != Form::Flag).then_some(self.value)
    }

    /// Returns the value with every quoted-pair undone. `None` for a flag.
    ///
    /// Borrows from the document unless there was a quoted-pair. An extended value stays encoded; see
    /// [`Link::title_star`](crate::Link::title_star).
    #[inline]
    #[must_use]
    pub fn value(&self) -> Option<Cow<'a, str>> {
        match self.form {
            Form::Flag => None,
            _ if self.escaped => Some(Cow::Owned(quoted::unescape(self.value))),
            _ => Some(Cow::Borrowed(self.value)),
        }
    }

    /// Returns the offset of the name in the document, in bytes.
    #[inline]
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Returns the offset of the first byte of the raw value in the document, after the quote if there is one. For a flag it
    /// is where the name ends.
    #[inline]
    #[must_use]
    pub fn value_offset(&self) -> usize {
        match self.form {
            Form::Flag => self.offset + self.name.len(),
            Form::Quoted => self.value_offset + 1,
            Form::Token | Form::Ext => self.value_offset,
        }
    }

    /// Returns the offset after the last byte.
    pub(crate) fn end(&self) -> usize {
        self.value_offset() + self.value.len() + usize::from(self.form == Form::Quoted)
    }
}

impl PartialEq for Parameter<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.name, self.form, self.value) == (other.name, other.form, other.value)
    }
}

impl Eq for Parameter<'_> {}

impl Hash for Parameter<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.name, self.form, self.value).hash(state);
    }
}

impl fmt::Display for Parameter<'_> {
    /// Writes the parameter as it was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        match self.form {
            Form::Flag => Ok(()),
            Form::Quoted => write!(f, "=\"{}\"", self.value),
            Form::Token | Form::Ext => write!(f, "={}", self.value),
        }
    }
}

impl fmt::Debug for Parameter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parameter({self})")
    }
}

/// How the value of a parameter is written.
///
/// ```
/// use waypost_link_format::{Form, LinkDocument};
///
/// let document = LinkDocument::parse("</a>;obs;ct=40;rt=\"x\";title*=UTF-8''y")?;
/// let forms: Vec<_> = document.links().flat_map(|link| link.parameters()).map(|parameter| parameter.form()).collect();
/// assert_eq!(forms, [Form::Flag, Form::Token, Form::Quoted, Form::Ext]);
/// # Ok::<(), waypost_link_format::ParseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// A name without a value.
    Flag,
    /// A value without quotes.
    Token,
    /// A value in quotes.
    Quoted,
    /// The value of a parameter whose name ends in `*`, with character set and language ([RFC 8187]).
    ///
    /// [RFC 8187]: https://www.rfc-editor.org/rfc/rfc8187
    Ext,
}

/// The parameters of a link, in the order in which they are written.
///
/// ```
/// use waypost_link_format::LinkDocument;
///
/// let document = LinkDocument::parse("</a>;rt=x;obs")?;
/// let link = document.links().next().unwrap();
/// let names: Vec<_> = link.parameters().map(|parameter| parameter.name()).collect();
/// assert_eq!(names, ["rt", "obs"]);
/// # Ok::<(), waypost_link_format::ParseError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Parameters<'a> {
    scanner: Scanner<'a, Checked>,
}

impl<'a> Parameters<'a> {
    pub(crate) fn new(scanner: Scanner<'a, Checked>) -> Self {
        Self { scanner }
    }
}

impl<'a> Iterator for Parameters<'a> {
    type Item = Parameter<'a>;

    #[inline]
    fn next(&mut self) -> Option<Parameter<'a>> {
        self.scanner.next_parameter().ok().flatten()
    }
}

impl FusedIterator for Parameters<'_> {}
