/// What a look-up or a watch is about.
///
/// ```
/// use waypost_directory::Scope;
///
/// assert_ne!(Scope::Endpoints, Scope::Resources);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Registrations, as in the endpoint look-up.
    Endpoints,
    /// Links, as in the resource look-up.
    Resources,
}
