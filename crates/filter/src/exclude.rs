use crate::Query;

/// Tells whether a directory of which one knows something has nothing for a query.
///
/// `summary` is what is known: each value of an attribute that it names, at endpoints and links, passes the test that it has
/// there, such as `d=floor-3*` for a directory of some sectors. A query that asks for another value finds nothing, so that it
/// need not be asked there. That an attribute is there at all is not said.
///
/// ```
/// use waypost_filter::{Query, excludes};
///
/// let summary = Query::parse("d=floor-3*")?;
/// assert!(excludes(&summary, &Query::parse("rt=core.s&d=floor-4")?));
/// assert!(!excludes(&summary, &Query::parse("rt=core.s&d=floor*")?));
/// assert!(!excludes(&summary, &Query::parse("rt=core.s")?));
/// # Ok::<(), waypost_filter::InvalidQuery>(())
/// ```
pub fn excludes(summary: &Query, asked: &Query) -> bool {
    let mut asked = asked.criteria().iter();
    asked.any(|criterion| {
        let known = summary.criteria().iter().filter(|known| known.name() == criterion.name());
        known.into_iter().any(|known| known.test().is_disjoint_from(criterion.test()))
    })
}
