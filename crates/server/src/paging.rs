use alloc::collections::VecDeque;

use waypost_directory::Pages;
use waypost_filter::Query;

/// The results that clients page through, so that a further page need not be searched from the beginning.
#[derive(Debug, Default)]
pub(crate) struct Paging {
    /// The one that was used last is the last one.
    results: VecDeque<PagedResult>,
}

#[derive(Debug)]
struct PagedResult {
    query: Query,
    zone: Option<u32>,
    pages: Pages,
}

impl Paging {
    /// Returns the pages of what a query finds as seen from a zone, of at most `limit` that are kept.
    pub(crate) fn pages(&mut self, query: &Query, zone: Option<u32>, limit: usize) -> Option<&mut Pages> {
        let is_it = |result: &PagedResult| result.zone == zone && result.query.criteria() == query.criteria();
        let result = match self.results.iter().position(is_it) {
            Some(position) => self.results.remove(position)?,
            None => {
                let query = query.clone().without_page();
                PagedResult { pages: Pages::new(query.clone()).seen_from(zone), query, zone }
            }
        };
        self.results.push_back(result);
        while self.results.len() > limit {
            self.results.pop_front();
        }
        self.results.back_mut().map(|result| &mut result.pages)
    }
}
