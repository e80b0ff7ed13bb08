//! Links that others have taken the place of are remembered for those who hold them, within a limit.

mod common;

use common::{at, directory, registration};
use proptest::prelude::*;
use waypost_directory::{ChangeRef, Directory};
use waypost_link_format::LinkDocumentBuf;
use waypost_model::{Lifetime, Location, Update, Version};
use waypost_time::Instant;

const NOW: Instant = Instant::ZERO;

fn register(directory: &mut Directory, endpoint: &str, links: &str) -> Location {
    directory.register(NOW, registration(endpoint, "coap://h", links)).expect("room").location
}

fn set_links(directory: &mut Directory, location: &Location, links: &str) {
    let links = LinkDocumentBuf::parse(links).expect("links");
    directory.update(NOW, location, Update { links: Some(links), ..Update::default() }).expect("a registration");
}

/// The former links of a registration, for who holds a version.
fn former(directory: &Directory, endpoint: &str, version: &Version) -> Option<String> {
    let records = directory.feed(NOW, &Version::new()).expect("all is there").filter_map(|change| match change {
        ChangeRef::Put(record) if record.endpoint() == endpoint => Some(record),
        _ => None,
    });
    let found: Vec<_> = records.map(|record| record.former_links(version)).collect();
    assert_eq!(found.len(), 1, "{endpoint} is there once");
    found[0].map(|links| links.as_str().into())
}

#[test]
fn the_last_links_that_a_reader_holds_are_remembered() {
    let mut directory = directory();
    let nothing = directory.version().clone();
    let location = register(&mut directory, "node1", "</a>");
    let first = directory.version().clone();
    set_links(&mut directory, &location, "</a>,</b>");
    let second = directory.version().clone();
    register(&mut directory, "node1", "</a>,</c>");
    assert_eq!(former(&directory, "node1", &nothing), None);
    assert_eq!(former(&directory, "node1", &first).as_deref(), Some("</a>"));
    assert_eq!(former(&directory, "node1", &second).as_deref(), Some("</a>,</b>"));
}

#[test]
fn what_leaves_the_links_as_they_are_leaves_the_former_ones_too() {
    let mut directory = directory();
    let location = register(&mut directory, "node1", "</a>");
    let first = directory.version().clone();
    set_links(&mut directory, &location, "</b>");
    let lifetime = Some(Lifetime::from_secs(600).expect("a lifetime"));
    directory.update(NOW, &location, Update { lifetime, ..Update::default() }).expect("a registration");
    directory.renew(NOW, &location).expect("a registration");
    assert_eq!(former(&directory, "node1", &first).as_deref(), Some("</a>"));
}

#[test]
fn links_that_are_registered_again_as_they_were_are_remembered_as_well() {
    let mut directory = directory();
    register(&mut directory, "node1", "</a>");
    let first = directory.version().clone();
    directory.register(NOW, registration("node1", "coap://elsewhere", "</a>")).expect("room");
    assert_eq!(former(&directory, "node1", &first).as_deref(), Some("</a>"));
    register(&mut directory, "node1", "</b>");
    assert_eq!(former(&directory, "node1", &first).as_deref(), Some("</a>"));
}

#[test]
fn who_comes_by_a_name_that_was_free_again_has_no_former_links_of_others() {
    let mut directory = directory();
    let location = register(&mut directory, "node1", "</a>");
    set_links(&mut directory, &location, "</b>");
    directory.remove(NOW, &location).expect("a registration");
    directory.expire(at(1_000_000));
    let known = directory.version().clone();
    // It gets the slot that was freed.
    register(&mut directory, "node2", "</c>");
    assert_eq!(former(&directory, "node2", &known), None);
}

#[test]
fn the_oldest_go_first_and_links_without_text_take_room_too() {
    let mut config = directory().config().clone();
    config.limits.former_links = 10_000;
    let mut directory = Directory::new(config);
    let locations: Vec<_> = (0..200).map(|number| register(&mut directory, &format!("node{number}"), "")).collect();
    let known = directory.version().clone();
    for location in &locations {
        set_links(&mut directory, location, "</a>");
    }
    let remembered: Vec<bool> =
        (0..200).map(|number| former(&directory, &format!("node{number}"), &known).is_some()).collect();
    let count = remembered.iter().filter(|is_remembered| **is_remembered).count();
    assert!((10..100).contains(&count), "{count}");
    assert!(remembered[200 - count..].iter().all(|is_remembered| *is_remembered));
}

#[test]
fn links_larger_than_the_limit_are_not_remembered_and_drive_out_no_others() {
    let mut config = directory().config().clone();
    config.limits.former_links = 1_000;
    let mut directory = Directory::new(config);
    let small = register(&mut directory, "small", "</a>");
    let large = register(&mut directory, "large", &format!("</{}>", "a".repeat(2_000)));
    let known = directory.version().clone();
    set_links(&mut directory, &small, "</b>");
    set_links(&mut directory, &large, "</b>");
    assert_eq!(former(&directory, "small", &known).as_deref(), Some("</a>"));
    assert_eq!(former(&directory, "large", &known), None);
}

proptest! {
    #[test]
    fn the_former_links_are_those_of_the_version_that_is_held(
        steps in prop::collection::vec((0..3_usize, 0..4_usize, any::<bool>()), 1..12),
        held in any::<prop::sample::Index>(),
    ) {
        const LINKS: [&str; 4] = ["", "</a>", "</a>,</b>", "</c>;obs"];
        let mut directory = directory();
        // After each step: the version, and for each endpoint the links that it has.
        let mut history = vec![(Version::new(), [None; 3])];
        for (endpoint, links, is_whole) in steps {
            let (name, mut now) = (format!("node{endpoint}"), history[history.len() - 1].1);
            if is_whole || now[endpoint].is_none() {
                register(&mut directory, &name, LINKS[links]);
            } else {
                let location = directory.locate(None, &name.parse().expect("a name"));
                set_links(&mut directory, &location, LINKS[links]);
            }
            now[endpoint] = Some(LINKS[links]);
            history.push((directory.version().clone(), now));
        }
        let present = history[history.len() - 1].1;
        let (version, then) = held.get(&history);
        for endpoint in (0..3).filter(|endpoint| present[*endpoint].is_some()) {
            let former = former(&directory, &format!("node{endpoint}"), version);
            // Who holds what is there already needs no other.
            if then[endpoint] != present[endpoint] {
                prop_assert_eq!(former.as_deref(), then[endpoint]);
            }
        }
    }
}
