use std::collections::VecDeque;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::Time;

/// What happened in a world: always its digest, and its last lines where they are wanted.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    hasher: DefaultHasher,
    lines: VecDeque<String>,
    kept: usize,
}

impl Trace {
    /// Makes a trace that keeps so many lines.
    pub(crate) fn keeping(lines: usize) -> Self {
        Self { kept: lines, ..Self::default() }
    }

    /// Takes note of an event: its digest, and, if lines are kept, how it is told.
    pub(crate) fn add<L: fmt::Display>(&mut self, now: Time, event: impl Hash, line: impl FnOnce() -> L) {
        (now, event).hash(&mut self.hasher);
        if self.kept > 0 {
            if self.lines.len() == self.kept {
                self.lines.pop_front();
            }
            self.lines.push_back(format!("{now}  {}", line()));
        }
    }

    pub(crate) fn digest(&self) -> u64 {
        self.hasher.finish()
    }

    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines.into()
    }
}

/// How a datagram is told: what kind of message it is, and how long.
pub(crate) struct Told<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let &[first, code, high, low, ..] = self.0 else { return f.write_str("?") };
        let kind = ["CON", "NON", "ACK", "RST"][usize::from(first >> 4 & 3)];
        let id = u16::from_be_bytes([high, low]);
        let token = self.0.get(4..4 + usize::from(first & 15)).unwrap_or_default();
        write!(f, "{kind} {}.{:02} {id:04x} ", code >> 5, code & 31)?;
        token.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        write!(f, " {} bytes", self.0.len())
    }
}
