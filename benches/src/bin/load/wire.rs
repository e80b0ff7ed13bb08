//! As much of CoAP as a load generator needs, written to cost it little.

/// The codes of requests ([RFC 7252 §12.1.1](https://www.rfc-editor.org/rfc/rfc7252#section-12.1.1)).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Method {
    Get = 1,
    Post = 2,
}

/// A confirmable request in the making, its options in the order of their numbers.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) datagram: Vec<u8>,
    last: u16,
}

impl Request {
    /// Begins anew.
    pub(crate) fn begin(&mut self, method: Method, id: u16, token: u32) {
        self.datagram.clear();
        self.last = 0;
        let [high, low] = id.to_be_bytes();
        self.datagram.extend([0x44, method as u8, high, low]);
        self.datagram.extend(token.to_be_bytes());
    }

    pub(crate) fn option(&mut self, number: u16, value: &[u8]) {
        let (delta, delta_more) = nibble(usize::from(number - self.last));
        let (len, len_more) = nibble(value.len());
        self.last = number;
        self.datagram.push(delta << 4 | len);
        for more in [delta_more, len_more].into_iter().flatten() {
            self.datagram.push(more);
        }
        self.datagram.extend(value);
    }

    pub(crate) fn payload(&mut self, payload: &[u8]) {
        self.datagram.push(0xff);
        self.datagram.extend(payload);
    }
}

/// What there is in an answer.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) code: u8,
    pub(crate) location: Vec<&'a [u8]>,
    pub(crate) has_more_blocks: bool,
    pub(crate) payload: &'a [u8],
}

/// Returns the token of an answer, if it has one of ours.
pub(crate) fn token(datagram: &[u8]) -> Option<u32> {
    let (&first, token) = (datagram.first()?, datagram.get(4..8)?);
    (first & 0xcf == 0x44).then(|| token.try_into().map(u32::from_be_bytes).ok())?
}

/// Reads an answer that has a token of ours.
pub(crate) fn read(datagram: &[u8]) -> Option<Answer<'_>> {
    let mut answer =
        Answer { code: *datagram.get(1)?, location: Vec::new(), has_more_blocks: false, payload: Default::default() };
    let mut rest = datagram.get(8..)?;
    let mut number = 0;
    while let Some((&first, mut tail)) = rest.split_first() {
        if first == 0xff {
            answer.payload = tail;
            break;
        }
        number += extended(first >> 4, &mut tail)?;
        let len = extended(first & 15, &mut tail)?;
        let value = tail.split_off(..len)?;
        match number {
            LOCATION_PATH => answer.location.push(value),
            BLOCK2 => answer.has_more_blocks = value.last().is_some_and(|last| last & 8 != 0),
            _ => {}
        }
        rest = tail;
    }
    Some(answer)
}

/// Splits the length or delta of an option; those beyond 268 do not occur here.
fn nibble(value: usize) -> (u8, Option<u8>) {
    match u8::try_from(value) {
        Ok(short @ 0..13) => (short, None),
        _ => (13, Some((value - 13) as u8)),
    }
}

fn extended(nibble: u8, rest: &mut &[u8]) -> Option<usize> {
    match nibble {
        13 => rest.split_off_first().map(|&more| usize::from(more) + 13),
        14 => {
            let more = rest.split_off(..2)?;
            Some(usize::from(u16::from_be_bytes([more[0], more[1]])) + 269)
        }
        15 => None,
        short => Some(usize::from(short)),
    }
}

const LOCATION_PATH: usize = 8;
pub(crate) const URI_PATH: u16 = 11;
pub(crate) const CONTENT_FORMAT: u16 = 12;
pub(crate) const URI_QUERY: u16 = 15;
pub(crate) const BLOCK2: usize = 23;
