/// Bounds on what a peer can drive.
///
/// ```
/// use waypost_sketch::Limits;
///
/// // Where a snapshot of all takes 60 kB, more than 5000 cells of 12 bytes are not worth their while.
/// let mut limits = Limits::default();
/// limits.cells = 5_000;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Cells that a [`Decoder`](crate::Decoder) takes; 100 000 by default, enough for 70 000 differences.
    ///
    /// Everything that a peer can make it do follows from that. Each cell takes 16 bytes, yields one difference of 28
    /// bytes at most, and costs the time of about 2 ln `cells` steps.
    pub cells: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { cells: 100_000 }
    }
}
