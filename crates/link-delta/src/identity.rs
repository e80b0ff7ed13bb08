use alloc::borrow::Cow;

use waypost_link_format::{Link, Parameter};

/// What tells the links of a set apart: context, relation and target ([RFC 8288 §2]), as written.
///
/// Several links can share an identity. Nothing is resolved and no default is filled in, so `</a>;rel=hosts` is not `</a>`,
/// although both mean the same. Only the first `anchor`, `rel` and `rev` of a link count, and how they are quoted does not.
///
/// ```
/// use waypost_link_delta::Identity;
/// use waypost_link_format::LinkDocument;
///
/// let document = LinkDocument::parse(r#"</a>;rel=next;rt=x,</a>;rt=y;rel="next",</a>;rel=prev"#)?;
/// let [a, b, c] = [0, 1, 2].map(|nth| Identity::from(document.links().nth(nth).unwrap()));
/// assert_eq!(a, b);
/// assert_ne!(a, c);
/// # Ok::<(), waypost_link_format::ParseError>(())
/// ```
///
/// [RFC 8288 §2]: https://www.rfc-editor.org/rfc/rfc8288#section-2
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity<'a> {
    target: &'a str,
    /// The values of [`PARTS`]. What has no value counts as empty.
    parts: [Option<Cow<'a, str>>; 3],
}

impl<'a> Identity<'a> {
    /// Returns the target as written.
    #[must_use]
    pub const fn target(&self) -> &'a str {
        self.target
    }

    /// Returns the names and values of the other parts that are there.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        PARTS.into_iter().zip(&self.parts).filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }
}

impl<'a> From<Link<'a>> for Identity<'a> {
    fn from(link: Link<'a>) -> Self {
        let mut parts = [const { None }; 3];
        for parameter in link.parameters() {
            if let Some(part) = part_of(&parameter).map(|nth| &mut parts[nth]).filter(|part| part.is_none()) {
                *part = Some(parameter.value().unwrap_or_default());
            }
        }
        Self { target: link.target(), parts }
    }
}

/// Tells whether a link says its identity and nothing else.
pub(crate) fn is_bare(link: Link<'_>) -> bool {
    let mut seen = [false; 3];
    link.parameters().all(|parameter| part_of(&parameter).is_some_and(|nth| !core::mem::replace(&mut seen[nth], true)))
}

fn part_of(parameter: &Parameter<'_>) -> Option<usize> {
    PARTS.iter().position(|name| parameter.has_name(name))
}

const PARTS: [&str; 3] = ["anchor", "rel", "rev"];
