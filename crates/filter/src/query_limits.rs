/// Bounds on a query that comes from a peer.
///
/// The cost of matching grows with the number of criteria, and what is kept of a query with its size.
///
/// ```
/// use waypost_filter::{InvalidQueryKind, Query, QueryLimits};
///
/// let mut limits = QueryLimits::default();
/// limits.criteria = 1;
/// assert!(Query::parse_within(limits, "rt=core.s").is_ok());
/// let error = Query::parse_within(limits, "rt=core.s&ep=node1").unwrap_err();
/// assert_eq!(error.kind(), InvalidQueryKind::OverLimit);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueryLimits {
    /// Greatest number of criteria, not counting `page` and `count`; 32 by default.
    pub criteria: usize,
    /// Greatest number of bytes in all arguments together, as received and with the separators between them; 4096 by default.
    pub bytes: usize,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self { criteria: 32, bytes: 4096 }
    }
}
