use waypost_directory::Config;
use waypost_model::{Authority, Origin};

use crate::Relation;

/// Whose registrations a follower asks for, and as what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Those of the authority that both serve.
    Replica,
    /// Those of the authority of the source.
    Mirror,
    /// Those that the source mirrors of this authority.
    Through(Authority),
}

impl Subject {
    pub(crate) const fn relation(&self) -> Relation {
        match self {
            Self::Replica => Relation::Replica,
            Self::Mirror | Self::Through(_) => Relation::Mirror,
        }
    }

    /// Returns where what is asked for was made, as the source sees it.
    pub(crate) fn origin(&self) -> Origin {
        match self {
            Self::Replica | Self::Mirror => Origin::Local,
            Self::Through(authority) => Origin::Foreign(authority.clone()),
        }
    }

    /// Tells whether the source may have let expire what it once had, although it was renewed so many times: a replica that did not hear
    /// of that. Who is mirrored told of all the renewals there are.
    pub(crate) fn may_have_let_expire(&self, renewals: u32) -> bool {
        self.relation() == Relation::Replica && renewals > 0
    }

    /// Reads the question for one of the own authorities, by whatever name, as the question for what is local.
    pub(crate) fn seen_by(self, source: &Config) -> Self {
        match self {
            Self::Through(authority) if source.authorities.contains(&authority) => Self::Mirror,
            subject => subject,
        }
    }
}
