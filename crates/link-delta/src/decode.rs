use alloc::collections::BTreeSet;

use waypost_link_format::LinkDocument;

use crate::cbor::{ARRAY, BYTES, NULL, TEXT, read_head};
use crate::encode::ITEMS;
use crate::identity::is_bare;
use crate::{Basis, DecodeError, DecodeErrorKind, Identity, Limits, LinkDelta, Tag};

impl LinkDelta {
    /// Reads a delta as [`encode`](Self::encode) writes it, and nothing else. Takes no more memory than a small multiple of the
    /// input.
    ///
    /// ```
    /// use waypost_link_delta::{Limits, LinkDelta};
    ///
    /// let delta = LinkDelta::decode(b"\x84\xf6\xf6\x64</x>\x6a</y>;ct=40", &Limits::default())?;
    /// assert_eq!(delta.removed().as_str(), "</x>");
    /// assert_eq!(delta.put().as_str(), "</y>;ct=40");
    /// # Ok::<(), waypost_link_delta::DecodeError>(())
    /// ```
    ///
    /// # Errors
    /// The first place where the input is not an encoded delta, or that it is over a limit.
    pub fn decode(octets: &[u8], limits: &Limits) -> Result<Self, DecodeError> {
        if octets.len() > limits.bytes {
            return Err(DecodeError { kind: DecodeErrorKind::TooManyBytes, offset: limits.bytes });
        }
        let mut input = Input { octets, position: 0 };
        input.array()?;
        let from = match input.bytes_or_null()? {
            None => Basis::Any,
            Some(([], _)) => Basis::Nothing,
            Some((tag, offset)) => Basis::State(tag_of(tag, offset)?),
        };
        let to = input.bytes_or_null()?.map(|(tag, offset)| tag_of(tag, offset)).transpose()?;
        let (removed, removed_at) = input.links()?;
        let (put, put_at) = input.links()?;
        input.end()?;
        if !removed.is_empty() && from == Basis::Nothing {
            return Err(DecodeError { kind: DecodeErrorKind::RemovesFromNothing, offset: removed_at });
        }
        check(removed, removed_at, put, put_at, limits.links)?;
        Ok(Self { from, to, removed: removed.into(), put: put.into() })
    }
}

/// What is left to read.
struct Input<'a> {
    octets: &'a [u8],
    position: usize,
}

impl<'a> Input<'a> {
    fn array(&mut self) -> Result<(), DecodeError> {
        match self.head(ARRAY, DecodeErrorKind::ExpectedArray)? {
            length if length == ITEMS as u64 => Ok(()),
            _ => Err(DecodeError { kind: DecodeErrorKind::ExpectedArray, offset: 0 }),
        }
    }

    /// Reads a byte string or null, and tells where it starts.
    fn bytes_or_null(&mut self) -> Result<Option<(&'a [u8], usize)>, DecodeError> {
        let offset = self.position;
        if self.octets.get(offset) == Some(&NULL) {
            self.position += 1;
            return Ok(None);
        }
        Ok(Some((self.string(BYTES, DecodeErrorKind::ExpectedTag)?, offset)))
    }

    /// Reads a document, and tells where its text starts.
    fn links(&mut self) -> Result<(LinkDocument<'a>, usize), DecodeError> {
        let octets = self.string(TEXT, DecodeErrorKind::ExpectedText)?;
        let start = self.position - octets.len();
        match LinkDocument::parse_bytes(octets) {
            Ok(document) => Ok((document, start)),
            Err(error) => Err(DecodeError { kind: DecodeErrorKind::Links(error.kind), offset: start + error.offset }),
        }
    }

    fn string(&mut self, major: u8, otherwise: DecodeErrorKind) -> Result<&'a [u8], DecodeError> {
        let length = self.head(major, otherwise)?;
        let rest = &self.octets[self.position..];
        let string = usize::try_from(length).ok().and_then(|length| rest.get(..length));
        let string = string.ok_or_else(|| self.error(DecodeErrorKind::UnexpectedEnd))?;
        self.position += string.len();
        Ok(string)
    }

    fn head(&mut self, major: u8, otherwise: DecodeErrorKind) -> Result<u64, DecodeError> {
        let read = read_head(&self.octets[self.position..], major, otherwise);
        let (length, size) = read.map_err(|kind| self.error(kind))?;
        self.position += size;
        Ok(length)
    }

    fn end(&self) -> Result<(), DecodeError> {
        if self.position < self.octets.len() { Err(self.error(DecodeErrorKind::TrailingBytes)) } else { Ok(()) }
    }

    fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        let is_at_end = kind == DecodeErrorKind::UnexpectedEnd;
        DecodeError { kind, offset: if is_at_end { self.octets.len() } else { self.position } }
    }
}

/// Checks what the links say, removed ones and then those that are put.
fn check(
    removed: LinkDocument<'_>,
    removed_at: usize,
    put: LinkDocument<'_>,
    put_at: usize,
    limit: usize,
) -> Result<(), DecodeError> {
    let mut gone = BTreeSet::new();
    let mut left = limit;
    let mut count = |offset| match left.checked_sub(1) {
        Some(fewer) => {
            left = fewer;
            Ok(())
        }
        None => Err(DecodeError { kind: DecodeErrorKind::TooManyLinks, offset }),
    };
    for link in removed {
        let offset = removed_at + link.offset();
        count(offset)?;
        if !is_bare(link) {
            return Err(DecodeError { kind: DecodeErrorKind::NotBare, offset });
        }
        if !gone.insert(Identity::from(link)) {
            return Err(DecodeError { kind: DecodeErrorKind::RepeatedIdentity, offset });
        }
    }
    for link in put {
        let offset = put_at + link.offset();
        count(offset)?;
        if !gone.is_empty() && gone.contains(&Identity::from(link)) {
            return Err(DecodeError { kind: DecodeErrorKind::RepeatedIdentity, offset });
        }
    }
    Ok(())
}

fn tag_of(tag: &[u8], offset: usize) -> Result<Tag, DecodeError> {
    Tag::new(tag).map_err(|_| DecodeError { kind: DecodeErrorKind::ExpectedTag, offset })
}
