use alloc::vec::Vec;

use bytes::Bytes;

use crate::block::Block;
use crate::message::{Kind, MARKER, VERSION};
use crate::token::Token;

/// A message in the making.
#[derive(Debug)]
pub(crate) struct Draft {
    datagram: Vec<u8>,
    /// The number of the latest option.
    number: u16,
}

impl Draft {
    pub(crate) fn new(kind: Kind, code: u8, id: u16, token: Token) -> Self {
        let token = token.as_bytes();
        let mut datagram = Vec::with_capacity(USUAL_HEAD);
        datagram.extend(header(kind, token.len() as u8, code, id));
        datagram.extend_from_slice(token);
        Self { datagram, number: 0 }
    }

    /// Adds an option. They have to come in order of their numbers.
    pub(crate) fn option(&mut self, number: u16, value: &[u8]) {
        debug_assert!(self.number <= number, "option {number} after option {}", self.number);
        let (delta, delta_more) = nibble(usize::from(number - self.number));
        let (len, len_more) = nibble(value.len());
        self.number = number;
        self.datagram.push(delta << 4 | len);
        for (nibble, more) in [(delta, delta_more), (len, len_more)] {
            match nibble {
                ONE_MORE => self.datagram.push(more as u8),
                TWO_MORE => self.datagram.extend(more.to_be_bytes()),
                _ => {}
            }
        }
        self.datagram.extend_from_slice(value);
    }

    /// Adds an unsigned number in as few bytes as it needs ([RFC 7252 §3.2](https://www.rfc-editor.org/rfc/rfc7252#section-3.2)).
    pub(crate) fn uint(&mut self, number: u16, value: u32) {
        let bytes = value.to_be_bytes();
        self.option(number, &bytes[value.leading_zeros() as usize / 8..]);
    }

    pub(crate) fn block(&mut self, number: u16, block: Block) {
        self.uint(number, block.value());
    }

    /// Ends the message with its payload; `None` when it does not fit into a datagram.
    pub(crate) fn finish(mut self, payload: &[u8]) -> Option<Bytes> {
        if !payload.is_empty() {
            self.datagram.reserve_exact(1 + payload.len());
            self.datagram.push(MARKER);
            self.datagram.extend_from_slice(payload);
        }
        (self.datagram.len() <= LONGEST).then(|| self.datagram.into())
    }
}

/// Writes a message without code.
pub(crate) fn empty(kind: Kind, id: u16) -> Bytes {
    Bytes::copy_from_slice(&header(kind, 0, 0, id))
}

fn header(kind: Kind, token_len: u8, code: u8, id: u16) -> [u8; 4] {
    let kind = match kind {
        Kind::Confirmable => 0,
        Kind::NonConfirmable => 1,
        Kind::Acknowledgement => 2,
        Kind::Reset => 3,
    };
    let [high, low] = id.to_be_bytes();
    [VERSION << 6 | kind << 4 | token_len, code, high, low]
}

/// Splits the delta or the length of an option into what stands in its first byte and what follows
/// ([RFC 7252 §3.1](https://www.rfc-editor.org/rfc/rfc7252#section-3.1)). A length beyond that is too long for a datagram.
fn nibble(value: usize) -> (u8, u16) {
    match value {
        0..13 => (value as u8, 0),
        13..269 => (ONE_MORE, value as u16 - 13),
        _ => (TWO_MORE, u16::try_from(value - 269).unwrap_or(u16::MAX)),
    }
}

const ONE_MORE: u8 = 13;
const TWO_MORE: u8 = 14;
/// What a message without payload usually needs, in bytes.
const USUAL_HEAD: usize = 32;
/// The largest payload of a UDP datagram.
const LONGEST: usize = 65_507;
