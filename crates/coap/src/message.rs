use alloc::vec::Vec;

use bytes::Bytes;
use coap_lite::{CoapOption, MessageType, Packet};

use crate::block::Block;
use crate::token::Token;

/// The type of a message ([RFC 7252 §4](https://www.rfc-editor.org/rfc/rfc7252#section-4)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Confirmable,
    NonConfirmable,
    Acknowledgement,
    Reset,
}

/// What a datagram turned out to be.
#[derive(Debug)]
pub(crate) enum Datagram {
    /// Not CoAP, or a version of it that is not known: to be ignored.
    Foreign,
    /// CoAP with a format error.
    Malformed { kind: Kind, id: u16 },
    /// A message without code, the envelope alone.
    Empty { kind: Kind, id: u16 },
    /// A request or a response.
    Message(Message),
}

/// A request or a response as it stands in a datagram.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) kind: Kind,
    pub(crate) id: u16,
    pub(crate) code: u8,
    pub(crate) token: Token,
    packet: Packet,
}

impl Message {
    /// Returns the options in order of their numbers, equal ones in the order of the message.
    pub(crate) fn options(&self) -> impl Iterator<Item = (u16, &[u8])> {
        self.packet.options().flat_map(|(&number, values)| values.iter().map(move |value| (number, &**value)))
    }

    pub(crate) fn take_payload(&mut self) -> Bytes {
        core::mem::take(&mut self.packet.payload).into()
    }
}

/// Reads a datagram.
///
/// The codec is lenient where [RFC 7252 §3](https://www.rfc-editor.org/rfc/rfc7252#section-3) is not: it takes any version,
/// an empty message with more than a header, and a payload marker without a payload. That is checked here.
pub(crate) fn read(datagram: &[u8]) -> Datagram {
    let &[first, code, high, low, ref rest @ ..] = datagram else { return Datagram::Foreign };
    if first >> 6 != VERSION {
        return Datagram::Foreign;
    }
    let kind = match first >> 4 & 3 {
        0 => Kind::Confirmable,
        1 => Kind::NonConfirmable,
        2 => Kind::Acknowledgement,
        _ => Kind::Reset,
    };
    let id = u16::from_be_bytes([high, low]);
    let token_len = usize::from(first & 15);
    if code == 0 {
        return if token_len == 0 && rest.is_empty() {
            Datagram::Empty { kind, id }
        } else {
            Datagram::Malformed { kind, id }
        };
    }
    let Some(token) = rest.get(..token_len).and_then(Token::new) else { return Datagram::Malformed { kind, id } };
    match Packet::from_bytes(datagram) {
        Ok(packet) if !ends_in_marker(datagram, &packet) => {
            Datagram::Message(Message { kind, id, code, token, packet })
        }
        _ => Datagram::Malformed { kind, id },
    }
}

/// Tells whether the last byte is a payload marker. If it belongs to an option instead, then what comes before it does
/// not parse.
fn ends_in_marker(datagram: &[u8], packet: &Packet) -> bool {
    match datagram.split_last() {
        Some((&MARKER, before)) if packet.payload.is_empty() => Packet::from_bytes(before).is_ok(),
        _ => false,
    }
}

/// A message in the making.
#[derive(Debug)]
pub(crate) struct Draft(Packet);

impl Draft {
    pub(crate) fn new(kind: Kind, code: u8, id: u16, token: Token) -> Self {
        let mut packet = Packet::new();
        packet.header.set_version(VERSION);
        packet.header.set_type(match kind {
            Kind::Confirmable => MessageType::Confirmable,
            Kind::NonConfirmable => MessageType::NonConfirmable,
            Kind::Acknowledgement => MessageType::Acknowledgement,
            Kind::Reset => MessageType::Reset,
        });
        packet.header.code = code.into();
        packet.header.message_id = id;
        packet.set_token(token.as_bytes().to_vec());
        Self(packet)
    }

    pub(crate) fn option(&mut self, number: u16, value: impl Into<Vec<u8>>) {
        self.0.add_option(CoapOption::from(number), value.into());
    }

    /// Adds an unsigned number in as few bytes as it needs ([RFC 7252 §3.2](https://www.rfc-editor.org/rfc/rfc7252#section-3.2)).
    pub(crate) fn uint(&mut self, number: u16, value: u32) {
        let bytes = value.to_be_bytes();
        self.option(number, &bytes[value.leading_zeros() as usize / 8..]);
    }

    pub(crate) fn block(&mut self, number: u16, block: Block) {
        self.uint(number, block.value());
    }

    pub(crate) fn payload(&mut self, payload: &[u8]) {
        self.0.payload = payload.to_vec();
    }

    /// Writes the datagram; `None` when an option is too long to be written.
    pub(crate) fn finish(self) -> Option<Bytes> {
        self.0.to_bytes_with_limit(LONGEST).ok().map(Into::into)
    }
}

/// Writes a message without code.
pub(crate) fn empty(kind: Kind, id: u16) -> Bytes {
    let [high, low] = id.to_be_bytes();
    let kind = match kind {
        Kind::Confirmable => 0,
        Kind::NonConfirmable => 1,
        Kind::Acknowledgement => 2,
        Kind::Reset => 3,
    };
    Bytes::copy_from_slice(&[VERSION << 6 | kind << 4, 0, high, low])
}

/// Returns the token of a request whose rest is not worth reading, or cannot be read.
pub(crate) fn token_of(datagram: &[u8]) -> Option<Token> {
    let len = usize::from(datagram.first()? & 15);
    Token::new(datagram.get(4..4 + len)?)
}

const VERSION: u8 = 1;
const MARKER: u8 = 0xff;
/// The largest payload of a UDP datagram.
const LONGEST: usize = 65_507;
