use alloc::vec::Vec;
use core::ops::Range;

use waypost_filter::{Criterion, Level, Record};
use waypost_link_format::{Base, Parameter};

use crate::{Endpoint, index::reading::lower_case, watches::conditions::Conditions};

/// What a change contains: which conditions the registration meets before and after it, and with which of its links.
///
/// It is found out once for all that is watched. The lists are kept from one change to the next for their capacity.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contents {
    /// Counts the changes.
    round: u64,
    /// By condition. What is of an earlier round does not count.
    met: Vec<Met>,
    /// The conditions that are met, in the order in which they were found.
    found: Vec<u32>,
    /// The conditions that the links meet, link by link, and of each link in ascending order.
    hits: Vec<Hit>,
    /// The hits of each link; links that are there before and after the change are there once.
    links: Vec<Range<usize>>,
    /// The links before and those after the change.
    sides: [Range<usize>; 2],
}

#[derive(Debug, Clone, Copy, Default)]
struct Met {
    round: u64,
    by_endpoint: Sides,
    by_link: Sides,
    /// How many links meet it.
    links: usize,
    /// The number of the last hit, counted from one.
    last: usize,
}

#[derive(Debug, Clone, Copy)]
struct Hit {
    condition: u32,
    sides: Sides,
    link: usize,
    /// The number of the hit of the same condition before this one, counted from one.
    previous: usize,
}

/// Before or after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Before,
    After,
}

/// Before a change, after it, both or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sides(u8);

impl Sides {
    pub(crate) const NEITHER: Self = Self(0);
    pub(crate) const BOTH: Self = Self(3);

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn has(self, side: Side) -> bool {
        self.0 & Self::from(side).0 != 0
    }
}

impl From<Side> for Sides {
    fn from(side: Side) -> Self {
        match side {
            Side::Before => Self(1),
            Side::After => Self(2),
        }
    }
}

impl Contents {
    /// Finds out what a change contains.
    pub(crate) fn take_apart(
        &mut self,
        conditions: &Conditions,
        before: Option<&Endpoint<'_>>,
        after: Option<&Endpoint<'_>>,
    ) {
        self.round += 1;
        self.met.resize(conditions.end() as usize, Met::default());
        self.found.clear();
        self.hits.clear();
        self.links.clear();
        self.sides = [0..0, 0..0];
        for (endpoint, side) in [(before, Side::Before), (after, Side::After)] {
            endpoint.into_iter().for_each(|endpoint| self.take_apart_endpoint(conditions, endpoint, side));
        }
        match (before, after) {
            // Most changes leave the links as they were.
            (Some(before), Some(after)) if core::ptr::eq(before.stored_document(), after.stored_document()) => {
                self.take_apart_links(conditions, &[(before, Side::Before), (after, Side::After)]);
            }
            _ => {
                before.into_iter().for_each(|endpoint| self.take_apart_links(conditions, &[(endpoint, Side::Before)]));
                after.into_iter().for_each(|endpoint| self.take_apart_links(conditions, &[(endpoint, Side::After)]));
            }
        }
    }

    /// Returns the conditions that are met, before the change or after it.
    pub(crate) fn found(&self) -> &[u32] {
        &self.found
    }

    /// Returns on which sides a condition is met: by the endpoint, or by any of its links.
    pub(crate) fn sides(&self, condition: u32) -> Sides {
        let met = self.met(condition);
        met.by_endpoint.or(met.by_link)
    }

    /// Tells whether the endpoint meets a criterion, itself or by any one of its links ([RFC 9176 §6.2]).
    ///
    /// [RFC 9176 §6.2]: https://www.rfc-editor.org/rfc/rfc9176#section-6.2
    pub(crate) fn endpoint_meets(&self, criterion: &Criterion, condition: u32, side: Side) -> bool {
        self.is_met_by_endpoint(criterion, condition, side)
            || may(criterion, Level::Resource) && self.met(condition).by_link.has(side)
    }

