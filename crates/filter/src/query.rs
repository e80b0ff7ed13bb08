use alloc::vec::Vec;
use core::{
    iter::{Skip, Take},
    str::FromStr,
};

use crate::{Criterion, InvalidQuery, Level, Page, QueryLimits, Record, syntax};

/// Criteria joined by AND, with an optional page: the filter of a look-up ([RFC 6690 §4.1], [RFC 9176 §6.2]).
///
/// The query without criteria matches everything. The criteria keep their order, and repeated ones are kept.
///
/// `Display` writes a query string, in which only what needs it is percent-encoded. It parses back to the equal query,
/// save for what can be built but has no written form: an explicit [`Level`], an exact value that ends in `*` (it is
/// written as a prefix, which matches more), and criteria whose name is empty, is `page` or `count`, or contains an `=`.
///
/// ```
/// use waypost_filter::{Criterion, Query, Test};
///
/// let query: Query = "rt=core.s&title=Wei%C3%9F*&page=0&count=10".parse()?;
/// assert_eq!(query.criteria()[1], Criterion::new("title", Test::Prefix("Weiß".into())));
/// assert_eq!(query.to_string(), "rt=core.s&title=Wei%C3%9F*&page=0&count=10");
/// # Ok::<(), waypost_filter::InvalidQuery>(())
/// ```
///
/// [RFC 6690 §4.1]: https://www.rfc-editor.org/rfc/rfc6690#section-4.1
/// [RFC 9176 §6.2]: https://www.rfc-editor.org/rfc/rfc9176#section-6.2
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Query {
    criteria: Vec<Criterion>,
    page: Option<Page>,
}

impl Query {
    /// Creates the query that matches everything.
    pub const fn all() -> Self {
        Self { criteria: Vec::new(), page: None }
    }

    /// Reads the Uri-Query options of a request, within the default [`QueryLimits`].
    ///
    /// The options carry decoded text, so that a percent sign stands for itself. Empty options are skipped. Of a
    /// repeated `page` or `count` the last one counts, but each must be a number.
    ///
    /// # Errors
    ///
    /// Fails as [`InvalidQueryKind`](crate::InvalidQueryKind) lists.
    ///
    /// ```
    /// use waypost_filter::Query;
    ///
    /// let query = Query::from_options(["rt=core.s", "count=5", "page=0", "page=1"])?;
    /// assert_eq!(query.criteria().len(), 1);
    /// assert_eq!(query.page().unwrap().page, 1);
    /// # Ok::<(), waypost_filter::InvalidQuery>(())
    /// ```
    pub fn from_options<S: AsRef<str>>(options: impl IntoIterator<Item = S>) -> Result<Self, InvalidQuery> {
        Self::from_options_within(QueryLimits::default(), options)
    }

    /// Reads the Uri-Query options of a request, within limits of one's own.
    ///
    /// # Errors
    ///
    /// Fails as [`InvalidQueryKind`](crate::InvalidQueryKind) lists.
    pub fn from_options_within<S: AsRef<str>>(
        limits: QueryLimits,
        options: impl IntoIterator<Item = S>,
    ) -> Result<Self, InvalidQuery> {
        syntax::from_options(limits, options)
    }

    /// Reads a query string such as `rt=core.s&page=0&count=10`, within the default [`QueryLimits`].
    ///
    /// The string is split at each `&`; each argument is percent-decoded and then read as
    /// [`from_options`](Self::from_options) does, as [RFC 7252 §6.4] makes options from a URI. A `+` stands for itself.
    ///
    /// # Errors
    ///
    /// Fails as [`InvalidQueryKind`](crate::InvalidQueryKind) lists.
    ///
    /// [RFC 7252 §6.4]: https://www.rfc-editor.org/rfc/rfc7252#section-6.4
    pub fn parse(query: &str) -> Result<Self, InvalidQuery> {
        Self::parse_within(QueryLimits::default(), query)
    }

    /// Reads a query string within limits of one's own.
    ///
    /// # Errors
    ///
    /// Fails as [`InvalidQueryKind`](crate::InvalidQueryKind) lists.
    pub fn parse_within(limits: QueryLimits, query: &str) -> Result<Self, InvalidQuery> {
        syntax::parse(limits, query)
    }

    pub(crate) fn from_parts(criteria: Vec<Criterion>, page: Option<Page>) -> Self {
        Self { criteria, page }
    }

    /// Adds a criterion.
    #[must_use]
    pub fn with(mut self, criterion: Criterion) -> Self {
        self.criteria.push(criterion);
        self
    }

    /// Sets the page.
    #[must_use]
    pub fn with_page(mut self, page: Page) -> Self {
        self.page = Some(page);
        self
    }

    /// Removes the page, so that the query has its whole result.
    #[must_use]
    pub fn without_page(mut self) -> Self {
        self.page = None;
        self
    }

