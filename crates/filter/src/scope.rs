/// What a look-up is about.
///
/// ```
/// use waypost_filter::{Held, Query, Scope, remainder};
///
/// let all = Query::all();
/// assert!(remainder(&all, Held::Resources, &all, Scope::Resources).is_some());
/// assert!(remainder(&all, Held::Resources, &all, Scope::Endpoints).is_none());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Registrations, as in the endpoint look-up.
    Endpoints,
    /// Links, as in the resource look-up.
    Resources,
}