    /// Returns the positions of the links that meet all criteria, by themselves or by their endpoint ([RFC 9176 §6.2]). Each
    /// link that a condition was looked for at is counted in `tests`.
    ///
    /// [RFC 9176 §6.2]: https://www.rfc-editor.org/rfc/rfc9176#section-6.2
    pub(crate) fn links_that_meet(
        &self,
        criteria: &[Criterion],
        conditions: &[u32],
        side: Side,
        tests: &mut usize,
    ) -> Vec<u32> {
        let all = self.sides[side as usize].clone();
        let position = |link: usize| (link - all.start) as u32;
        let mut by_link = Vec::with_capacity(criteria.len());
        for (criterion, condition) in criteria.iter().zip(conditions) {
            if self.is_met_by_endpoint(criterion, *condition, side) {
                continue;
            }
            if !may(criterion, Level::Resource) || !self.met(*condition).by_link.has(side) {
                return Vec::new();
            }
            by_link.push(*condition);
        }
        // The links to try are those that meet the condition which the fewest meet.
        by_link.sort_by_key(|condition| self.met(*condition).links);
        let Some((first, others)) = by_link.split_first() else {
            *tests += all.len();
            return all.clone().map(position).collect();
        };
        *tests += self.met(*first).links * by_link.len();
        let meets = |link: usize, condition: &u32| {
            let hits = &self.hits[self.links[link].clone()];
            let found = hits.binary_search_by_key(condition, |hit| hit.condition);
            found.is_ok_and(|found| hits[found].sides.has(side))
        };
        let hits = core::iter::successors(self.hit(self.met(*first).last), |hit| self.hit(hit.previous));
        let links = hits.filter(|hit| hit.sides.has(side)).map(|hit| hit.link);
        let mut positions: Vec<u32> =
            links.filter(|link| others.iter().all(|other| meets(*link, other))).map(position).collect();
        // The hits of a condition lead from the last to the first.
        positions.reverse();
        positions
    }

    fn hit(&self, number: usize) -> Option<&Hit> {
        self.hits.get(number.checked_sub(1)?)
    }

    fn met(&self, condition: u32) -> Met {
        let met = self.met.get(condition as usize).copied().unwrap_or_default();
        if met.round == self.round { met } else { Met::default() }
    }

    fn is_met_by_endpoint(&self, criterion: &Criterion, condition: u32, side: Side) -> bool {
        may(criterion, Level::Endpoint) && self.met(condition).by_endpoint.has(side)
    }

    fn take_apart_endpoint(&mut self, conditions: &Conditions, endpoint: &Endpoint<'_>, side: Side) {
        let own = ["ep", "d", "base", "rt", "href"].into_iter().map(Into::into);
        for name in own.chain(endpoint.attributes().map(|(name, _)| lower_case(name))) {
            if conditions.has_name(&name) {
                endpoint.any_value(&name, &mut |value| {
                    conditions.each_met(&name, value.unwrap_or_default(), |condition| {
                        let met = self.note(condition);
                        met.by_endpoint = met.by_endpoint.or(side.into());
                    });
                    false
                });
            }
        }
    }

