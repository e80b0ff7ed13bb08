/// Says why cells do not decode.
///
/// ```
/// use waypost_sketch::{Decoder, Limits, Sketch, Undecodable};
///
/// let mut limits = Limits::default();
/// limits.cells = 1;
/// let mut here = Sketch::new([7; 16], 2);
/// here.extend([1, 2, 3]);
/// let there = Sketch::new([7; 16], 2);
/// let mut decoder = Decoder::new([7; 16], limits);
/// decoder.push(here.cells()[0], there.cells()[0])?;
/// assert_eq!(decoder.push(here.cells()[1], there.cells()[1]), Err(Undecodable::TooManyCells));
/// # Ok::<(), Undecodable>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Undecodable {
    /// No two sets have these cells.
    ///
    /// The peer uses another key, errs or lies; or check-sums agreed by chance, which happens about once in 10⁵ times
    /// at 10 000 differences. Another key mends all but the lie.
    #[error("the cells contradict each other")]
    Contradiction,
    /// The cells have not decoded within [`Limits::cells`](crate::Limits::cells): the sets differ by more than is worth
    /// it, or the peer sends what never decodes.
    #[error("the limit of cells is reached")]
    TooManyCells,
}
