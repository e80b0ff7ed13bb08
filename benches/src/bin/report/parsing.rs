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
    let works: [fn(&str) -> usize; 3] = [check, read_all, read_all_by_coap_lite];
    let mut best = [Duration::MAX; 3];
    for _ in 0..41 {
        for (best, work) in best.iter_mut().zip(works) {
            *best = once(|| (0..1000).map(|_| work(black_box(&text))).sum::<usize>()).min(*best);
        }
    }
    let [checked, read, theirs] = best.map(|time| Figure::throughput(text.len() * 1000, time));
    let row = Row::new("check a document of 20 links", checked).peer("coap-lite", theirs);
    table.add(row.lead(2.0).goal(Figure::Throughput(1e9)));
    table.add(Row::new("check it and read every value", read).peer("coap-lite", theirs).lead(2.0));
}

fn check(text: &str) -> usize {
    usize::from(LinkDocument::parse(text).is_ok())
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