    /// Takes the links of one document apart, seen from each of the endpoints that has it.
    fn take_apart_links(&mut self, conditions: &Conditions, endpoints: &[(&Endpoint<'_>, Side)]) {
        let Some(document) = endpoints.first().map(|(endpoint, _)| endpoint.stored_document()) else { return };
        let all = endpoints.iter().fold(Sides::NEITHER, |all, (_, side)| all.or((*side).into()));
        let start = self.links.len();
        let of_every_link = provenances(conditions, endpoints);
        // The links of a document are much alike, so most parameters are written as in the link before.
        let mut previous: Vec<(Parameter<'_>, Vec<u32>)> = Vec::new();
        let mut own: Vec<(u32, Sides)> = Vec::new();
        let mut targets = References::of(conditions, "href", endpoints);
        let mut anchors = References::of(conditions, "anchor", endpoints);
        for link in (0..document.len()).filter_map(|position| document.link(position)) {
            own.clear();
            own.extend(&of_every_link);
            targets.iter_mut().for_each(|targets| targets.meet(conditions, link.target(), &mut own));
            for (place, parameter) in link.parameters().enumerate() {
                if place == previous.len() {
                    previous.push((parameter, met_by(conditions, &parameter)));
                } else if previous[place].0 != parameter {
                    previous[place] = (parameter, met_by(conditions, &parameter));
                }
                own.extend(previous[place].1.iter().map(|condition| (*condition, all)));
                if !anchors.is_empty() && parameter.has_name("anchor") {
                    let anchor = parameter.value().unwrap_or_default();
                    anchors.iter_mut().for_each(|anchors| anchors.meet(conditions, &anchor, &mut own));
                }
            }
            self.add_link(&mut own);
        }
        for (_, side) in endpoints {
            self.sides[*side as usize] = start..self.links.len();
        }
    }

    /// Adds a link that meets the conditions.
    fn add_link(&mut self, conditions: &mut [(u32, Sides)]) {
        conditions.sort_unstable_by_key(|(condition, _)| *condition);
        let (start, link) = (self.hits.len(), self.links.len());
        for same in conditions.chunk_by(|(one, _), (other, _)| one == other) {
            let condition = same[0].0;
            let sides = same.iter().fold(Sides::NEITHER, |all, (_, sides)| all.or(*sides));
            let number = self.hits.len() + 1;
            let met = self.note(condition);
            met.by_link = met.by_link.or(sides);
            met.links += 1;
            let previous = core::mem::replace(&mut met.last, number);
            self.hits.push(Hit { condition, sides, link, previous });
        }
        self.links.push(start..self.hits.len());
    }

    /// Notes that a condition is met; returns where to note by what.
    fn note(&mut self, condition: u32) -> &mut Met {
        let met = &mut self.met[condition as usize];
        if met.round != self.round {
            *met = Met { round: self.round, ..Met::default() };
            self.found.push(condition);
        }
        met
    }
}

/// Returns the conditions that every link meets, because its provenance is the location of its registration.
fn provenances(conditions: &Conditions, endpoints: &[(&Endpoint<'_>, Side)]) -> Vec<(u32, Sides)> {
    let mut met = Vec::new();
    if conditions.has_name("provenance") {
        for (endpoint, side) in endpoints {
            endpoint.any_location(&mut |location| {
                let location = location.unwrap_or_default();
                conditions.each_met("provenance", location, |condition| met.push((condition, (*side).into())));
                false
            });
        }
    }
    met
}

/// Returns the conditions that a parameter meets, whatever the base. The anchor depends on it, and a provenance that was
/// registered is not shown.
fn met_by(conditions: &Conditions, parameter: &Parameter<'_>) -> Vec<u32> {
    let mut met = Vec::new();
    let name = lower_case(parameter.name());
    if !matches!(&*name, "anchor" | "provenance") && conditions.has_name(&name) {
        conditions.each_met(&name, &parameter.value().unwrap_or_default(), |condition| met.push(condition));
    }
    met
}

/// The targets or anchors of the links of a registration, taken apart one after the other.
///
/// They begin alike, for they have the same base. So most of the conditions that one meets are those that the one before it
/// met: those that look no further than both are the same.
struct References<'e> {
    name: &'static str,
    base: Option<Base<'e>>,
    side: Side,
    /// The last one, as a URI.
    uri: Vec<u8>,
    /// What it meets, and how many bytes of it each condition looks at.
    met: Vec<(usize, u32)>,
}

impl<'e> References<'e> {
    /// Returns those seen from each of the endpoints, if there are conditions on them.
    fn of(conditions: &Conditions, name: &'static str, endpoints: &[(&Endpoint<'e>, Side)]) -> Vec<Self> {
        let seen_from = |(endpoint, side): &(&Endpoint<'e>, Side)| Self {
            name,
            base: Base::new(endpoint.base()).ok(),
            side: *side,
            uri: Vec::new(),
            met: Vec::new(),
        };
        endpoints.iter().filter(|_| conditions.has_name(name)).map(seen_from).collect()
    }

    /// Adds the conditions that the next one meets.
    fn meet(&mut self, conditions: &Conditions, reference: &str, met: &mut Vec<(u32, Sides)>) {
        let uri = self.base.and_then(|base| base.resolve(reference).ok());
        let uri = uri.as_deref().unwrap_or(reference);
        let common = self.uri.iter().zip(uri.as_bytes()).take_while(|(one, other)| one == other).count();
        let least = if self.uri.is_empty() { 0 } else { common + 1 };
        self.met.retain(|(length, _)| *length < least);
        conditions.each_met_by_uri(self.name, uri, least, |length, condition| self.met.push((length, condition)));
        self.uri.truncate(common);
        self.uri.extend_from_slice(&uri.as_bytes()[common..]);
        met.extend(self.met.iter().map(|(_, condition)| (*condition, self.side.into())));
    }
}

/// Tells whether a level may decide a criterion.
fn may(criterion: &Criterion, level: Level) -> bool {
    criterion.level() == Level::Either || criterion.level() == level
}
