//! Response codes, written and on the wire.

use waypost_rest::Code;

#[test]
fn a_code_has_three_bits_of_class_and_five_of_detail() {
    assert_eq!(Code::new(4, 29), Some(Code::TOO_MANY_REQUESTS));
    assert_eq!(Code::TOO_MANY_REQUESTS.as_u8(), 0b100_11101);
    assert_eq!(Code::new(8, 0), None);
    assert_eq!(Code::new(0, 32), None);
}

#[test]
fn every_octet_is_a_code_and_comes_back() {
    for octet in 0..=u8::MAX {
        let code = Code::from_u8(octet);
        assert_eq!(code.as_u8(), octet);
        assert_eq!(Code::new(code.class(), code.detail()), Some(code));
    }
}

#[test]
fn a_code_is_written_with_two_digits_of_detail() {
    assert_eq!(Code::CONTENT.to_string(), "2.05");
    assert_eq!(Code::CONTINUE.to_string(), "2.31");
    assert_eq!(format!("{:?}", Code::SERVICE_UNAVAILABLE), "5.03");
}
