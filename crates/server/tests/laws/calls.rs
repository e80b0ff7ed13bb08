//! Whatever is called, and whenever.

use core::time::Duration;

use proptest::prelude::*;
use waypost_rest::{ExchangeId, Service as _};

use crate::run::{Run, answers_of, contents};
use crate::steps::{Step, a_request, steps};

proptest! {
    #[test]
    fn equal_inputs_give_equal_outputs(variant in 0..3_u8, steps in steps()) {
        let mut runs = [Run::new(variant), Run::new(variant)];
        for run in &mut runs {
            for step in &steps {
                run.step(step);
                run.drain();
            }
        }
        prop_assert_eq!(&runs[0].outputs, &runs[1].outputs);
        prop_assert_eq!(runs[0].server.poll_timeout(), runs[1].server.poll_timeout());
    }

    #[test]
    fn every_request_has_exactly_one_answer(variant in 0..3_u8, steps in steps()) {
        let mut run = Run::new(variant);
        for step in &steps {
            run.step(step);
            run.drain();
        }
        // What waits for a peer is answered when its time is up; what was cancelled need not be.
        run.now += Duration::from_secs(1_000);
        run.server.handle_timeout(run.now);
        run.drain();
        let cancelled: Vec<_> = steps.iter().filter_map(|step| match step {
            Step::Cancel(exchange) => Some(ExchangeId(*exchange)),
            _ => None,
        }).collect();
        for number in 1..=run.exchanges {
            let answers = run.transcript.responses.get(&ExchangeId(number)).map_or(0, Vec::len);
            let is_cancelled = cancelled.contains(&ExchangeId(number));
            prop_assert!(answers == 1 || answers == 0 && is_cancelled, "exchange {}: {} answers", number, answers);
        }
    }

    #[test]
    fn when_outputs_are_taken_makes_no_difference_to_them(steps in steps(), often in prop::collection::vec(any::<bool>(), 40)) {
        // Nothing here depends on what came out before: no Echo, no answers to requests of the server.
        let steps: Vec<_> = steps.into_iter().filter(|step| !matches!(step, Step::Respond(..) | Step::Cancel(_))).collect();
        let mut eager = Run::new(0);
        let mut lazy = Run::new(0);
        for (step, often) in steps.iter().zip(&often) {
            eager.step(step);
            eager.drain();
            lazy.step(step);
            if *often {
                lazy.drain();
            }
        }
        lazy.drain();
        eager.drain();
        prop_assert_eq!(&eager.transcript.responses, &lazy.transcript.responses);
        prop_assert_eq!(&eager.transcript.notifications, &lazy.transcript.notifications);
        prop_assert_eq!(&eager.transcript.requests, &lazy.transcript.requests);
    }

    #[test]
    fn early_late_and_repeated_timeouts_are_harmless(
        variant in 0..3_u8,
        steps in steps(),
        early in prop::collection::vec(0..3_u8, 40),
    ) {
        let mut punctual = Run::new(variant);
        let mut erratic = Run::new(variant);
        for (step, early) in steps.iter().zip(&early) {
            punctual.step(step);
            punctual.drain();
            erratic.step(step);
            for _ in 0..*early {
                let before = erratic.now.saturating_sub(Duration::from_secs(u64::from(*early)));
                erratic.server.handle_timeout(before);
                erratic.server.handle_timeout(erratic.now);
            }
            erratic.drain();
        }
        for run in [&mut punctual, &mut erratic] {
            run.now += Duration::from_secs(1_000);
            run.server.handle_timeout(run.now);
            run.drain();
        }
        prop_assert_eq!(answers_of(&punctual), answers_of(&erratic));
        prop_assert_eq!(contents(punctual.server.directory(), punctual.now), contents(erratic.server.directory(), erratic.now));
    }

    #[test]
    fn a_refused_request_changes_nothing(variant in 0..3_u8, steps in steps(), peer in 0..4_usize, request in a_request()) {
        let mut run = Run::new(variant);
        for step in &steps {
            run.step(step);
            run.drain();
        }
        run.server.handle_timeout(run.now);
        run.drain();
        let before = run.state();
        let observations = run.server.observations();
        run.step(&Step::Ask(peer, request, None));
        run.drain();
        let exchange = ExchangeId(run.exchanges);
        let is_refused = match run.transcript.responses.get(&exchange).map(|answers| &answers[0]) {
            Some(Some(response)) => !response.code.is_success(),
            Some(None) | None => true,
        };
        if is_refused {
            prop_assert_eq!(before, run.state());
            prop_assert_eq!(observations, run.server.observations());
        }
    }
}
