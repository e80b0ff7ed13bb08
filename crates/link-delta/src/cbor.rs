//! The heads of the few kinds of items that a delta consists of, deterministic ([RFC 8949 §4.2.1]).
//!
//! [RFC 8949 §4.2.1]: https://www.rfc-editor.org/rfc/rfc8949#section-4.2.1

use alloc::vec::Vec;

use crate::DecodeErrorKind;

pub(crate) const BYTES: u8 = 2;
pub(crate) const TEXT: u8 = 3;
pub(crate) const ARRAY: u8 = 4;
pub(crate) const NULL: u8 = 0xf6;

/// Appends the head of an item of a major type.
pub(crate) fn write_head(out: &mut Vec<u8>, major: u8, length: usize) {
    let length = length as u64;
    let octets = length.to_be_bytes();
    let (argument, width) = match length {
        0..=23 => (length as u8, 0),
        24..=0xff => (24, 1),
        0x100..=0xffff => (25, 2),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 8),
    };
    out.push(major << 5 | argument);
    out.extend_from_slice(&octets[octets.len() - width..]);
}

/// Reads the head of an item of a major type. Returns the length that it says, and its own.
pub(crate) fn read_head(octets: &[u8], major: u8, otherwise: DecodeErrorKind) -> Result<(u64, usize), DecodeErrorKind> {
    let (&first, rest) = octets.split_first().ok_or(DecodeErrorKind::UnexpectedEnd)?;
    if first >> 5 != major {
        return Err(otherwise);
    }
    let (width, shorter) = match first & 31 {
        argument @ 0..=23 => return Ok((argument.into(), 1)),
        24 => (1, 23),
        25 => (2, 0xff),
        26 => (4, 0xffff),
        27 => (8, 0xffff_ffff),
        _ => return Err(DecodeErrorKind::NotDeterministic),
    };
    let argument = rest.get(..width).ok_or(DecodeErrorKind::UnexpectedEnd)?;
    let length = argument.iter().fold(0, |length: u64, octet| length << 8 | u64::from(*octet));
    if length > shorter { Ok((length, 1 + width)) } else { Err(DecodeErrorKind::NotDeterministic) }
}
