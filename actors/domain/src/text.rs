//! Text with a rule: e-mail addresses, user names, passwords. Parsed at the door, trusted inside.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a text is refused. The display text is what a Django REST Framework field would say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("This field may not be blank.")]
    Blank,
    /// Longer than `max_characters`.
    #[error("Ensure this field has no more than {max_characters} characters.")]
    TooLong {
        /// The longest allowed, in characters.
        max_characters: usize,
    },
    /// No e-mail address.
    #[error("Enter a valid email address.")]
    NotAnEmail,
    /// Characters a user name cannot have.
    #[error(
        "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."
    )]
    NotAUsername,
}

/// An e-mail address a mail can be sent to: one `@`, a dotted host, no white space or controls.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Longest address accepted, in characters (RFC 5321 section 4.5.3.1.3).
    pub const MAX_CHARACTERS: usize = 254;

    /// Reads an address, white space around it dropped.
    ///
    /// # Errors
    /// Blank, too long, or not of the form `local@host.tld` in ASCII.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        /// RFC 5321 section 4.5.3.1.1.
        const MAX_LOCAL_OCTETS: usize = 64;
        let text = text.trim();
        if text.is_empty() {
            return Err(TextError::Blank);
        }
        if text.chars().count() > Self::MAX_CHARACTERS {
            return Err(TextError::TooLong { max_characters: Self::MAX_CHARACTERS });
        }
        let (local, host) = text.rsplit_once('@').ok_or(TextError::NotAnEmail)?;
        let local_fits = !local.is_empty()
            && local.len() <= MAX_LOCAL_OCTETS
            && local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom_octet));
        let host_fits = host.contains('.') && host.split('.').all(is_host_label);
        let top_level_fits = host
            .rsplit('.')
            .next()
            .is_some_and(|top| top.len() >= 2 && !top.bytes().all(|b| b.is_ascii_digit()));
        if local_fits && host_fits && top_level_fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(TextError::NotAnEmail)
        }
    }

    /// The address as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that must be unique among users: case does not count.
    #[must_use]
    pub fn unique_form(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// RFC 5322 `atext`.
fn is_atom_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&octet)
}

fn is_host_label(label: &str) -> bool {
    /// RFC 1035 section 2.3.4.
    const MAX_LABEL_OCTETS: usize = 63;
    !label.is_empty()
        && label.len() <= MAX_LABEL_OCTETS
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// A user name: 1 to 150 of letters, digits and `@.+-_` (contracts README, "Bad input").
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Username(String);

impl Username {
    /// Longest name accepted, in characters.
    pub const MAX_CHARACTERS: usize = 150;

    /// Reads a user name, white space around it dropped.
    ///
    /// # Errors
    /// Blank, too long, or with a character outside letters, digits and `@.+-_`.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TextError::Blank);
        }
        if text.chars().count() > Self::MAX_CHARACTERS {
            return Err(TextError::TooLong { max_characters: Self::MAX_CHARACTERS });
        }
        if text.chars().all(|c| c.is_alphanumeric() || "@.+-_".contains(c)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(TextError::NotAUsername)
        }
    }

    /// The user name of somebody known only by e-mail: the address itself, however long (storefront
    /// document, "Update User Profile").
    #[must_use]
    pub fn of_email(email: &EmailAddress) -> Self {
        Self(email.as_str().to_owned())
    }

    /// The name somebody says is theirs, only good for looking it up: names that are e-mail
    /// addresses have characters that [`Username::parse`] refuses.
    #[must_use]
    pub fn claimed(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that must be unique among users: case does not count.
    #[must_use]
    pub fn unique_form(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Fewer than [`Password::MIN_CHARACTERS`].
    #[error("This password is too short. It must contain at least 8 characters.")]
    TooShort,
    /// More than [`Password::MAX_CHARACTERS`].
    #[error("Ensure this field has no more than 128 characters.")]
    TooLong,
}

/// A password in the clear: only ever on its way to the hash, never printed, never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Shortest password, in characters (contracts README, "Bad input").
    pub const MIN_CHARACTERS: usize = 8;
    /// Longest password, in characters.
    pub const MAX_CHARACTERS: usize = 128;

    /// A new password, its length checked.
    ///
    /// # Errors
    /// Outside 8 to 128 characters.
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

    /// A password somebody claims to know; `None` if longer than any password can be, so that
    /// nobody makes the shop hash megabytes.
    #[must_use]
    pub fn claim(text: String) -> Option<Self> {
        (text.chars().count() <= Self::MAX_CHARACTERS).then_some(Self(text))
    }

    /// The octets to hash.
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
    fn email_addresses_are_checked() {
        for good in ["a@b.co", "first.last+tag@mail.example.com", " user@example.com "] {
            assert!(EmailAddress::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "a",
            "a@b",
            "@b.co",
            "a@",
            "a b@c.de",
            "a@b..co",
            "a@-b.co",
            "a@b.c",
            "a@1.2",
            "a\r\nBcc: x@y.zz@b.co",
            "a..b@c.de",
        ] {
            assert_eq!(EmailAddress::parse(bad), Err(TextError::NotAnEmail), "{bad}");
        }
        assert_eq!(EmailAddress::parse("  "), Err(TextError::Blank));
    }

    #[test]
    fn case_does_not_make_a_second_user() {
        let lower = EmailAddress::parse("ann@example.com").expect("valid");
        let upper = EmailAddress::parse("ANN@Example.com").expect("valid");
        assert_ne!(lower, upper);
        assert_eq!(lower.unique_form(), upper.unique_form());
    }

    #[test]
    fn usernames_are_checked() {
        assert!(Username::parse("new.user+1@x_y-z").is_ok());
        assert_eq!(Username::parse("new user"), Err(TextError::NotAUsername));
        assert_eq!(Username::parse(""), Err(TextError::Blank));
        let long = "x".repeat(151);
        assert_eq!(Username::parse(&long), Err(TextError::TooLong { max_characters: 150 }));
    }

    #[test]
    fn passwords_have_8_to_128_characters_and_are_never_printed() {
        assert_eq!(Password::choose("1234567".into()), Err(PasswordError::TooShort));
        assert_eq!(Password::choose("x".repeat(129)), Err(PasswordError::TooLong));
        let password = Password::choose("password123".into()).expect("the documents' sample");
        assert!(!format!("{password:?}").contains("password123"));
    }
}
