use alloc::borrow::Cow;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::iter::FusedIterator;

use crate::scanner::{Checked, Scanner};
use crate::{ContentFormats, ExtValue, Parameter, Parameters, Values, Words};

/// One link: a view into a valid document.
///
/// The reads by attribute ([`rt`](Self::rt), [`ct`](Self::ct), …) take the first parameter of the name and ignore later ones,
/// except where they say otherwise. Two links are equal when they are written alike.
///
/// ```
/// use waypost_link_format::LinkDocument;
///
/// let document = LinkDocument::parse(r#"</sensors/temp>;rt="temperature-c sensor";ct=40;obs"#)?;
/// let link = document.links().next().unwrap();
/// assert_eq!(link.target(), "/sensors/temp");
/// assert!(link.rt().eq(["temperature-c", "sensor"]));
/// assert!(link.ct().eq([40]));
/// assert!(link.obs());
/// # Ok::<(), waypost_link_format::ParseError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Link<'a> {
    /// The document, up to the end of the link or farther.
    text: &'a str,
    offset: usize,
    target: &'a str,
}

impl<'a> Link<'a> {
    pub(crate) fn new(text: &'a str, offset: usize, target: &'a str) -> Self {
        Self { text, offset, target }
    }

    /// Returns the target as written: a URI reference, which may be empty.
    #[inline]
    #[must_use]
    pub fn target(&self) -> &'a str {
        self.target
    }

    /// Returns the parameters, in order, with duplicates.
    #[inline]
    #[must_use]
    pub fn parameters(&self) -> Parameters<'a> {
        Parameters::new(Scanner::new(self.text, self.offset + self.target.len() + 2, Checked))
    }

    /// Returns the offset of the `<` in the document, in bytes.
    #[inline]
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Returns the whole link as written, from `<` to the end of the last parameter.
    #[must_use]
    pub fn raw(&self) -> &'a str {
        let target_end = self.offset + self.target.len() + 2;
        let end = self.parameters().last().map_or(target_end, |parameter| parameter.end());
        &self.text[self.offset..end]
    }

    /// Returns the first parameter of that name, letters of either case being the same.
    #[inline]
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<Parameter<'a>> {
        self.parameters().find(|parameter| parameter.has_name(name))
    }

    /// Returns the values of all parameters of that name, in order, without flags.
    #[must_use]
    pub fn values<'n>(&self, name: &'n str) -> Values<'a, 'n> {
        Values::new(self.parameters(), name)
    }

    /// Returns the context that the link names, as written: a URI reference ([RFC 6690 §2.1]).
    ///
    /// [RFC 6690 §2.1]: https://www.rfc-editor.org/rfc/rfc6690#section-2.1
    #[must_use]
    pub fn anchor(&self) -> Option<Cow<'a, str>> {
        self.value("anchor")
    }

    /// Returns the resource types ([RFC 6690 §3.1]).
    ///
    /// [RFC 6690 §3.1]: https://www.rfc-editor.org/rfc/rfc6690#section-3.1
    #[must_use]
    pub fn rt(&self) -> Words<'a> {
        self.words("rt")
    }

    /// Returns the interface descriptions, of the parameter `if` ([RFC 6690 §3.2]).
    ///
    /// [RFC 6690 §3.2]: https://www.rfc-editor.org/rfc/rfc6690#section-3.2
    #[must_use]
    pub fn interfaces(&self) -> Words<'a> {
        self.words("if")
    }

    /// Returns the relation types as written; see [`relation_types`](Self::relation_types) for those that are meant.
    ///
    /// Only the first `rel` counts ([RFC 8288 §3.3]).
    ///
    /// [RFC 8288 §3.3]: https://www.rfc-editor.org/rfc/rfc8288#section-3.3
    #[must_use]
    pub fn rel(&self) -> Words<'a> {
        self.words("rel")
    }

    /// Returns the relation types, which is `hosts` alone for a link without `rel` ([RFC 6690 §2.2]).
    ///
    /// [RFC 6690 §2.2]: https://www.rfc-editor.org/rfc/rfc6690#section-2.2
    #[must_use]
    pub fn relation_types(&self) -> Words<'a> {
        match self.parameter("rel") {
            Some(parameter) => Words::new(parameter.value()),
            None => Words::new(Some(Cow::Borrowed("hosts"))),
        }
    }

    /// Returns the relation types in the opposite direction ([RFC 8288 §3.3], which deprecates them).
    ///
    /// [RFC 8288 §3.3]: https://www.rfc-editor.org/rfc/rfc8288#section-3.3
    #[must_use]
    pub fn rev(&self) -> Words<'a> {
        self.words("rev")
    }

    /// Returns the content formats: one number, or several separated by spaces ([RFC 7252 §7.2.1]). What is not a number from
    /// 0 to 65535 is left out.
    ///
    /// [RFC 7252 §7.2.1]: https://www.rfc-editor.org/rfc/rfc7252#section-7.2.1
    #[must_use]
    pub fn ct(&self) -> ContentFormats<'a> {
        ContentFormats::new(self.words("ct"))
    }

    /// Returns the estimated maximum size in bytes ([RFC 6690 §3.3]). `u64::MAX` stands for anything larger. `None` also when the
    /// value is not a number, or has a leading zero.
    ///
    /// [RFC 6690 §3.3]: https://www.rfc-editor.org/rfc/rfc6690#section-3.3
    #[must_use]
    pub fn sz(&self) -> Option<u64> {
        cardinal(&self.value("sz")?)
    }

    /// Returns whether the resource is marked as observable. A value is ignored ([RFC 7641 §6]).
    ///
    /// [RFC 7641 §6]: https://www.rfc-editor.org/rfc/rfc7641#section-6
    #[must_use]
    pub fn obs(&self) -> bool {
        self.parameter("obs").is_some()
    }

    /// Returns the title, of the parameter `title` alone; see [`best_title`](Self::best_title).
    #[must_use]
    pub fn title(&self) -> Option<Cow<'a, str>> {
        self.value("title")
    }

    /// Returns the title with its language, of the parameter `title*`.
    #[must_use]
    pub fn title_star(&self) -> Option<ExtValue<'a>> {
        self.parameter("title*")?.raw_value().and_then(ExtValue::new)
    }

    /// Returns the title for people: that of `title*` if it can be decoded, else that of `title` ([RFC 8288 §3.4.1]).
    ///
    /// [RFC 8288 §3.4.1]: https://www.rfc-editor.org/rfc/rfc8288#section-3.4.1
    #[must_use]
    pub fn best_title(&self) -> Option<Cow<'a, str>> {
        self.title_star().and_then(|title| title.decode()).or_else(|| self.title())
    }

    /// Returns the languages of the target. Every `hreflang` counts ([RFC 8288 §3.4.1]).
    ///
    /// [RFC 8288 §3.4.1]: https://www.rfc-editor.org/rfc/rfc8288#section-3.4.1
    #[must_use]
    pub fn hreflang(&self) -> Values<'a, 'static> {
        self.values("hreflang")
    }

    /// Returns the media that the target is meant for.
    #[must_use]
    pub fn media(&self) -> Option<Cow<'a, str>> {
        self.value("media")
    }

    /// Returns the media type of the target, of the parameter `type`.
    #[must_use]
    pub fn media_type(&self) -> Option<Cow<'a, str>> {
        self.value("type")
    }

    /// Returns the reference to the registration that the link came from, as written. The last one counts
    /// ([Resource Directory Replication]).
    ///
    /// [Resource Directory Replication]: https://datatracker.ietf.org/doc/draft-amsuess-core-rd-replication/
    #[must_use]
    pub fn provenance(&self) -> Option<Cow<'a, str>> {
        self.parameters().filter(|parameter| parameter.has_name("provenance")).last()?.value()
    }

    fn value(&self, name: &str) -> Option<Cow<'a, str>> {
        self.parameter(name)?.value()
    }

    fn words(&self, name: &str) -> Words<'a> {
        Words::new(self.value(name))
    }
}

