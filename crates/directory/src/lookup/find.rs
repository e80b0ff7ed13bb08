use alloc::{borrow::Cow, vec::Vec};

use waypost_filter::{Criterion, Level, Test};
use waypost_link_format::origin;

use crate::{Directory, Scope, index::id_set::IdSet, index::ids::Ids, index::texts::Texts, index::values::Values};

/// Who may meet one criterion, as the index tells.
#[derive(Debug)]
pub(crate) enum Found<'d> {
    /// Everything meets it.
    Everything,
    /// Only these can.
    Some(Candidates<'d>),
    /// The index does not tell, or there are so many that something else should be asked first; after so many steps.
    Unknown(u64),
}

impl Found<'_> {
    /// Returns about how many steps it took to find out.
    pub(crate) fn steps(&self) -> u64 {
        match self {
            Self::Everything => 0,
            // A set that is lent was there already.
            Self::Some(part) => {
                [&part.slots, &part.links].map(|set| if let Cow::Owned(own) = set { own.len() } else { 0 }).iter().sum()
            }
            Self::Unknown(steps) => *steps,
        }
    }
}

/// Registrations and links that may meet a criterion.
#[derive(Debug)]
pub(crate) struct Candidates<'d> {
    /// Registrations that meet it with all their links, or, if not exact, may meet it.
    pub(crate) slots: Cow<'d, IdSet>,
    /// Links that meet it.
    pub(crate) links: Cow<'d, IdSet>,
    /// Whether all of them meet it.
    pub(crate) is_exact: bool,
}

/// Collects candidates for one criterion.
struct Search<'d> {
    directory: &'d Directory,
    slots: Vec<&'d IdSet>,
    links: Vec<&'d IdSet>,
    own_slots: IdSet,
    own_links: IdSet,
    is_exact: bool,
    /// How much more may be collected.
    budget: u64,
}

/// Says that the budget of a search is used up.
struct TooMany;

/// Finds who may meet a criterion, unless collecting them would cost more than `budget` steps.
pub(crate) fn find<'d>(directory: &'d Directory, scope: Scope, criterion: &Criterion, budget: u64) -> Found<'d> {
    let (level, test) = (criterion.level(), criterion.test());
    let mut search = Search {
        directory,
        slots: Vec::new(),
        links: Vec::new(),
        own_slots: IdSet::EMPTY,
        own_links: IdSet::EMPTY,
        is_exact: true,
        budget,
    };
    if level != Level::Resource {
        match search.endpoints(criterion) {
            Ok(true) => return Found::Everything,
            Ok(false) => {}
            Err(TooMany) => return Found::Unknown(budget - search.budget),
        }
    }
    if level != Level::Endpoint {
        let everything = matches!((criterion.name(), test), ("href" | "provenance", Test::Exists));
        if everything {
            // Every link has a target and a provenance; but an endpoint may have no link.
            return if scope == Scope::Resources { Found::Everything } else { Found::Unknown(budget - search.budget) };
        }
        if search.resources(criterion, scope).is_err() {
            return Found::Unknown(budget - search.budget);
        }
    }
    search.finish()
}

impl<'d> Search<'d> {
    /// Collects the endpoints that meet the criterion; tells whether all do.
    fn endpoints(&mut self, criterion: &Criterion) -> Result<bool, TooMany> {
        let (name, test) = (criterion.name(), criterion.test());
        let index = &self.directory.index;
        match (name, test) {
            ("ep" | "base" | "href", Test::Exists) => return Ok(true),
            ("rt", _) if criterion.accepts(Some("core.rd-ep")) => return Ok(true),
            ("ep", Test::Exact(name)) => self.name(name)?,
            ("ep", Test::Prefix(start)) => self.texts(&index.by_name, start)?,
            ("base", Test::Exact(base)) => self.base(base)?,
            ("base", Test::Prefix(start)) => self.bases(start)?,
            ("href", _) => self.locations(test)?,
            _ => self.values(false, &index.endpoints, name, test)?,
        }
        Ok(false)
    }

    /// Collects the links that meet the criterion.
    fn resources(&mut self, criterion: &Criterion, scope: Scope) -> Result<(), TooMany> {
        let (name, test) = (criterion.name(), criterion.test());
        let index = &self.directory.index;
        match name {
            "provenance" => {
                self.locations(test)?;
                // An endpoint without links is not the provenance of any.
                self.is_exact &= scope == Scope::Resources;
                Ok(())
            }
            "anchor" if *test == Test::Exists => self.values(true, &index.links, name, test),
            "href" | "anchor" => {
                self.values(true, &index.links, name, test)?;
                self.references(test)?;
                if let Some(odd) = index.odd_links.all(name) {
                    self.is_exact = false;
                    self.links.push(odd);
                }
                Ok(())
            }
            _ => self.values(true, &index.links, name, test),
        }
    }

