use waypost_time::Instant;

use crate::Limits;

/// How often in a row everything was read or compared, without a while between in which there was no need to.
///
/// That costs as much as there is, and a source can say each time that it has lost something. That all it has was here meanwhile
/// ends no row: that, too, is what the source says.
#[derive(Debug)]
pub(super) struct Beginnings {
    count: u32,
    last: Instant,
}

impl Beginnings {
    pub(super) const fn new() -> Self {
        Self { count: 0, last: Instant::ZERO }
    }

    /// Notes that it began once more.
    pub(super) fn push(&mut self, now: Instant, limits: &Limits) {
        let is_in_row = now.saturating_since(self.last) < limits.reconcile;
        self.count = if is_in_row { self.count.saturating_add(1) } else { 1 };
        self.last = now;
    }

    pub(super) const fn count(&self) -> u32 {
        self.count
    }
}
