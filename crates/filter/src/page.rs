use core::iter::{Skip, Take};

/// A slice of a result: `count` entries from entry number `page * count` on ([RFC 9176 §6.2]).
///
/// Pages are numbered from zero. A count of zero selects nothing.
///
/// ```
/// use waypost_filter::Page;
///
/// let page = Page { page: 2, count: 3 };
/// assert_eq!(page.skip(), 6);
/// assert_eq!(page.paginate(0..100).collect::<Vec<_>>(), [6, 7, 8]);
/// ```
///
/// [RFC 9176 §6.2]: https://www.rfc-editor.org/rfc/rfc9176#section-6.2
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Page {
    /// Number of the page, from zero.
    pub page: u32,
    /// Greatest number of entries on a page.
    pub count: u32,
}

impl Page {
    /// Returns the number of entries before this page.
    pub fn skip(&self) -> u64 {
        u64::from(self.page) * u64::from(self.count)
    }

    /// Returns the number of entries up to the end of this page.
    pub(crate) fn end(&self) -> u64 {
        // The greatest value is (2^32 - 1)^2 + 2^32 - 1, which is below 2^64.
        self.skip() + u64::from(self.count)
    }

    /// Limits `results` to the entries of this page.
    pub fn paginate<I: Iterator>(&self, results: I) -> Take<Skip<I>> {
        let (skip, count) = self.bounds();
        results.skip(skip).take(count)
    }

    /// Returns how many entries to skip and how many to take, as far as memory could hold them.
    pub(crate) fn bounds(&self) -> (usize, usize) {
        (usize::try_from(self.skip()).unwrap_or(usize::MAX), usize::try_from(self.count).unwrap_or(usize::MAX))
    }
}