    /// Collects registrations whose references may resolve to what the test asks for.
    fn references(&mut self, test: &Test) -> Result<(), TooMany> {
        let index = &self.directory.index;
        let wanted = value(test);
        let before = self.own_slots.len() + self.slots.len() as u64;
        match origin(wanted) {
            Some(origin) if wanted.len() > origin.len() || matches!(test, Test::Exact(_)) => {
                // Bases that begin with the origin and then end or go on with a path.
                self.base(origin)?;
                if !index.by_path.is_empty() {
                    self.texts(&index.by_path, &[origin, "/"].concat())?;
                }
            }
            // The prefix may end within the authority.
            _ if matches!(test, Test::Prefix(_)) => self.bases(wanted)?,
            _ => {}
        }
        if self.own_slots.len() + self.slots.len() as u64 > before {
            self.is_exact = false;
        }
        Ok(())
    }

    /// Collects registrations by their own location.
    fn locations(&mut self, test: &Test) -> Result<(), TooMany> {
        let directory = self.directory;
        let prefix = match test {
            Test::Exists => {
                self.slots.push(&directory.index.shown);
                return Ok(());
            }
            Test::Exact(location) => {
                if let Some(slot) = directory.find(location).filter(|slot| directory.registry[*slot].is_visible()) {
                    self.own_slots.insert(slot);
                }
                return Ok(());
            }
            Test::Prefix(prefix) => &**prefix,
        };
        let path = directory.context.config.path.as_str();
        let begins = |authority: &str| {
            // How the locations begin: all of them, and what the prefix asks for.
            let common = authority.len() + path.len() + 1;
            let is_common = |text: &str| {
                text.bytes()
                    .zip(authority.bytes().chain(path.bytes()).chain([b'/']))
                    .all(|(asked, there)| asked == there)
            };
            is_common(prefix).then_some(prefix.len() <= common)
        };
        let forms = directory.context.config.authorities.iter().map(|authority| begins(authority.as_str()));
        for all in forms.chain([begins("")]).flatten() {
            self.slots.push(&directory.index.local);
            self.is_exact &= all;
        }
        // Those in the shadow of others can be found by their location, but not be looked up.
        directory.index.foreign.try_each(prefix, |ids| match ids {
            Ids::One(slot) if !directory.registry[slot].is_visible() => Ok(()),
            ids => self.add(false, ids),
        })
    }

    fn name(&mut self, name: &str) -> Result<(), TooMany> {
        let Directory { index, registry, .. } = self.directory;
        index.by_name.find(name, |slot| registry[slot].endpoint()).map_or(Ok(()), |ids| self.add(false, ids))
    }

    fn base(&mut self, base: &str) -> Result<(), TooMany> {
        let Directory { index, registry, .. } = self.directory;
        index.bases(base).find(base, |slot| registry[slot].base()).map_or(Ok(()), |ids| self.add(false, ids))
    }

    fn bases(&mut self, prefix: &str) -> Result<(), TooMany> {
        let index = &self.directory.index;
        self.texts(&index.by_origin, prefix)?;
        self.texts(&index.by_path, prefix)
    }

    fn texts(&mut self, texts: &'d Texts, prefix: &str) -> Result<(), TooMany> {
        texts.sorted().try_each(prefix, |ids| self.add(false, ids))
    }

    fn values(&mut self, of_links: bool, values: &'d Values, name: &str, test: &Test) -> Result<(), TooMany> {
        values.try_each(name, test, |ids| self.add(of_links, ids))
    }

    fn add(&mut self, of_links: bool, ids: Ids<'d>) -> Result<(), TooMany> {
        let (sets, own) =
            if of_links { (&mut self.links, &mut self.own_links) } else { (&mut self.slots, &mut self.own_slots) };
        match ids {
            Ids::One(id) => {
                own.insert(id);
                self.spend(1)
            }
            Ids::Set(set) => {
                sets.push(set);
                // One set is borrowed; a second one means to copy both.
                if sets.len() > 1 { self.spend(set.len() + 1) } else { Ok(()) }
            }
        }
    }

    fn spend(&mut self, steps: u64) -> Result<(), TooMany> {
        self.budget = self.budget.checked_sub(steps).ok_or(TooMany)?;
        Ok(())
    }

    fn finish(self) -> Found<'d> {
        let (slots, links) = (union(&self.slots, self.own_slots), union(&self.links, self.own_links));
        Found::Some(Candidates { slots, links, is_exact: self.is_exact })
    }
}

fn union<'d>(sets: &[&'d IdSet], own: IdSet) -> Cow<'d, IdSet> {
    match sets {
        [] => Cow::Owned(own),
        [one] if own.is_empty() => Cow::Borrowed(one),
        sets => {
            let mut all = IdSet::of_all(sets);
            all.union(&own);
            Cow::Owned(all)
        }
    }
}

fn value(test: &Test) -> &str {
    match test {
        Test::Exists => "",
        Test::Exact(value) | Test::Prefix(value) => value,
    }
}
