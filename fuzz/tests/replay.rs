//! Every committed corpus file goes through its target.

use std::fs;
use std::path::Path;

fn replay(name: &str, target: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut files = 0;
    for entry in fs::read_dir(corpus).unwrap() {
        target(&fs::read(entry.unwrap().path()).unwrap());
        files += 1;
    }
    assert!(files > 0, "{name} has no corpus");
}

#[test]
fn the_corpus_of_cells_has_no_findings() {
    replay("cells", waypost_fuzz::cells);
}

#[test]
fn the_corpus_of_datagram_has_no_findings() {
    replay("datagram", waypost_fuzz::datagram);
}

#[test]
fn the_corpus_of_feed_has_no_findings() {
    replay("feed", waypost_fuzz::feed);
}

#[test]
fn the_corpus_of_feed_message_has_no_findings() {
    replay("feed_message", waypost_fuzz::feed_message);
}

#[test]
fn the_corpus_of_link_delta_has_no_findings() {
    replay("link_delta", waypost_fuzz::link_delta);
}

#[test]
fn the_corpus_of_link_document_has_no_findings() {
    replay("link_document", waypost_fuzz::link_document);
}

#[test]
fn the_corpus_of_look_ups_has_no_findings() {
    replay("look_ups", waypost_fuzz::look_ups);
}

#[test]
fn the_corpus_of_query_has_no_findings() {
    replay("query", waypost_fuzz::query);
}
