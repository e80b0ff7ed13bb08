//! Endpoint names and sectors (RFC 9176 §5).

use proptest::prelude::*;
use waypost_model::{EndpointName, Sector};

#[test]
fn a_name_has_at_most_63_bytes_not_characters() {
    assert!(EndpointName::new(&"x".repeat(63)).is_ok());
    assert_eq!(EndpointName::new(&"x".repeat(64)).unwrap_err().to_string(), "must be at most 63 bytes");
    assert!(EndpointName::new(&"ü".repeat(31)).is_ok());
    assert!(EndpointName::new(&"ü".repeat(32)).is_err());
}

#[test]
fn a_name_is_not_empty() {
    assert_eq!(EndpointName::new("").unwrap_err().to_string(), "must not be empty");
    assert_eq!(Sector::new("").unwrap_err().to_string(), "must not be empty");
}

#[test]
fn a_name_has_no_control_characters() {
    for code in (0..=31).chain(127..=159) {
        let character = char::from_u32(code).unwrap();
        let error = Sector::new(&format!("a{character}b")).unwrap_err();
        assert_eq!(error.to_string(), "must not have control characters", "U+{code:04X}");
    }
    for code in [32, 126, 160, 0x2028, 0x1F642] {
        let character = char::from_u32(code).unwrap();
        assert!(Sector::new(&character.to_string()).is_ok(), "U+{code:04X}");
    }
}

proptest! {
    #[test]
    fn a_name_is_kept_as_it_was_given(text in any::<String>()) {
        if let Ok(name) = EndpointName::new(&text) {
            prop_assert_eq!(name.as_str(), &text);
            prop_assert_eq!(text.parse::<EndpointName>(), Ok(name));
        }
    }
}
