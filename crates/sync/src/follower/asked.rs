use alloc::vec::Vec;

use waypost_model::Version;

use crate::wire::Number;

/// The questions for changes, by number and cursor, from the one that was answered last on: what answers them can come yet.
///
/// A transport takes a notification that comes while a question is under way for its answer, and the question may be lost.
#[derive(Debug, Default)]
pub(super) struct Asked {
    last: Number,
    questions: Vec<(Number, Version)>,
}

impl Asked {
    /// Notes the next question; returns its number.
    pub(super) fn push(&mut self, cursor: Version) -> Number {
        self.last = self.last.next();
        // Numbers come again, and an old question is not the one that is answered.
        self.questions.retain(|(number, _)| *number != self.last);
        if self.questions.len() >= UNANSWERED {
            self.questions.remove(1);
        }
        self.questions.push((self.last, cursor));
        self.last
    }

    /// Notes that a question was answered, and forgets those before it; returns its cursor, if it is known.
    pub(super) fn answer(&mut self, number: Number) -> Option<&Version> {
        let at = self.questions.iter().position(|(asked, _)| *asked == number)?;
        self.questions.drain(..at);
        self.answered().map(|(_, cursor)| cursor)
    }

    /// Returns the question that was answered last, once one was.
    pub(super) fn answered(&self) -> Option<&(Number, Version)> {
        self.questions.first()
    }

    /// Tells whether no other was asked since.
    pub(super) const fn is_last_answered(&self) -> bool {
        self.questions.len() == 1
    }
}

/// So many questions are kept, the one that was answered last among them.
const UNANSWERED: usize = 4;
