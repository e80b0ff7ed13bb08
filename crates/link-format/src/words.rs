use alloc::borrow::Cow;
use alloc::borrow::ToOwned;
use core::iter::FusedIterator;

use crate::Parameters;
use crate::link::cardinal;

/// The words of a value: what stands between its spaces.
///
/// Borrows from the document unless the value has a quoted-pair.
///
/// ```
/// use waypost_link_format::LinkDocument;
///
/// let document = LinkDocument::parse(r#"</a>;if="core.s  core.b""#)?;
/// let words: Vec<_> = document.links().next().unwrap().interfaces().collect();
/// assert_eq!(words, ["core.s", "core.b"]);
/// # Ok::<(), waypost_link_format::ParseError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Words<'a> {
    value: Cow<'a, str>,
    position: usize,
}

impl<'a> Words<'a> {
    pub(crate) fn new(value: Option<Cow<'a, str>>) -> Self {
        Self { value: value.unwrap_or_default(), position: 0 }
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = Cow<'a, str>;

    fn next(&mut self) -> Option<Cow<'a, str>> {
        let rest = &self.value[self.position..];
        let word = rest.trim_start_matches(' ');
        if word.is_empty() {
            return None;
        }
        let start = self.position + rest.len() - word.len();
        let end = start + word.find(' ').unwrap_or(word.len());
        self.position = end;
        Some(match &self.value {
            Cow::Borrowed(value) => Cow::Borrowed(&value[start..end]),
            Cow::Owned(value) => Cow::Owned(value[start..end].to_owned()),
        })
    }
}

impl FusedIterator for Words<'_> {}

/// The content formats of a link.
///
/// ```
/// use waypost_link_format::LinkDocument;
///
/// let document = LinkDocument::parse(r#"</a>;ct="40 50""#)?;
/// let formats: Vec<u16> = document.links().next().unwrap().ct().collect();
/// assert_eq!(formats, [40, 50]);
/// # Ok::<(), waypost_link_format::ParseError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ContentFormats<'a> {
    words: Words<'a>,
}

impl<'a> ContentFormats<'a> {
    pub(crate) fn new(words: Words<'a>) -> Self {
        Self { words }
    }
}

impl Iterator for ContentFormats<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        self.words.find_map(|word| u16::try_from(cardinal(&word)?).ok())
    }
}

impl FusedIterator for ContentFormats<'_> {}

/// The values of all parameters of one name.
///
/// ```
/// use waypost_link_format::LinkDocument;
///
/// let document = LinkDocument::parse("</a>;hreflang=sv;hreflang=en")?;
/// let languages: Vec<_> = document.links().next().unwrap().hreflang().collect();
/// assert_eq!(languages, ["sv", "en"]);
/// # Ok::<(), waypost_link_format::ParseError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Values<'a, 'n> {
    parameters: Parameters<'a>,
    name: &'n str,
}

impl<'a, 'n> Values<'a, 'n> {
    pub(crate) fn new(parameters: Parameters<'a>, name: &'n str) -> Self {
        Self { parameters, name }
    }
}

impl<'a> Iterator for Values<'a, '_> {
    type Item = Cow<'a, str>;

    fn next(&mut self) -> Option<Cow<'a, str>> {
        let name = self.name;
        self.parameters.find_map(|parameter| if parameter.has_name(name) { parameter.value() } else { None })
    }
}

impl FusedIterator for Values<'_, '_> {}
