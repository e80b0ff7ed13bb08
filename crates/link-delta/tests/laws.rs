//! The laws that deltas obey, on sets of links that collide a lot.

extern crate alloc;

use alloc::collections::BTreeMap;

use proptest::prelude::*;
use waypost_link_delta::{Basis, Identity, Limits, LinkDelta, Tag};
use waypost_link_format::{LinkDocument, LinkDocumentBuf, LinkWriter};

/// For each identity its links in order: all that a set of links says.
fn meaning(links: &LinkDocumentBuf) -> BTreeMap<Identity<'_>, Vec<&str>> {
    let mut meaning: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for link in links.links() {
        meaning.entry(Identity::from(link)).or_default().push(link.raw());
    }
    meaning
}

fn means(links: &LinkDocumentBuf, others: &LinkDocumentBuf) -> bool {
    meaning(links) == meaning(others)
}

fn between(before: &LinkDocumentBuf, after: &LinkDocumentBuf) -> LinkDelta {
    LinkDelta::between(before.as_document(), after.as_document())
}

fn apply(links: &LinkDocumentBuf, delta: &LinkDelta) -> LinkDocumentBuf {
    delta.apply(links.as_document())
}

fn link() -> impl Strategy<Value = String> {
    let target = prop::sample::select(vec!["/a", "/b", "coap://h/,;", ""]);
    let relation = prop::sample::select(vec![
        "",
        ";rel=next",
        ";rel=\"next\"",
        ";REL=prev",
        ";rel",
        ";rev=\"a b\"",
        ";anchor=\"/x,y\"",
    ]);
    let attribute = prop::sample::select(vec!["", ";rt=\"x,</y>\"", ";ct=40", ";title*=UTF-8''%e2%82%ac", ";sz=1"]);
    (target, attribute.clone(), relation, attribute)
        .prop_map(|(target, before, relation, after)| format!("<{target}>{before}{relation}{after}"))
}

fn links() -> impl Strategy<Value = LinkDocumentBuf> {
    prop::collection::vec(link(), 0..8).prop_map(|links| LinkDocumentBuf::parse(links.join(",")).unwrap())
}

/// Two sets that have most links in common.
fn neighbours() -> impl Strategy<Value = (LinkDocumentBuf, LinkDocumentBuf)> {
    let edit = prop_oneof![
        2 => Just(None),
        1 => prop::collection::vec(link(), 0..3).prop_map(Some),
    ];
    prop::collection::vec((link(), edit), 0..8).prop_map(|links| {
        let before: Vec<_> = links.iter().map(|(link, _)| link.clone()).collect();
        let after: Vec<_> = links.into_iter().flat_map(|(link, edit)| edit.unwrap_or(vec![link])).collect();
        (LinkDocumentBuf::parse(before.join(",")).unwrap(), LinkDocumentBuf::parse(after.join(",")).unwrap())
    })
}

