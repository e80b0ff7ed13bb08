//! An update in the directory, which knows of one write alone, is what the merge rule makes of it.

use core::time::Duration;

use proptest::prelude::*;
use waypost_directory::{Config, Directory};
use waypost_link_format::LinkDocumentBuf;
use waypost_model::{
    AttributeName, AttributeValues, Attributes, Base, Change, Credentials, Lifetime, Registration, ReplicaId, State,
    Update, Version,
};
use waypost_time::Instant;

/// What an update sets: base, lifetime, links, and an attribute with so many values.
#[derive(Debug, Clone)]
struct Step {
    base: Option<bool>,
    has_lifetime: bool,
    has_links: bool,
    attribute: Option<(&'static str, usize)>,
    seconds: u64,
}

fn step() -> impl Strategy<Value = Step> {
    let attribute = (prop::sample::select(vec!["a", "et", "z", "new"]), 0_usize..3);
    (any::<Option<bool>>(), any::<bool>(), any::<bool>(), prop::option::of(attribute), 0_u64..30).prop_filter_map(
        "an update",
        |(base, has_lifetime, has_links, attribute, seconds)| {
            let step = Step { base, has_lifetime, has_links, attribute, seconds };
            (base.is_some() || has_lifetime || has_links || attribute.is_some()).then_some(step)
        },
    )
}

impl Step {
    /// Returns an update of which each part is new.
    fn update(&self, number: usize) -> Update {
        let base = self.base.map(|has_path| {
            let path = if has_path { "/p/" } else { "" };
            Base::given(&format!("coap://[fe80::{number:x}]{path}")).unwrap()
        });
        let mut attributes = Attributes::new();
        if let Some((name, count)) = self.attribute {
            let mut values = AttributeValues::default();
            (0..count).for_each(|value| values.push(Some(&format!("{number}.{value}"))).unwrap());
            attributes.insert(AttributeName::new(name).unwrap(), values);
        }
        Update {
            zone: base.as_ref().and(Some(number as u32)),
            base,
            lifetime: self.has_lifetime.then(|| Lifetime::from_secs(1000 + number as u32).unwrap()),
            attributes,
            links: self.has_links.then(|| LinkDocumentBuf::parse(format!("</{number}>")).unwrap()),
        }
    }

    /// Tells whether the update takes away values that are not there, and nothing else.
    fn is_nothing(&self, state: &State) -> bool {
        let record = state.record().unwrap();
        let is_there = |name: &str| record.attributes().any(|(own, _)| own == name);
        self.attribute.is_some_and(|(name, count)| count == 0 && !is_there(name))
    }
}

proptest! {
    #[test]
    fn an_update_and_a_removal_are_what_the_merge_rule_makes_of_them(
        steps in prop::collection::vec(step(), 1..12),
        has_credentials: bool,
    ) {
        let mut now = Instant::ZERO;
        let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
        let mut registration = Registration::parse("ep=a&d=s&base=coap://h&et=x&et=y&b", "</t>;rt=t").unwrap();
        if has_credentials {
            registration.credentials = Credentials::new([*b"someone"]);
        }
        let key = registration.key();
        let location = directory.register(now, registration.clone()).unwrap().location;
        let mut state = State::new();
        state.register(registration, directory.record(&key).unwrap().written);
        for (number, step) in steps.iter().enumerate() {
            now += Duration::from_secs(step.seconds);
            if step.is_nothing(&state) {
                continue;
            }
            let update = step.update(number + 1);
            directory.update(now, &location, update.clone()).unwrap();
            let record = directory.record(&key).unwrap();
            state.update(update, record.written);
            prop_assert_eq!(state.record().unwrap().into_owned(), record.clone());
            let endpoint = directory.registration(now, &location).unwrap();
            prop_assert_eq!(endpoint.deadline(), now + record.lifetime.value.duration());
        }
        let lifetime = state.record().unwrap().lifetime.value.duration();
        directory.remove(now, &location).unwrap();
        let change = directory.feed(now, &Version::new()).unwrap().last().unwrap().to_change();
        let Change::Remove(removal) = change else { panic!("it was removed") };
        let guard = directory.config().limits.tombstone_guard;
        // A copy from before an update may live longer.
        prop_assert!(removal.horizon >= lifetime + guard);
        prop_assert_eq!(state.remove(removal.stamp, removal.horizon), Some(&removal));
    }
}
