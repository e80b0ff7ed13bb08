use crate::{
    documents::Documents,
    index::values::{Position, Values},
};

/// A walk through the index of links, a little after each change, that takes out what is [left over](crate::index::leftovers::Leftovers).
///
/// At each change it goes several times as far as there is left over then. So what is left over stays a fraction of what there is,
/// at worst, where documents consist of short attributes, a few times as much, and no change waits for long.
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

#[cfg(test)]
mod tests {
    use alloc::{collections::VecDeque, format, string::String, vec::Vec};

    use waypost_model::{Registration, ReplicaId};
    use waypost_time::Instant;

    use crate::{Config, Directory};

    /// Registrations at a time, and how many follow each other.
    const LIVE: usize = 200;
    const CHURN: usize = 2_000;

    /// A document that nobody else has, of so many links with so many attributes: flags, which are short, or values of its own.
    fn document(number: usize, links: usize, attributes: usize, are_flags: bool) -> String {
        let attribute = |at: usize| if are_flags { format!(";{at}") } else { format!(";{at}={number}") };
        let attributes: String = (0..attributes).map(attribute).collect();
        let links: Vec<String> = (0..links).map(|link| format!("</{link}>{attributes}")).collect();
        format!("{},</own/{number}>", links.join(","))
    }

    #[test]
    fn what_is_left_over_keeps_to_what_there_is_whatever_documents_are_like() {
        for (links, attributes, are_flags) in [(1, 40, true), (3, 15, true), (3, 15, false), (20, 0, true)] {
            let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
            let mut live = VecDeque::new();
            for number in 0..CHURN {
                let document = document(number, links, attributes, are_flags);
                let registration = Registration::parse(&format!("ep=node{number}&base=coap://h"), &document).unwrap();
                live.push_back(directory.register(Instant::ZERO, registration).unwrap().location);
                if live.len() > LIVE {
                    directory.remove(Instant::ZERO, &live.pop_front().unwrap()).unwrap();
                }
                let left_over = directory.documents.leftovers.len();
                assert!(
                    left_over <= 4 * LIVE,
                    "{left_over} of {links} links with {attributes} attributes after {number}"
                );
            }
        }
    }
}
