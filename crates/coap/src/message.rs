use bytes::Bytes;

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
pub(crate) enum Datagram<'a> {
    /// Not CoAP, or a version of it that is not known: to be ignored.
    Foreign,
    /// CoAP with a format error.
    Malformed { kind: Kind, id: u16 },
    /// A message without code, the envelope alone.
    Empty { kind: Kind, id: u16 },
    /// A request or a response.
    Message(Message<'a>),
}

/// A request or a response as it stands in a datagram.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message<'a> {
    pub(crate) kind: Kind,
    pub(crate) id: u16,
    pub(crate) code: u8,
    pub(crate) token: Token,
    options: Options<'a>,
    payload: &'a [u8],
}

impl<'a> Message<'a> {
    /// Returns the options in order of their numbers, equal ones in the order of the message.
    pub(crate) fn options(&self) -> Options<'a> {
        self.options
    }

    pub(crate) fn payload(&self) -> Bytes {
        Bytes::copy_from_slice(self.payload)
    }
}

/// Reads a datagram ([RFC 7252 §3](https://www.rfc-editor.org/rfc/rfc7252#section-3)).
pub(crate) fn read(datagram: &[u8]) -> Datagram<'_> {
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
    let message = rest.split_at_checked(token_len).and_then(|(token, rest)| {
        let token = Token::new(token)?;
        let options = Options { rest, number: 0 };
        let payload = options.check()?;
        Some(Message { kind, id, code, token, options, payload })
    });
    message.map_or(Datagram::Malformed { kind, id }, Datagram::Message)
}

/// The options of a message, as numbers and values, in the order of the message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options<'a> {
    /// What comes after the token, or after the previous option.
    rest: &'a [u8],
    /// The number of the previous option.
    number: u16,
}

impl<'a> Options<'a> {
    /// Goes to the end of the options; returns the payload, or `None` where there is a format error.
    fn check(mut self) -> Option<&'a [u8]> {
        loop {
            match self.rest {
                [] => return Some(&[]),
                // A marker and no payload.
                [MARKER] => return None,
                [MARKER, payload @ ..] => return Some(payload),
                _ => self.step()?,
            };
        }
    }

    /// Reads an option; `None` where it is malformed.
    fn step(&mut self) -> Option<(u16, &'a [u8])> {
        let (&first, mut rest) = self.rest.split_first()?;
        let delta = extended(first >> 4, &mut rest)?;
        let len = extended(first & 15, &mut rest)?;
        let (value, rest) = rest.split_at_checked(usize::try_from(len).ok()?)?;
        *self = Self { rest, number: u16::try_from(u32::from(self.number) + delta).ok()? };
        Some((self.number, value))
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        // What is left after the last option was read when the message was.
        if self.rest.first() == Some(&MARKER) { None } else { self.step() }
    }
}

/// Reads the delta or the length of an option ([RFC 7252 §3.1](https://www.rfc-editor.org/rfc/rfc7252#section-3.1)).
fn extended(nibble: u8, rest: &mut &[u8]) -> Option<u32> {
    match nibble {
        13 => rest.split_off_first().map(|&more| u32::from(more) + 13),
        14 => match rest.split_off(..2)? {
            &[high, low] => Some(u32::from(u16::from_be_bytes([high, low])) + 269),
            _ => None,
        },
        15 => None,
        value => Some(u32::from(value)),
    }
}

/// Returns the token of a request whose rest is not worth reading, or cannot be read.
pub(crate) fn token_of(datagram: &[u8]) -> Option<Token> {
    let len = usize::from(datagram.first()? & 15);
    Token::new(datagram.get(4..4 + len)?)
}

pub(crate) const VERSION: u8 = 1;
pub(crate) const MARKER: u8 = 0xff;
