use waypost_directory::{Scope, Show, ShowLifetime};
use waypost_filter::{Criterion, Query, Test};

/// A look-up, as far as a proxy has to understand it.
#[derive(Debug)]
pub(super) struct LookedUp {
    pub(super) scope: Scope,
    /// As it was asked.
    pub(super) whole: Query,
    /// The criteria, without what only says what to show.
    pub(super) criteria: Query,
    pub(super) show: Show,
}

impl LookedUp {
    pub(super) fn new(scope: Scope, whole: Query) -> Self {
        let (mut criteria, mut show) = (whole.clone(), Show::default());
        criteria.retain(|criterion| {
            let is_bare = *criterion.test() == Test::Exists;
            match criterion.name() {
                "provenance" => show.provenance = true,
                "lt-age" if is_bare => show.lifetime = ShowLifetime::Age,
                "lt-remaining" if is_bare => show.lifetime = ShowLifetime::Remaining,
                _ => return true,
            }
            !is_bare
        });
        match scope {
            Scope::Resources => show.lifetime = ShowLifetime::No,
            Scope::Endpoints => show.provenance = false,
        }
        Self { scope, whole, criteria, show }
    }

    /// Returns how many conditions a source has to heed at a time.
    pub(super) fn conditions(&self) -> usize {
        self.criteria.criteria().len() + usize::from(self.criteria.page().is_some())
    }

    /// Tells whether a criterion is about a path at this authority.
    pub(super) fn is_about_paths(&self) -> bool {
        self.criteria.criteria().iter().any(is_about_paths)
    }
}

fn is_about_paths(criterion: &Criterion) -> bool {
    matches!(criterion.name(), "href" | "provenance")
        && matches!(criterion.test(), Test::Exact(value) | Test::Prefix(value) if value.starts_with('/'))
}
