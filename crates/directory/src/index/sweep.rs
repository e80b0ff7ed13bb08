use crate::{
    documents::Documents,
    index::values::{Position, Values},
};

/// A walk through the index of links, a little after each change, that takes out what is [left over](crate::index::leftovers::Leftovers).
///
/// At each change it goes several times as far as there is left over then. So what is left over stays a fraction of what there is,
/// and no change waits for long.
#[derive(Debug, Clone, Default)]
pub(crate) enum Sweep {
    #[default]
    Rests,
    /// It is in one of the tables, somewhere.
    Walks(usize, Position),
    /// The whole index is swept: the documents can go.
    Releases,
}

/// Steps that the sweep goes for each value of a document. In the index, a value takes two at most: one among all that have the
/// attribute, and one of its own.
const STEPS: usize = 4;
/// To release a document takes as long as so many steps.
const RELEASING: usize = 16;

impl Sweep {
    /// Goes on after a document of at most so many values was left over.
    pub(crate) fn go_on(&mut self, tables: &mut [&mut Values; 2], documents: &mut Documents, values: usize) {
        let mut steps = values * STEPS + RELEASING;
        while steps > 0 {
            steps -= 1;
            match self {
                Self::Rests if documents.leftovers.begin() => *self = Self::Walks(0, Position::default()),
                Self::Rests => return,
                Self::Walks(table, position) => {
                    let is_gone = |word| documents.leftovers.is_swept(word);
                    let is_at_end = tables[*table].sweep(position, &is_gone, &mut steps);
                    if is_at_end && *table + 1 < tables.len() {
                        *self = Self::Walks(*table + 1, Position::default());
                    } else if is_at_end {
                        *self = Self::Releases;
                    }
                }
                Self::Releases => match documents.leftovers.pop_swept() {
                    Some(document) => {
                        documents.release_leftover(document);
                        steps = steps.saturating_sub(RELEASING);
                    }
                    None => *self = Self::Rests,
                },
            }
        }
    }
}
