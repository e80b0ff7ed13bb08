use alloc::string::String;

/// Name and value of each endpoint attribute, ordered by name, as they are kept: lengths and texts in one buffer.
#[derive(Debug, Clone)]
pub(crate) struct Attributes<'e> {
    text: &'e str,
}

impl<'e> Attributes<'e> {
    /// Reads what [`push_attribute`] wrote.
    pub(crate) fn of(text: &'e str) -> Self {
        Self { text }
    }
}

impl<'e> Iterator for Attributes<'e> {
    type Item = (&'e str, Option<&'e str>);

    fn next(&mut self) -> Option<Self::Item> {
        let (lengths, rest) = self.text.split_at_checked(2 * LENGTH_DIGITS)?;
        let (name_length, value_length) =
            (read_length(&lengths[..LENGTH_DIGITS]), read_length(&lengths[LENGTH_DIGITS..]));
        let (name, rest) = rest.split_at_checked(name_length)?;
        let (value, rest) = rest.split_at_checked(value_length.saturating_sub(1))?;
        self.text = rest;
        Some((name, (value_length > 0).then_some(value)))
    }
}

/// Digits to the base 128 that a length is written in: each is an ASCII character, so that the buffer stays text.
const LENGTH_DIGITS: usize = 3;

/// The longest attribute name or value that can be packed.
pub(crate) const MAX_ATTRIBUTE: usize = (1 << (7 * LENGTH_DIGITS)) - 2;

/// Appends length of the name, length of the value plus one (zero for a flag), name and value.
pub(crate) fn push_attribute(text: &mut String, name: &str, value: Option<&str>) {
    for length in [name.len(), value.map_or(0, |value| value.len() + 1)] {
        text.extend((0..LENGTH_DIGITS).map(|digit| char::from((length >> (7 * digit)) as u8 & 0x7f)));
    }
    text.push_str(name);
    text.push_str(value.unwrap_or_default());
}

/// Returns how many bytes [`push_attribute`] appends.
pub(crate) fn packed_length(name: &str, value: Option<&str>) -> usize {
    2 * LENGTH_DIGITS + name.len() + value.map_or(0, str::len)
}

fn read_length(digits: &str) -> usize {
    digits.bytes().rev().fold(0, |length, digit| length << 7 | usize::from(digit))
}
