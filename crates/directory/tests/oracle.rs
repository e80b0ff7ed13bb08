//! Every indexed look-up equals a scan that follows the text of RFC 9176 §6.2, after any history.

mod common;

use common::{Twins, operations, query};
use proptest::prelude::*;
use waypost_filter::{Criterion, Query, Test};
use waypost_model::Location;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn an_indexed_look_up_equals_a_scan(history in operations(40), queries in prop::collection::vec(query(), 1..12)) {
        let mut twins = Twins::new();
        for operation in history {
            twins.run(operation);
        }
        for query in &queries {
            twins.assert_same(query);
        }
        twins.assert_contents();
    }

    #[test]
    fn a_look_up_equals_a_scan_at_every_step(history in operations(25), query in query()) {
        let mut twins = Twins::new();
        for operation in history {
            twins.run(operation);
            twins.assert_same(&query);
        }
    }

    #[test]
    fn each_registration_is_found_by_its_location_in_every_form(history in operations(20)) {
        let mut twins = Twins::new();
        for operation in history {
            twins.run(operation);
        }
        for plain in twins.naive.registrations.values().filter(|plain| plain.is_live(twins.now)) {
            let mut forms = vec![plain.location.clone()];
            if plain.location.starts_with('/') {
                forms.push(format!("{}{}", common::AUTHORITY, plain.location));
            }
            for form in forms {
                let found = twins.directory.registration(twins.now(), &Location::new(&form).unwrap()).unwrap();
                prop_assert_eq!(found.name(), &plain.endpoint);
                let query = Query::all().with(Criterion::new("href", Test::Exact(form.as_str().into())));
                twins.assert_same(&query);
                prop_assert_eq!(twins.directory.endpoints(twins.now(), &query).count(), 1);
            }
        }
    }
}
