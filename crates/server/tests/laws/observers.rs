//! What observers know.

use alloc::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;
use waypost_rest::{ExchangeId, Output, Service as _};

use crate::harness;
use crate::run::{Run, known_by};
use crate::steps::{Step, steps};

proptest! {
    #[test]
    fn what_an_observer_knows_is_what_a_fresh_lookup_shows(variant in 0..3_u8, steps in steps()) {
        let mut run = Run::new(variant);
        for step in &steps {
            run.step(step);
            run.drain();
        }
        // Let everything that is due expire, and everybody who was told be ready.
        for _ in 0..3 {
            run.server.handle_timeout(run.now);
            for exchange in run.observed.keys().copied().collect::<Vec<_>>() {
                run.server.handle_ready(run.now, exchange);
            }
            run.drain();
        }
        for (exchange, (peer, request, known)) in run.observed.clone() {
            if request.query.iter().any(|argument| argument.starts_with("lt-")) {
                continue;
            }
            let mut request = request;
            let is_by_deltas = request.accept.is_some();
            request.observe = None;
            run.step(&Step::Ask(peer, request, None));
            run.drain();
            let fresh = run.transcript.responses[&ExchangeId(run.exchanges)][0].clone().unwrap();
            let [known, fresh] = [known, known_by(&Bytes::new(), &fresh)].map(|links| String::from_utf8(links.to_vec()).unwrap());
            // Deltas do not carry the order.
            let is_same = if is_by_deltas { harness::links(&known) == harness::links(&fresh) } else { known == fresh };
            prop_assert!(is_same, "exchange {:?}: {} instead of {}", exchange, known, fresh);
        }
        prop_assert_eq!(run.observed.len(), run.server.observations());
    }

    #[test]
    fn a_notification_always_says_something_new(variant in 0..3_u8, steps in steps()) {
        let mut run = Run::new(variant);
        let mut known: BTreeMap<ExchangeId, Bytes> = BTreeMap::new();
        for step in &steps {
            run.step(step);
            run.drain();
            for output in core::mem::take(&mut run.outputs) {
                match output {
                    Output::Response { exchange, response } if response.is_observed => {
                        known.insert(exchange, response.payload);
                    }
                    Output::Notification { exchange, response } if response.code.is_success() => {
                        let shows_time = run.asked[&exchange].1.query.iter().any(|argument| argument.contains("lt-"));
                        let before = known.insert(exchange, response.payload.clone());
                        prop_assert!(shows_time || before != Some(response.payload));
                    }
                    _ => {}
                }
            }
        }
    }
}
