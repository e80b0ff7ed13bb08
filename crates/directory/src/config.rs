use alloc::{string::String, vec::Vec};

use waypost_model::{Authority, ReplicaId};

use crate::Limits;

/// What a directory is told at its start.
///
/// ```
/// use waypost_directory::{Config, Directory};
/// use waypost_model::ReplicaId;
///
/// let mut config = Config::new(*b"a secret of ours", ReplicaId(1));
/// config.path = "/reg".into();
/// let directory = Directory::new(config);
/// # assert!(directory.is_empty());
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    /// Derives locations from names. Keep it over restarts so that locations stay the same, give it to every replica of
    /// the authority, and to nobody else: who knows it can tell a location from a name.
    pub secret: [u8; 16],
    /// Who writes here. A replica that lost its state needs a new one.
    pub replica: ReplicaId,
    /// Path under which locations are made: `/rd` unless said otherwise, and if this is no path-absolute path.
    pub path: String,
    /// The names this directory is reached by, so that the location of a registration is recognised in URI form
    /// ([RFC 9176 §6.2]).
    ///
    /// [RFC 9176 §6.2]: https://www.rfc-editor.org/rfc/rfc9176#section-6.2
    pub authorities: Vec<Authority>,
    /// Milliseconds from an epoch that all replicas share, such as 1970, to the zero of the caller's clock. It orders
    /// writes that did not see each other. A directory that stands alone can leave it at zero.
    pub epoch: u64,
    /// What a peer can drive.
    pub limits: Limits,
}

impl Config {
    /// Makes a configuration with locations under `/rd`, no authorities and default limits.
    #[must_use]
    pub fn new(secret: [u8; 16], replica: ReplicaId) -> Self {
        Self {
            secret,
            replica,
            path: DEFAULT_PATH.into(),
            authorities: Vec::new(),
            epoch: 0,
            limits: Limits::default(),
        }
    }
}

pub(crate) const DEFAULT_PATH: &str = "/rd";
