//! Entity tags have one to eight bytes.

use waypost_rest::ETag;

#[test]
fn an_entity_tag_has_one_to_eight_bytes() {
    assert!(ETag::new(&[]).is_err());
    assert!(ETag::new(&[0; 9]).is_err());
    for len in 1..=8 {
        assert_eq!(ETag::new(&vec![7; len]).unwrap().as_bytes(), vec![7; len]);
    }
}

#[test]
fn tags_that_differ_in_length_alone_differ() {
    assert_ne!(ETag::new(&[1]).unwrap(), ETag::new(&[1, 0]).unwrap());
}

#[test]
fn a_hash_becomes_eight_bytes_in_network_order() {
    assert_eq!(ETag::from_hash(0x0102_0304_0506_0708).as_bytes(), [1, 2, 3, 4, 5, 6, 7, 8]);
}
