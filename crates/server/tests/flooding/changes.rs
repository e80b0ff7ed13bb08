//! Changes.

use waypost_rest::Code;

use crate::flood::*;
use crate::harness::*;

#[test]
fn of_whoever_registers_under_many_addresses_no_more_is_taken_than_of_all_together() {
    let mut world = world_with(|config| {
        (config.limits.changes_per_minute, config.limits.changes_per_minute_in_all) = (600, 1_200);
    });
    let answers: Vec<_> =
        (0..300).map(|number| world.ask(&host(number), post("/rd", &format!("ep=many{number}"), "</a>"))).collect();
    assert_eq!(answers.iter().filter(|answer| answer.code == Code::CREATED).count(), 201);
    assert_eq!(answers[299].code, Code::SERVICE_UNAVAILABLE);
    assert_eq!(one(&mut world, 1_000).code, Code::CONTENT);
    wait_as_told(&mut world, &answers[299]);
    assert_eq!(world.ask(&host(1_000), post("/rd", "ep=late", "</a>")).code, Code::CREATED);
}

#[test]
fn changes_of_one_client_have_a_rate_at_which_each_kibibyte_of_links_counts_like_a_request() {
    let mut world = world_with(|config| config.limits.changes_per_minute = 600);
    let links = format!("</a>;title=\"{}\"", "x".repeat(3 * 1_024));
    let register = |world: &mut World, number| world.ask(&host(1), post("/rd", &format!("ep=own{number}"), &links));
    let answers: Vec<_> = (0..30).map(|number| register(&mut world, number)).collect();
    assert_eq!(answers.iter().filter(|answer| answer.code == Code::CREATED).count(), 100 / 4 + 1);
    assert_eq!((answers[29].code, answers[29].max_age), (Code::TOO_MANY_REQUESTS, Some(1)));
    assert_eq!(world.ask(&host(2), post("/rd", "ep=other", "</a>")).code, Code::CREATED);
    world.pass(1);
    assert_eq!(register(&mut world, 30).code, Code::CREATED);
}
