/// What an encoded delta may hold.
///
/// ```
/// use waypost_link_delta::Limits;
///
/// let limits = Limits { links: 10, ..Limits::default() };
/// assert_eq!(limits.bytes, 64 * 1024);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the encoding; 64 KiB by default.
    pub bytes: usize,
    /// Links that are put and removed, together; 1 000 by default.
    pub links: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 * 1024, links: 1_000 }
    }
}
