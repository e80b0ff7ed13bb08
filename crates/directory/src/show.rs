/// What a look-up shows besides what [RFC 9176] says.
///
/// ```
/// use waypost_directory::{Show, ShowLifetime};
///
/// let show = Show::default();
/// assert!(!show.provenance && show.lifetime == ShowLifetime::No);
/// ```
///
/// [RFC 9176]: https://www.rfc-editor.org/rfc/rfc9176
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Show {
    /// Whether each link says which registration it comes from, by the attribute `provenance`.
    pub provenance: bool,
    /// Whether each registration says how long it lasts.
    pub lifetime: ShowLifetime,
}

/// Whether an endpoint look-up shows lifetimes, and in which of two ways.
///
/// ```
/// use waypost_directory::ShowLifetime;
///
/// assert_eq!(ShowLifetime::default(), ShowLifetime::No);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ShowLifetime {
    /// Not at all, as RFC 9176 §6.4 says.
    #[default]
    No,
    /// `lt` and `lt-age`, the time since the last renewal.
    Age,
    /// `lt` and `lt-remaining`, the time that is left.
    Remaining,
}