fn pair() -> impl Strategy<Value = (LinkDocumentBuf, LinkDocumentBuf)> {
    prop_oneof![(links(), links()), neighbours()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_delta_between_two_sets_leads_from_one_to_the_other((a, b) in pair()) {
        prop_assert!(means(&apply(&a, &between(&a, &b)), &b));
    }

    #[test]
    fn a_delta_that_arrives_twice_changes_nothing_more((a, b) in pair(), other in links()) {
        let delta = between(&a, &b);
        let once = apply(&other, &delta);
        prop_assert_eq!(apply(&once, &delta), once);
    }

    #[test]
    fn a_set_does_not_differ_from_itself_however_its_links_are_ordered(a in links()) {
        prop_assert!(between(&a, &a).is_empty());
        let grouped: Vec<_> = meaning(&a).into_values().flatten().collect();
        let grouped = LinkDocumentBuf::parse(grouped.join(",")).unwrap();
        prop_assert!(between(&a, &grouped).is_empty());
    }

    #[test]
    fn only_what_differs_is_named_and_all_of_that((a, b) in pair()) {
        let delta = between(&a, &b);
        let (before, after) = (meaning(&a), meaning(&b));
        let named: Vec<_> = delta.removed().links().chain(delta.put().links()).map(Identity::from).collect();
        for identity in before.keys().chain(after.keys()) {
            prop_assert_eq!(named.contains(identity), before.get(identity) != after.get(identity));
        }
        for (identity, links) in meaning(delta.put()) {
            prop_assert_eq!(Some(&links), after.get(&identity));
        }
        for (identity, _) in meaning(delta.removed()) {
            prop_assert!(!after.contains_key(&identity) && before.contains_key(&identity));
        }
    }

    #[test]
    fn two_deltas_in_a_row_are_one((a, b) in pair(), (c, d) in pair(), other in links()) {
        let (first, second) = (between(&a, &b), between(&c, &d));
        let both = first.then(&second).unwrap();
        prop_assert!(means(&apply(&other, &both), &apply(&apply(&other, &first), &second)));
        let all = LinkDelta::whole(a.as_document());
        let both = all.then(&second).unwrap();
        prop_assert!(means(&apply(&other, &both), &apply(&a, &second)));
        prop_assert_eq!(first.then(&all), Some(all));
    }

    #[test]
    fn what_is_not_named_stays_where_it_is((a, b) in pair(), other in links()) {
        let delta = between(&a, &b);
        let named: Vec<_> = delta.removed().links().chain(delta.put().links()).map(Identity::from).collect();
        let after = apply(&other, &delta);
        let unnamed = |links: &LinkDocumentBuf| -> Vec<String> {
            let links = links.links().filter(|link| !named.contains(&Identity::from(*link)));
            links.map(|link| link.raw().to_owned()).collect()
        };
        prop_assert_eq!(unnamed(&after), unnamed(&other));
    }

    #[test]
    fn what_is_encoded_is_decoded_and_written_alike((a, b) in pair(), tags in prop::array::uniform2(prop::collection::vec(any::<u8>(), 0..9))) {
        let [from, to] = tags.map(|tag| Tag::new(&tag).ok());
        let mut delta = between(&a, &b);
        if let Some(from) = from {
            delta = delta.starting_from(from);
        }
        if let Some(to) = to {
            delta = delta.leading_to(to);
        }
        for delta in [delta, LinkDelta::whole(b.as_document())] {
            let octets = delta.encode();
            prop_assert_eq!(LinkDelta::decode(&octets, &Limits::default()), Ok(delta));
        }
    }

    #[test]
    fn any_octets_are_refused_or_the_encoding_of_what_they_are_read_as(octets in prop::collection::vec(any::<u8>(), 0..64)) {
        // The heads of an array and of two nulls, so that some get that far.
        for start in [&b""[..], b"\x84", b"\x84\xf6\xf6", b"\x84\xf6\xf6\x60"] {
            let octets = [start, &octets].concat();
            match LinkDelta::decode(&octets, &Limits::default()) {
                Ok(delta) => prop_assert_eq!(delta.encode(), octets),
                Err(error) => prop_assert!(error.offset <= octets.len()),
            }
        }
    }

    #[test]
    fn an_identity_survives_being_written_without_the_other_attributes(a in links()) {
        let removal = between(&a, &LinkDocumentBuf::default());
        prop_assert!(removal.put().is_empty());
        let identities: Vec<_> = meaning(&a).into_keys().collect();
        let removed: Vec<_> = meaning(removal.removed()).into_keys().collect();
        prop_assert_eq!(removed, identities);
    }

    #[test]
    fn links_that_are_written_anew_have_the_same_identity(a in links()) {
        let mut text = String::new();
        let mut writer = LinkWriter::new(&mut text);
        a.links().for_each(|link| { writer.copy(link).unwrap(); });
        writer.finish().unwrap();
        let anew = LinkDocument::parse(&text).unwrap();
        prop_assert!(anew.links().map(Identity::from).eq(a.links().map(Identity::from)));
    }
}

#[test]
fn deltas_that_are_not_consecutive_are_not_joined() {
    let [one, two, three] = [[1], [2], [3]].map(|tag| Tag::new(&tag).unwrap());
    let [a, b, c] = ["</a>", "</b>", "</c>"].map(|text| LinkDocument::parse(text).unwrap());
    let first = LinkDelta::between(a, b).starting_from(one).leading_to(two);
    let second = LinkDelta::between(b, c).starting_from(two).leading_to(three);
    let both = first.then(&second).unwrap();
    assert_eq!((both.from(), both.to()), (Basis::State(one), Some(three)));
    assert_eq!(second.then(&first), None);
    assert_eq!(LinkDelta::between(a, b).then(&second), None, "where the first leads to is not known");
}
