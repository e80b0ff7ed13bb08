use core::hint::black_box;
use core::time::Duration;

use coap_lite::link_format::LinkFormatParser;
use waypost::LinkDocument;
use waypost_benches::fleet::{self, Documents};

use crate::figure::Figure;
use crate::measure::once;
use crate::table::{Row, Table};

/// Parses a document of 20 links, beside the parser of coap-lite, which checks little of it.
pub(crate) fn parse(table: &mut Table) {
    let text = fleet::document(1, 20, Documents::Fleet, false);
    assert_eq!(read_all(&text), read_all_by_coap_lite(&text), "both find the same");
    // By turns, and the best of each: what else runs on the machine should not decide who is ahead.
    let works: [fn(&str) -> usize; 4] = [check, walk_by_coap_lite, read_all, read_all_by_coap_lite];
    let mut best = [Duration::MAX; 4];
    for _ in 0..41 {
        for (best, work) in best.iter_mut().zip(works) {
            *best = once(|| (0..1000).map(|_| work(black_box(&text))).sum::<usize>()).min(*best);
        }
    }
    let [checked, walked_by_peer, read, read_by_peer] = best.map(|time| Figure::throughput(text.len() * 1000, time));
    let row = Row::new("check a document of 20 links", checked).peer("coap-lite", walked_by_peer);
    table.add(row.lead(2.0).goal(Figure::Throughput(1e9)));
    table.add(Row::new("check it and read every value", read).peer("coap-lite", read_by_peer).lead(2.0));
}

fn check(text: &str) -> usize {
    usize::from(LinkDocument::parse(text).is_ok())
}

/// Goes through links and attributes with coap-lite, as far as is needed to find what it takes for an error.
fn walk_by_coap_lite(text: &str) -> usize {
    LinkFormatParser::new(text).map(|link| link.map_or(0, |(_, attributes)| attributes.count())).sum()
}

/// Returns how many bytes targets, names and values have.
fn read_all(text: &str) -> usize {
    let Ok(document) = LinkDocument::parse(text) else { return 0 };
    let of_link = |link: waypost::link_format::Link<'_>| {
        let values = link.parameters().map(|each| each.name().len() + each.value().unwrap_or_default().len());
        link.target().len() + values.sum::<usize>()
    };
    document.links().map(of_link).sum()
}

/// Does the same with coap-lite.
fn read_all_by_coap_lite(text: &str) -> usize {
    let mut bytes = 0;
    for link in LinkFormatParser::new(text) {
        let Ok((target, attributes)) = link else { return 0 };
        bytes += target.len();
        bytes += attributes.map(|(name, value)| name.len() + value.to_cow().len()).sum::<usize>();
    }
    bytes
}
