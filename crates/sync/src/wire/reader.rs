use minicbor::Decoder;
use minicbor::data::Type;

use super::Malformed;

/// Reads items of CBOR, and tells where what is wrong begins.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'b> {
    decoder: Decoder<'b>,
    /// Where the item that was read last begins.
    offset: usize,
}

impl<'b> Reader<'b> {
    pub(crate) fn new(octets: &'b [u8]) -> Self {
        Self { decoder: Decoder::new(octets), offset: 0 }
    }

    /// Returns where the next item begins.
    pub(super) fn offset(&self) -> usize {
        self.decoder.position()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.decoder.position() == self.decoder.input().len()
    }

    pub(super) fn end(&self) -> Result<(), Malformed> {
        if self.is_at_end() { Ok(()) } else { Err(Malformed::new(self.offset(), "something follows")) }
    }

    pub(super) fn uint(&mut self) -> Result<u64, Malformed> {
        self.item("not an unsigned integer", Decoder::u64)
    }

    pub(super) fn bool(&mut self) -> Result<bool, Malformed> {
        self.item("not true or false", Decoder::bool)
    }

    pub(super) fn text(&mut self) -> Result<&'b str, Malformed> {
        self.item("not a text string", Decoder::str)
    }

    pub(super) fn octets(&mut self) -> Result<&'b [u8], Malformed> {
        self.item("not a byte string", Decoder::bytes)
    }

    /// Returns the length of an array. Each of its items takes an octet at least, so that a length beyond what follows is
    /// wrong before anything is reserved for it.
    pub(super) fn array(&mut self) -> Result<u64, Malformed> {
        let length = self.item("not an array of definite length", Decoder::array)?;
        self.bounded(length)
    }

    pub(super) fn array_of(&mut self, expected: u64) -> Result<(), Malformed> {
        let length = self.array()?;
        if length == expected { Ok(()) } else { Err(Malformed::new(self.offset, "array of the wrong length")) }
    }

    pub(super) fn map(&mut self) -> Result<u64, Malformed> {
        let length = self.item("not a map of definite length", Decoder::map)?;
        self.bounded(length)
    }

    pub(super) fn text_or_null(&mut self) -> Result<Option<&'b str>, Malformed> {
        self.unless_null(Self::text)
    }

    pub(super) fn uint_or_null(&mut self) -> Result<Option<u64>, Malformed> {
        self.unless_null(Self::uint)
    }

    pub(super) fn map_or_null(&mut self) -> Result<Option<u64>, Malformed> {
        self.unless_null(Self::map)
    }

    /// Tells what kind of item comes next.
    pub(super) fn next_type(&self) -> Option<Type> {
        self.decoder.datatype().ok()
    }

    /// Says of the item that was read last that its value is wrong, if it is.
    pub(super) fn valid<T, E>(&self, value: Result<T, E>, what: &'static str) -> Result<T, Malformed> {
        value.map_err(|_| Malformed::new(self.offset, what))
    }

    fn unless_null<T>(&mut self, read: fn(&mut Self) -> Result<T, Malformed>) -> Result<Option<T>, Malformed> {
        if self.next_type() == Some(Type::Null) {
            return self.item("not null", Decoder::null).map(|()| None);
        }
        read(self).map(Some)
    }

    fn item<T>(
        &mut self,
        what: &'static str,
        read: impl FnOnce(&mut Decoder<'b>) -> Result<T, minicbor::decode::Error>,
    ) -> Result<T, Malformed> {
        self.offset = self.decoder.position();
        read(&mut self.decoder).map_err(|_| Malformed::new(self.offset, what))
    }

    fn bounded(&self, length: Option<u64>) -> Result<u64, Malformed> {
        let left = (self.decoder.input().len() - self.decoder.position()) as u64;
        length
            .filter(|length| *length <= left)
            .ok_or(Malformed::new(self.offset, "longer than what follows, or indefinite"))
    }
}
