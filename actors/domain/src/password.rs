//! Passwords as plain text.

use std::fmt;

/// Why a password is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Fewer than [`Password::MIN_CHARACTERS`].
    #[error("This password is too short. It must contain at least 8 characters.")]
    TooShort,
    /// More than [`Password::MAX_CHARACTERS`].
    #[error("Ensure this field has no more than 128 characters.")]
    TooLong,
}

/// A plain-text password: only passed to the hash, never printed, never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Shortest password, in characters (contracts README, "Bad input").
    pub const MIN_CHARACTERS: usize = 8;
    /// Longest password, in characters.
    pub const MAX_CHARACTERS: usize = 128;

    /// Checks the length of a new password.
    ///
    /// # Errors
    /// [`PasswordError`] outside 8 to 128 characters.
    pub fn choose(text: String) -> Result<Self, PasswordError> {
        let characters = text.chars().count();
        if characters < Self::MIN_CHARACTERS {
            return Err(PasswordError::TooShort);
        }
        if characters > Self::MAX_CHARACTERS {
            return Err(PasswordError::TooLong);
        }
        Ok(Self(text))
    }

    /// A password in a log-in; `None` if it is longer than any valid one, so that the shop never
    /// hashes megabytes.
    #[must_use]
    pub fn claim(text: String) -> Option<Self> {
        (text.chars().count() <= Self::MAX_CHARACTERS).then_some(Self(text))
    }

    /// The bytes to hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_have_8_to_128_characters_and_are_never_printed() {
        assert_eq!(Password::choose("1234567".into()), Err(PasswordError::TooShort));
        assert_eq!(Password::choose("x".repeat(129)), Err(PasswordError::TooLong));
        let password = Password::choose("password123".into()).expect("the documents' sample");
        assert!(!format!("{password:?}").contains("password123"));
    }
}
