use core::fmt;

/// Something outside the grammar that lenient reading passed over, and where.
///
/// ```
/// use waypost_link_format::{DeviationKind, LinkDocument};
///
/// let mut seen = Vec::new();
/// LinkDocument::parse_lenient("</a>, </b>", |deviation| seen.push(deviation))?;
/// assert_eq!((seen[0].kind, seen[0].offset), (DeviationKind::WhiteSpace, 5));
/// # Ok::<(), waypost_link_format::ParseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Deviation {
    /// What was passed over.
    pub kind: DeviationKind,
    /// Where, in bytes from the start of the document.
    pub offset: usize,
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.kind, self.offset)
    }
}

/// What lenient reading passes over.
///
/// ```
/// use waypost_link_format::DeviationKind;
///
/// assert_eq!(DeviationKind::TrailingSeparator.to_string(), "separator with nothing after it");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeviationKind {
    /// Space, tab, carriage return or line feed around a separator; the offset is that of the first of them.
    WhiteSpace,
    /// A `,` that ends the document, or a `;` that ends a link.
    TrailingSeparator,
    /// A `,` with no link before it, or a `;` with no parameter before it.
    ExtraSeparator,
}

impl DeviationKind {
    /// Returns the section with the rule that is broken.
    #[must_use]
    pub const fn section(self) -> &'static str {
        "RFC 6690 §2"
    }
}

impl fmt::Display for DeviationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WhiteSpace => "white space around a separator",
            Self::TrailingSeparator => "separator with nothing after it",
            Self::ExtraSeparator => "separator with nothing before it",
        })
    }
}
