use crate::{Criterion, Level, Page, Query, Scope};

/// What a holder of complete answers has at hand.
///
/// ```
/// use waypost_filter::{Held, Query, covers};
///
/// let everything = Query::all();
/// let asked = Query::parse("rt=core.s&d=floor-3")?;
/// // An endpoint may have an `rt`, and a link a `d`: it takes both answers to tell.
/// assert!(covers(&everything, Held::Both, &asked));
/// assert!(!covers(&everything, Held::Resources, &asked));
/// # Ok::<(), waypost_filter::InvalidQuery>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Held {
    /// The answer of the resource look-up: links, but nothing of the endpoints that registered them.
    Resources,
    /// The answer of the endpoint look-up: endpoints, but none of their links.
    Endpoints,
    /// Both answers, at the same state of the directory, and for each link which endpoint it belongs to (as the
    /// provenance attribute tells).
    Both,
    /// The registrations that the endpoint look-up finds, each with all of its links.
    Registrations,
}

/// Tells whether the answer to `asked` can be computed from the complete answer to `held`.
///
/// From [`Held::Resources`] that is the answer of the resource look-up, from [`Held::Endpoints`] that of the endpoint
/// look-up, and from [`Held::Both`] and [`Held::Registrations`] those of both. [`remainder`] tells the look-ups apart, says how to compute the answer,
/// and documents when it can be.
///
/// ```
/// use waypost_filter::{Held, Query, covers};
///
/// let held = Query::parse("rt=core.*")?;
/// assert!(covers(&held, Held::Resources, &Query::parse("rt=core.*&count=10")?));
/// // A link that is held may owe that to its endpoint's `rt`, which is not.
/// assert!(!covers(&held, Held::Resources, &Query::parse("rt=core.s")?));
/// assert!(!covers(&held, Held::Resources, &Query::all()));
/// # Ok::<(), waypost_filter::InvalidQuery>(())
/// ```
pub fn covers(held: &Query, levels: Held, asked: &Query) -> bool {
    let covered = |scope| remainder(held, levels, asked, scope).is_some();
    match levels {
        Held::Resources => covered(Scope::Resources),
        Held::Endpoints => covered(Scope::Endpoints),
        Held::Both | Held::Registrations => covered(Scope::Resources) && covered(Scope::Endpoints),
    }
}

/// Returns what is left to ask of the complete answer to `held` to have the answer to `asked`; `None` if that answer
/// cannot be computed so.
///
/// The remainder is applied to the held results in their order: with [`Query::matches`] when one level is held, with
/// [`Query::matches_resource`] and [`Query::matches_endpoint`] over the held endpoints and links when more is, and then
/// with [`Query::paginate`].
///
/// An answer can be computed if these hold:
///
/// 1. The held answer contains the asked one: each criterion of `held` follows from one of `asked`. A criterion follows
///    from another of the same name if the test does (exact from the same exact; prefix from an exact or a prefix that
///    begins so; existence from any) and the level does (either level from each, an explicit level from itself).
/// 2. Each criterion of `asked` follows from one of `held`, so that nothing is left of it, or can be decided from what is
///    held:
///    - with one level held, if that level alone decides;
///    - in a resource look-up with both held, always: the endpoint of each held link is held, too;
///    - in an endpoint look-up with both held, if the endpoint decides, or if each link that meets the criterion is held,
///      because it meets all those criteria of `held` that are not left to the endpoint;
///    - with registrations held, always. In a resource look-up, all of `asked` is left then: they have other links, too.
/// 3. If `held` has a page, the two have equivalent criteria, and the page of `asked` is a page within it. The order of
///    results is taken to be the same in all answers.
///
/// So a holder of links alone can serve hardly more than the query that it holds, as long as queries leave the level open:
/// an endpoint *might* have the attribute asked for (draft-amsuess-core-rd-replication, *RD-aware caching*).
///
/// What is held must show the attributes that are asked for: `lt` and `provenance`, for example, are not shown in every
/// answer.
///
/// ```
/// use waypost_filter::{Held, Query, Scope, remainder};
///
/// let held = Query::parse("d=floor-3")?;
/// let asked = Query::parse("if=core.s&d=floor-3&count=10")?;
/// let rest = remainder(&held, Held::Both, &asked, Scope::Resources);
/// assert_eq!(rest, Some(Query::parse("if=core.s&count=10")?));
/// # Ok::<(), waypost_filter::InvalidQuery>(())
/// ```
pub fn remainder(held: &Query, levels: Held, asked: &Query, scope: Scope) -> Option<Query> {
    if !contains(held, asked) {
        return None;
    }
    let has_other_links = levels == Held::Registrations && scope == Scope::Resources;
    if has_other_links && held.page().is_some() {
        return None;
    }
    let follows = |criterion: &Criterion| held.criteria().iter().any(|known| known.implies(criterion));
    let open = |criterion: &&Criterion| has_other_links || !follows(criterion);
    let rest: alloc::vec::Vec<_> = asked.criteria().iter().filter(open).cloned().collect();
    if !rest.iter().all(|criterion| is_decidable(criterion, held, levels, scope)) || !answers(levels, scope) {
        return None;
    }
    let page = match (held.page(), asked.page()) {
        (None, page) => page,
        (Some(_), None) => return None,
        (Some(_), Some(_)) if !rest.is_empty() => return None,
        (Some(outer), Some(inner)) => Some(page_within(outer, inner)?),
    };
    Some(Query::from_parts(rest, page))
}

/// Whether every result of `asked` is one of `held`, without their pages.
fn contains(held: &Query, asked: &Query) -> bool {
    held.criteria().iter().all(|known| asked.criteria().iter().any(|criterion| criterion.implies(known)))
}

/// Whether results of the kind asked for are held at all.
fn answers(levels: Held, scope: Scope) -> bool {
    match levels {
        Held::Resources => scope == Scope::Resources,
        Held::Endpoints => scope == Scope::Endpoints,
        Held::Both | Held::Registrations => true,
    }
}

/// Whether a criterion that does not follow from `held` can be tested on what is held.
fn is_decidable(criterion: &Criterion, held: &Query, levels: Held, scope: Scope) -> bool {
    match (levels, scope) {
        (Held::Resources, _) => criterion.level() == Level::Resource,
        (Held::Endpoints, _) => criterion.level() == Level::Endpoint,
        (Held::Both, Scope::Resources) | (Held::Registrations, _) => true,
        (Held::Both, Scope::Endpoints) => {
            criterion.level() == Level::Endpoint
                || held
                    .criteria()
                    .iter()
                    .all(|known| known.level() == Level::Endpoint || criterion.implies_ignoring_level(known))
        }
    }
}

/// The page of the entries on `outer` that has the entries of `inner`.
fn page_within(outer: Page, inner: Page) -> Option<Page> {
    if inner.end() > outer.end() {
        return None;
    }
    let before = inner.skip().checked_sub(outer.skip())?;
    let page = match inner.count {
        0 => 0,
        count if before % u64::from(count) == 0 => before / u64::from(count),
        _ => return None,
    };
    Some(Page { page: u32::try_from(page).ok()?, count: inner.count })
}
