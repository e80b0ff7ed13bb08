use std::fmt;

/// Returns the one of all that is written so.
pub(crate) fn named<T: Copy + fmt::Display>(all: &[T], text: &str) -> Result<T, String> {
    let names = || all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    all.iter().copied().find(|one| one.to_string() == text).ok_or_else(|| format!("{text} is none of {}", names()))
}
