/// What to measure, as the arguments say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Options {
    /// Registrations.
    pub(crate) size: usize,
    /// Registrations in SQLite.
    pub(crate) peer_size: usize,
    /// Bytes that a directory may take. One that would take more is left out.
    pub(crate) memory: u64,
}

impl Options {
    /// Reads the arguments; nothing if they are not understood.
    pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let (mut size, mut peer_size, mut gigabytes) = (None, None, None);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--sqlite" => peer_size = Some(arguments.next()?.parse().ok()?),
                "--memory" => gigabytes = Some(arguments.next()?.parse::<u64>().ok()?),
                number if size.is_none() => size = Some(number.parse().ok()?),
                _ => return None,
            }
        }
        let size = size.unwrap_or(1_000_000);
        let peer_size = peer_size.unwrap_or(size.min(1_000_000));
        let is_sound = (SMALL..=10_000_000).contains(&size) && (SMALL..=size).contains(&peer_size);
        is_sound.then_some(Self { size, peer_size, memory: gigabytes.unwrap_or(16).checked_mul(1 << 30)? })
    }
}

/// The size that others are compared with.
pub(crate) const SMALL: usize = 10_000;
/// What is said when the arguments are not understood.
pub(crate) const USAGE: &str = "\
usage: report [REGISTRATIONS] [--sqlite REGISTRATIONS] [--memory GIB]
10000 to 10000000 registrations, a million by default; in SQLite as many, but a million at most, unless told otherwise;
directories of at most 16 GiB unless told otherwise";
