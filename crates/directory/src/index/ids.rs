use crate::index::id_set::IdSet;

/// The ids that have a text; there is at least one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ids<'d> {
    One(u32),
    Set(&'d IdSet),
}