    /// Keeps only the criteria that `keep` says true of.
    ///
    /// This is for arguments that a server gives a meaning beyond filtering, such as a bare `provenance`.
    ///
    /// ```
    /// use waypost_filter::{Query, Test};
    ///
    /// let mut query = Query::parse("provenance&rt=core.s")?;
    /// query.retain(|criterion| criterion.name() != "provenance" || *criterion.test() != Test::Exists);
    /// assert_eq!(query.to_string(), "rt=core.s");
    /// # Ok::<(), waypost_filter::InvalidQuery>(())
    /// ```
    pub fn retain(&mut self, keep: impl FnMut(&Criterion) -> bool) {
        self.criteria.retain(keep);
    }

    /// Returns the criteria, in their order.
    pub fn criteria(&self) -> &[Criterion] {
        &self.criteria
    }

    /// Returns the page, if the query asks for one.
    pub fn page(&self) -> Option<Page> {
        self.page
    }

    /// Limits `results` to the page, if the query asks for one.
    ///
    /// ```
    /// use waypost_filter::Query;
    ///
    /// let query = Query::parse("count=2&page=1")?;
    /// assert!(query.paginate(0..5).eq([2, 3]));
    /// assert!(Query::all().paginate(0..5).eq(0..5));
    /// # Ok::<(), waypost_filter::InvalidQuery>(())
    /// ```
    pub fn paginate<I: Iterator>(&self, results: I) -> Take<Skip<I>> {
        let (skip, count) = self.page.map_or((0, usize::MAX), |page| page.bounds());
        results.skip(skip).take(count)
    }

    /// Tells whether a record that stands alone meets every criterion; levels and page have no say.
    ///
    /// ```
    /// use waypost_filter::Query;
    ///
    /// let query = Query::parse("rt=light-lux&obs")?;
    /// assert!(query.matches(&[("href", "/light"), ("rt", "light-lux core.sen-light"), ("obs", "")]));
    /// assert!(!query.matches(&[("href", "/light"), ("rt", "light-lux")]));
    /// # Ok::<(), waypost_filter::InvalidQuery>(())
    /// ```
    pub fn matches(&self, record: &(impl Record + ?Sized)) -> bool {
        self.criteria.iter().all(|criterion| criterion.matches(record))
    }

    /// Tells whether a link belongs to the result of a resource look-up: each criterion is met by the link or by the
    /// endpoint that registered it, or by the one that its [`Level`] names ([RFC 9176 §6.2]).
    ///
    /// [RFC 9176 §6.2]: https://www.rfc-editor.org/rfc/rfc9176#section-6.2
    ///
    /// ```
    /// use waypost_filter::Query;
    ///
    /// let endpoint = [("ep", "node1"), ("d", "floor-3")];
    /// let link = [("href", "coap://node1/t"), ("rt", "core.s")];
    /// assert!(Query::parse("rt=core.s&d=floor-*")?.matches_resource(&link, &endpoint));
    /// # Ok::<(), waypost_filter::InvalidQuery>(())
    /// ```
    pub fn matches_resource(&self, link: &(impl Record + ?Sized), endpoint: &(impl Record + ?Sized)) -> bool {
        self.criteria.iter().all(|criterion| match criterion.level() {
            Level::Either => criterion.matches(link) || criterion.matches(endpoint),
            Level::Endpoint => criterion.matches(endpoint),
            Level::Resource => criterion.matches(link),
        })
    }

    /// Tells whether an endpoint belongs to the result of an endpoint look-up: each criterion is met by the endpoint or
    /// by any one of its links, or as its [`Level`] says ([RFC 9176 §6.2]).
    ///
    /// Different criteria may be met by different links.
    ///
    /// [RFC 9176 §6.2]: https://www.rfc-editor.org/rfc/rfc9176#section-6.2
    ///
    /// ```
    /// use waypost_filter::Query;
    ///
    /// let endpoint = [("ep", "node1")];
    /// let links = [[("href", "coap://node1/t"), ("rt", "temp")], [("href", "coap://node1/l"), ("rt", "light")]];
    /// assert!(Query::parse("rt=temp&rt=light&ep=node1")?.matches_endpoint(&endpoint, links.iter()));
    /// # Ok::<(), waypost_filter::InvalidQuery>(())
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "an iterator is handed over like any other")]
    pub fn matches_endpoint<R: Record>(
        &self,
        endpoint: &(impl Record + ?Sized),
        links: impl Iterator<Item = R> + Clone,
    ) -> bool {
        let any_link = |criterion: &Criterion| links.clone().any(|link| criterion.matches(&link));
        self.criteria.iter().all(|criterion| match criterion.level() {
            Level::Either => criterion.matches(endpoint) || any_link(criterion),
            Level::Endpoint => criterion.matches(endpoint),
            Level::Resource => any_link(criterion),
        })
    }
}

impl FromStr for Query {
    type Err = InvalidQuery;

    fn from_str(query: &str) -> Result<Self, InvalidQuery> {
        Self::parse(query)
    }
}
