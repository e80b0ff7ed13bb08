use alloc::string::String;
use core::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher24};
use waypost_model::{Key, Origin, Sector};

/// Eighty bits that stand for the key of a registration: what its location ends in.
///
/// They are a keyed hash of the key, so that every replica that knows the secret finds the same location without asking
/// the others, and nobody else can tell a location from a name. Eighty bits make sixteen characters of base 32; two of
/// ten million keys get the same token with a probability below 10⁻¹⁰, and then the second one is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Token([u8; BYTES]);

const BYTES: usize = 10;

/// Length of a token as text.
const LENGTH: usize = 16;
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const NO_DIGIT: u8 = 32;
/// Octet → what it is worth as a digit.
const DIGITS: [u8; 256] = {
    let (mut digits, mut digit) = ([NO_DIGIT; 256], 0);
    while digit < ALPHABET.len() {
        digits[ALPHABET[digit] as usize] = digit as u8;
        digit += 1;
    }
    digits
};

impl Token {
    pub(crate) fn of(secret: &[u8; 16], key: &Key) -> Self {
        let origin = match &key.origin {
            Origin::Local => None,
            Origin::Foreign(authority) => Some(authority.as_str()),
        };
        Self::of_names(secret, origin, key.sector.as_ref().map(Sector::as_str), key.endpoint.as_str())
    }

    pub(crate) fn of_names(secret: &[u8; 16], origin: Option<&str>, sector: Option<&str>, endpoint: &str) -> Self {
        let mut hasher = SipHasher24::new_with_key(secret);
        for name in [origin, sector, Some(endpoint)] {
            // No name contains the octet 0xff, so two different keys never hash the same octets.
            match name {
                Some(name) => hasher.write(name.as_bytes()),
                None => hasher.write_u8(0xfe),
            }
            hasher.write_u8(0xff);
        }
        let hash = hasher.finish128();
        let bytes = (u128::from(hash.h1) << 64 | u128::from(hash.h2)).to_be_bytes();
        Self(core::array::from_fn(|at| bytes[at]))
    }

    /// Returns bits that spread tokens over a hash table.
    pub(crate) fn hash(self) -> u32 {
        let [a, b, c, d, ..] = self.0;
        u32::from_be_bytes([a, b, c, d])
    }

    /// Reads the last segment of a location.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() != LENGTH {
            return None;
        }
        let (mut bytes, mut all) = ([0; BYTES], 0);
        // Eight digits are five bytes. What is no digit shows in the end, so that nothing has to be decided at each.
        for (digits, bytes) in text.as_bytes().chunks_exact(8).zip(bytes.chunks_exact_mut(5)) {
            let bits = digits.iter().fold(0, |bits, octet| {
                let digit = DIGITS[usize::from(*octet)];
                all |= digit;
                bits << 5 | u64::from(digit)
            });
            bytes.copy_from_slice(&bits.to_be_bytes()[3..]);
        }
        (all < NO_DIGIT).then_some(Self(bytes))
    }

    /// Appends the last segment of a location.
    pub(crate) fn write(self, out: &mut String) {
        let bits = self.0.iter().fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
        let text: [u8; LENGTH] = core::array::from_fn(|at| ALPHABET[(bits >> (5 * (LENGTH - 1 - at))) as usize & 31]);
        out.push_str(core::str::from_utf8(&text).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_its_text() {
        let token = Token::of_names(&[7; 16], None, Some("d"), "ep");
        let mut text = String::new();
        token.write(&mut text);
        assert_eq!(text.len(), LENGTH);
        assert_eq!(Token::parse(&text), Some(token));
        assert_eq!(Token::parse(&text[1..]), None);
        assert_eq!(Token::parse(&text.to_ascii_uppercase()), None);
        for octet in ["1", "8", "`", "{", "\u{0}"] {
            assert_eq!(Token::parse(&[&text[1..], octet].concat()), None);
        }
    }

    #[test]
    fn the_border_between_names_counts() {
        let token = |sector, endpoint| Token::of_names(&[7; 16], None, sector, endpoint);
        assert_ne!(token(Some("ab"), "c"), token(Some("a"), "bc"));
        assert_ne!(token(Some(""), "a"), token(None, "a"));
        assert_ne!(Token::of_names(&[7; 16], Some("coap://a"), None, "a"), token(None, "a"));
        assert_ne!(Token::of_names(&[8; 16], None, None, "a"), token(None, "a"));
    }
}
