//! What becomes of links that a delta is applied to.

use waypost_link_delta::{Identity, LinkDelta};
use waypost_link_format::LinkDocument;

fn applied(before: &str, after: &str, to: &str) -> String {
    let [before, after, to] = [before, after, to].map(|text| LinkDocument::parse_lenient(text, |_| {}).unwrap());
    LinkDelta::between(before, after).apply(to).to_string()
}

#[test]
fn a_changed_link_keeps_its_place_and_a_new_one_comes_last() {
    assert_eq!(applied("</a>,</b>,</c>", "</d>,</a>,</b>;obs,</c>", "</a>,</b>,</c>"), "</a>,</b>;obs,</c>,</d>");
}

#[test]
fn links_of_one_identity_come_where_such_links_were_and_the_rest_last() {
    let before = "</a>;rt=x,</b>,</a>;rt=y,</c>";
    assert_eq!(applied(before, "</a>;rt=v,</a>;rt=w,</b>,</c>", before), "</a>;rt=v,</b>,</a>;rt=w,</c>");
    assert_eq!(applied(before, "</a>;rt=v,</b>,</c>", before), "</a>;rt=v,</b>,</c>");
    let more = "</a>;rt=x,</b>,</a>;rt=y,</d>,</a>;rt=z,</c>";
    assert_eq!(applied(before, more, before), "</a>;rt=x,</b>,</a>;rt=y,</c>,</d>,</a>;rt=z");
}

#[test]
fn to_put_what_is_there_changes_nothing() {
    let there = "</a>;rt=x,</b>,</a>;rt=y";
    assert_eq!(applied("</b>", there, there), there);
}

#[test]
fn a_relation_and_a_context_make_another_link() {
    let before = r#"</a>,</a>;rel=next,</a>;anchor="/b",</a>;rev=next"#;
    let after = r#"</a>,</a>;anchor="/b",</a>;rev=next"#;
    assert_eq!(applied(before, after, before), after);
}

#[test]
fn to_remove_what_is_not_there_changes_nothing() {
    assert_eq!(applied("</a>,</b>", "</b>", "</c>"), "</c>");
}

#[test]
fn an_identity_that_is_split_around_a_change_is_put_whole() {
    let (before, after) = ("</a>;rt=x,</b>,</a>;rt=y", "</a>;rt=x,</b>;obs,</a>;rt=w,</a>;rt=y");
    let [old, new] = [before, after].map(|text| LinkDocument::parse(text).unwrap());
    let delta = LinkDelta::between(old, new);
    assert_eq!(delta.put().as_str(), "</a>;rt=x,</b>;obs,</a>;rt=w,</a>;rt=y");
}

#[test]
fn links_that_deviate_from_the_grammar_come_out_without_deviations() {
    assert_eq!(applied("</a>, </b> ; obs", "</a>; obs, </b> ; obs ,", "</a> ,\n</b>; obs"), "</a>;obs,</b>;obs");
    let deviating = LinkDocument::parse_lenient("</a> , </b>", |_| {}).unwrap();
    assert_eq!(LinkDelta::whole(deviating).put().as_str(), "</a>,</b>");
}

#[test]
fn an_identity_is_what_is_written_and_not_what_it_means() {
    let document = LinkDocument::parse("</a>,</a>;rel=hosts,<coap://h/a>,</a>;rel,</a>;rel=\"\"").unwrap();
    let identities: Vec<_> = document.links().map(Identity::from).collect();
    for (nth, identity) in identities.iter().enumerate().take(4) {
        assert_eq!(identities.iter().position(|other| other == identity), Some(nth));
    }
    assert_eq!(identities[3], identities[4], "an empty value is written as none");
}

#[test]
fn an_identity_of_odd_characters_can_be_removed() {
    for value in ["\\\u{1}", "a\r\n\tb", "\\\n", "\\\u{7f}", "\\\\", "\\\"", "\t", "ä\\ä", ""] {
        let before = format!("</a>;rel=\"{value}\",</b>");
        let [before, after] = [&before, "</b>"].map(|text| LinkDocument::parse(text).unwrap());
        let delta = LinkDelta::between(before, after);
        assert_eq!(delta.apply(before).as_document(), after, "{value:?}");
    }
}
