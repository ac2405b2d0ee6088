//! The key of a cart: what a guest sends instead of a token.

use sha2::{Digest, Sha256};

/// The key of a cart, as its holder sends it: [`CartKey::DIGITS`] lower-case hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct CartKey(String);

/// The hash of a guest's key. The store keeps only this, so the stored data cannot be used as a
/// key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CartKeyHash([u8; 32]);

impl CartKey {
    /// Bytes of a key.
    pub const BYTES: usize = 24;
    /// Hexadecimal digits of a key.
    pub const DIGITS: usize = Self::BYTES * 2;

    /// A key from bytes, of which at least 16 must be random.
    #[must_use]
    pub fn of_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// A new random key.
    #[must_use]
    pub fn random() -> Self {
        Self::of_bytes(&crate::random_bytes())
    }

    /// The key in a request; `None` if it is malformed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_digit = |octet: u8| octet.is_ascii_digit() || (b'a'..=b'f').contains(&octet);
        (text.len() == Self::DIGITS && text.bytes().all(is_digit)).then(|| Self(text.to_owned()))
    }

    /// The bytes of the key.
    #[must_use]
    pub fn bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let value = |digit: u8| char::from(digit).to_digit(16).and_then(|it| u8::try_from(it).ok());
        for (byte, pair) in bytes.iter_mut().zip(self.0.as_bytes().chunks_exact(2)) {
            let digits = value(pair[0]).zip(value(pair[1]));
            *byte = digits.map_or(0, |(high, low)| high << 4 | low);
        }
        bytes
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hash that the store keeps.
    #[must_use]
    pub fn hash(&self) -> CartKeyHash {
        CartKeyHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

/// Redacted: a holder of the key can use the cart.
impl std::fmt::Debug for CartKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CartKey(…)")
    }
}

impl CartKeyHash {
    pub(super) fn of_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(self) -> [u8; 32] {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_round_trips_and_malformed_ones_are_rejected() {
        let key = CartKey::random();
        assert_eq!(CartKey::parse(key.as_str()).as_ref(), Some(&key));
        assert_eq!(CartKey::of_bytes(&key.bytes()), key);
        assert_ne!(CartKey::random(), key);
        assert_ne!(CartKey::random().hash(), key.hash());
        let shouted = key.as_str().to_uppercase().replace(|c: char| c.is_ascii_digit(), "A");
        for text in ["", "abc", &shouted, &key.as_str()[1..], &format!("{}0", key.as_str())] {
            assert_eq!(CartKey::parse(text), None, "{text}");
        }
        assert!(!format!("{key:?}").contains(key.as_str()));
    }
}
