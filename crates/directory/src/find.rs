use alloc::{borrow::Cow, vec::Vec};

use waypost_filter::{Criterion, Level, Test};
use waypost_link_format::origin;

use crate::{Directory, Scope, id_set::IdSet};

/// Who may meet one criterion, as the index tells.
#[derive(Debug)]
pub(crate) enum Found<'d> {
    /// Everything meets it.
    Everything,
    /// Only these can.
    Some(Candidates<'d>),
    /// The index does not tell, or there are so many that something else should be asked first.
    Unknown,
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
    is_exact: bool,
    /// How much more may be collected.
    budget: u64,
}

/// Says that the budget of a search is used up.
struct TooMany;

/// Finds who may meet a criterion, unless collecting them would cost more than `budget` steps.
pub(crate) fn find<'d>(directory: &'d Directory, scope: Scope, criterion: &Criterion, budget: u64) -> Found<'d> {
    let (level, test) = (criterion.level(), criterion.test());
    let mut search =
        Search { directory, slots: Vec::new(), links: Vec::new(), own_slots: IdSet::EMPTY, is_exact: true, budget };
    if level != Level::Resource {
        match search.endpoints(criterion) {
            Ok(true) => return Found::Everything,
            Ok(false) => {}
            Err(TooMany) => return Found::Unknown,
        }
    }
    if level != Level::Endpoint {
        let everything = matches!((criterion.name(), test), ("href" | "provenance", Test::Exists));
        if everything {
            // Every link has a target and a provenance; but an endpoint may have no link.
            return if scope == Scope::Resources { Found::Everything } else { Found::Unknown };
        }
        if search.resources(criterion, scope).is_err() {
            return Found::Unknown;
        }
    }
    search.finish()
}

impl<'d> Search<'d> {
    /// Collects the endpoints that meet the criterion; tells whether all do.
    fn endpoints(&mut self, criterion: &Criterion) -> Result<bool, TooMany> {
        let (name, test) = (criterion.name(), criterion.test());
        let index = &self.directory.index;
        let registry = &self.directory.registry;
        match (name, test) {
            ("ep" | "base" | "href", Test::Exists) => return Ok(true),
            ("rt", _) if criterion.accepts(Some("core.rd-ep")) => return Ok(true),
            ("ep", _) => {
                let text = |slot: u32| registry[slot].endpoint();
                self.sorted(index.by_name.iter_from(value(test), &text), |slot| test.accepts(text(slot)))?;
            }
            ("base", _) => {
                let text = |slot: u32| registry[slot].base();
                self.sorted(index.by_base.iter_from(value(test), &text), |slot| test.accepts(text(slot)))?;
            }
            ("href", _) => self.locations(test)?,
            _ => self.sets(false, index.endpoints.find(name, test))?,
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
            "anchor" if *test == Test::Exists => self.sets(true, index.links.find(name, test)),
            "href" | "anchor" => {
                self.sets(true, index.links.find(name, test))?;
                self.references(test)?;
                let odd = index.odd_links.find(name, &Test::Exists).next();
                if let Some(odd) = odd {
                    self.is_exact = false;
                    self.links.push(odd);
                }
                Ok(())
            }
            _ => self.sets(true, index.links.find(name, test)),
        }
    }

    /// Collects registrations whose references may resolve to what the test asks for.
    fn references(&mut self, test: &Test) -> Result<(), TooMany> {
        let index = &self.directory.index;
        let registry = &self.directory.registry;
        let text = |slot: u32| registry[slot].base();
        let wanted = value(test);
        let before = self.own_slots.len();
        match origin(wanted) {
            Some(origin) if wanted.len() > origin.len() || matches!(test, Test::Exact(_)) => {
                // Bases that begin with the origin and then end or go on with a path.
                self.sorted(index.by_base.iter_from(origin, &text), |slot| text(slot) == origin)?;
                let mut with_path = alloc::string::String::from(origin);
                with_path.push('/');
                self.sorted(index.by_base.iter_from(&with_path, &text), |slot| text(slot).starts_with(&*with_path))?;
            }
            // The prefix may end within the authority.
            _ if matches!(test, Test::Prefix(_)) => {
                self.sorted(index.by_base.iter_from(wanted, &text), |slot| text(slot).starts_with(wanted))?;
            }
            _ => {}
        }
        if self.own_slots.len() > before {
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
                if let Some(slot) = directory.find(location).filter(|slot| directory.registry[*slot].is_shown) {
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
        let text = |slot: u32| directory.registry[slot].foreign_uri();
        self.sorted(directory.index.foreign.iter_from(prefix, &text), |slot| text(slot).starts_with(prefix))
    }

    fn sorted(&mut self, slots: impl Iterator<Item = u32>, accepts: impl Fn(u32) -> bool) -> Result<(), TooMany> {
        for slot in slots.take_while(|slot| accepts(*slot)) {
            self.spend(1)?;
            self.own_slots.insert(slot);
        }
        Ok(())
    }

    fn sets(&mut self, of_links: bool, sets: impl Iterator<Item = &'d IdSet>) -> Result<(), TooMany> {
        let into = if of_links { &mut self.links } else { &mut self.slots };
        let before = into.len();
        for set in sets {
            into.push(set);
            // One set is borrowed; a second one means to copy both.
            if into.len() > before + 1 {
                self.budget = self.budget.checked_sub(set.len() + 1).ok_or(TooMany)?;
            }
        }
        Ok(())
    }

    fn spend(&mut self, steps: u64) -> Result<(), TooMany> {
        self.budget = self.budget.checked_sub(steps).ok_or(TooMany)?;
        Ok(())
    }

    fn finish(self) -> Found<'d> {
        let mut slots = union(&self.slots);
        if slots.is_empty() {
            slots = Cow::Owned(self.own_slots);
        } else if !self.own_slots.is_empty() {
            slots.to_mut().union(&self.own_slots);
        }
        Found::Some(Candidates { slots, links: union(&self.links), is_exact: self.is_exact })
    }
}

fn union<'d>(sets: &[&'d IdSet]) -> Cow<'d, IdSet> {
    match sets {
        [] => Cow::Owned(IdSet::EMPTY),
        [one] => Cow::Borrowed(one),
        _ => Cow::Owned(IdSet::of_all(sets)),
    }
}

fn value(test: &Test) -> &str {
    match test {
        Test::Exists => "",
        Test::Exact(value) | Test::Prefix(value) => value,
    }
}
