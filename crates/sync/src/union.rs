use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use waypost_directory::{Directory, Scope, Show};
use waypost_filter::{Criterion, Level, Query, Test};
use waypost_link_format::{BoundedText, Link, LinkDocumentBuf, LinkWriter};
use waypost_time::Instant;

/// Returns what a directory holds of one authority, given by the beginning of its locations (`coap://rd.example/`, or `/` for
/// what is local), of all that a query selects: its page is left out. References are absolute. With it comes when the first of
/// it expires, if it is not renewed.
///
/// # Errors
/// When it is longer than the limit.
pub(crate) fn part_of(
    now: Instant,
    directory: &Directory,
    locations: &str,
    (scope, query, show): (Scope, &Query, Show),
    zone: Option<u32>,
    limit: usize,
) -> Result<(LinkDocumentBuf, Instant), fmt::Error> {
    let (name, level) = match scope {
        Scope::Endpoints => ("href", Level::Endpoint),
        Scope::Resources => ("provenance", Level::Resource),
    };
    let of_authority = Criterion::new(name, Test::Prefix(locations.into())).at(level);
    let query = query.clone().without_page().with(of_authority);
    let mut text = BoundedText::new(limit);
    let mut out = LinkWriter::new(&mut text);
    let mut good_until = Instant::MAX;
    match scope {
        Scope::Endpoints => {
            directory.endpoints(now, &query).seen_from(zone).try_for_each(|found| {
                good_until = good_until.min(found.deadline());
                found.write(&mut out, show)
            })?;
        }
        Scope::Resources => {
            directory.resources(now, &query).seen_from(zone).try_for_each(|found| {
                good_until = good_until.min(found.endpoint().deadline());
                found.write(&mut out, show)
            })?;
        }
    }
    out.finish()?;
    Ok((LinkDocumentBuf::parse(text.into_string()).unwrap_or_default(), good_until))
}

/// Returns the page of a query out of the union of what several sources answered: what a later one says that an earlier one
/// said, word for word, is said once.
///
/// # Errors
/// When it is longer than the limit.
pub(crate) fn union(parts: &[LinkDocumentBuf], query: &Query, limit: usize) -> Result<String, fmt::Error> {
    if let ([part], None) = (parts, query.page()) {
        return if part.as_str().len() > limit { Err(fmt::Error) } else { Ok(part.as_str().into()) };
    }
    let mut said = BTreeSet::new();
    let mut links: Vec<Link<'_>> = Vec::new();
    for part in parts {
        let before = links.len();
        links.extend(part.links().filter(|link| !said.contains(link.raw())));
        said.extend(links[before..].iter().map(Link::raw));
    }
    let mut text = BoundedText::new(limit);
    let mut out = LinkWriter::new(&mut text);
    query.paginate(links.into_iter()).try_for_each(|link| out.copy(link).map(drop))?;
    out.finish()?;
    Ok(text.into_string())
}
