use core::iter::{Skip, Take};

use waypost_link_format::{Link, LinkDocument, Links};

use crate::Query;

/// Selects the links of a document that match a query, in their order: how a server filters its own
/// `/.well-known/core` ([RFC 6690 §4.1]).
///
/// `href` and `anchor` are matched as written, and the level of a criterion has no meaning. RFC 6690 knows no pages;
/// `page` and `count` are obeyed here as in a look-up, so that a client can read a long list in pieces.
///
/// ```
/// use waypost_filter::{Query, select};
/// use waypost_link_format::LinkDocument;
///
/// let document = LinkDocument::parse(r#"</rd>;rt="core.rd",</rd-lookup/res>;rt="core.rd-lookup-res",</x>"#)?;
/// let query = Query::parse("rt=core.rd*&page=1&count=1")?;
/// let targets: Vec<_> = select(document, &query).map(|link| link.target()).collect();
/// assert_eq!(targets, ["/rd-lookup/res"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [RFC 6690 §4.1]: https://www.rfc-editor.org/rfc/rfc6690#section-4.1
pub fn select<'d, 'q>(document: LinkDocument<'d>, query: &'q Query) -> Selected<'d, 'q> {
    Selected { results: query.paginate(Matching { links: document.links(), query }) }
}

/// The links that [`select`] selects.
///
/// ```
/// use waypost_filter::{Query, Selected, select};
/// use waypost_link_format::LinkDocument;
///
/// let none: Selected<'_, '_> = select(LinkDocument::EMPTY, const { &Query::all() });
/// assert_eq!(none.count(), 0);
/// ```
#[derive(Debug, Clone)]
pub struct Selected<'d, 'q> {
    results: Take<Skip<Matching<'d, 'q>>>,
}

impl<'d> Iterator for Selected<'d, '_> {
    type Item = Link<'d>;

    fn next(&mut self) -> Option<Link<'d>> {
        self.results.next()
    }
}

/// The links that match, in all pages.
#[derive(Debug, Clone)]
struct Matching<'d, 'q> {
    links: Links<'d>,
    query: &'q Query,
}

impl<'d> Iterator for Matching<'d, '_> {
    type Item = Link<'d>;

    fn next(&mut self) -> Option<Link<'d>> {
        self.links.find(|link| self.query.matches(link))
    }
}