impl PartialEq for Link<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.raw() == other.raw()
    }
}

impl Eq for Link<'_> {}

impl Hash for Link<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.raw().hash(state);
    }
}

impl fmt::Display for Link<'_> {
    /// Writes the link as it was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.raw())
    }
}

impl fmt::Debug for Link<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({self})")
    }
}

/// The links of a document, in order.
///
/// ```
/// use waypost_link_format::LinkDocument;
///
/// let document = LinkDocument::parse("</a>,</b>")?;
/// let targets: Vec<_> = document.links().map(|link| link.target()).collect();
/// assert_eq!(targets, ["/a", "/b"]);
/// # Ok::<(), waypost_link_format::ParseError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Links<'a> {
    text: &'a str,
    scanner: Scanner<'a, Checked>,
    commas_only_separate: bool,
}

impl<'a> Links<'a> {
    pub(crate) fn new(text: &'a str, commas_only_separate: bool) -> Self {
        Self { text, scanner: Scanner::new(text, 0, Checked), commas_only_separate }
    }
}

impl<'a> Iterator for Links<'a> {
    type Item = Link<'a>;

    #[inline]
    fn next(&mut self) -> Option<Link<'a>> {
        let (offset, target) = self.scanner.next_link().ok()??;
        if self.commas_only_separate {
            self.scanner.skip_to_comma();
        } else {
            self.scanner.skip_parameters().ok()?;
        }
        Some(Link { text: &self.text[..self.scanner.position()], offset, target })
    }
}

impl FusedIterator for Links<'_> {}

/// `"0" / ( %x31-39 *DIGIT )`, up to the largest number there is.
pub(crate) fn cardinal(digits: &str) -> Option<u64> {
    let canonical = digits == "0" || (!digits.is_empty() && !digits.starts_with('0'));
    if !canonical || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(u64::MAX))
}
