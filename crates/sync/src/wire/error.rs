/// Says why a message of a peer cannot be read.
///
/// ```
/// use waypost_sync::Malformed;
///
/// fn log(malformed: Malformed) {
///     eprintln!("octet {}: {malformed}", malformed.offset);
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Malformed {
    /// Where the item begins that is wrong, in octets.
    pub offset: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

impl Malformed {
    pub(super) const fn new(offset: usize, what: &'static str) -> Self {
        Self { offset, what }
    }
}

/// Says why a registration cannot be made whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Incomplete {
    /// A field was left out, or said by what is different, and what it was is not here.
    Missing,
    /// What is said to be different leads elsewhere than is said.
    Astray,
}
