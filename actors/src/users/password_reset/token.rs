//! The contents of a mailed link: the user and the token.

use base64ct::{Base64UrlUnpadded, Encoding};
use sha2::{Digest, Sha256};
use souk_domain::UserId;

/// Random bytes of a token.
const TOKEN_BYTES: usize = 32;

/// A token as mailed. The store keeps only its hash.
#[derive(Clone, PartialEq, Eq)]
pub struct ResetToken(pub(super) String);

impl ResetToken {
    /// A new random token.
    #[must_use]
    pub fn random() -> Self {
        Self(crate::random_hex(TOKEN_BYTES))
    }

    /// The token in a request; `None` if it is malformed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_digit = |octet: u8| octet.is_ascii_digit() || (b'a'..=b'f').contains(&octet);
        (text.len() == TOKEN_BYTES * 2 && text.bytes().all(is_digit)).then(|| Self(text.to_owned()))
    }

    pub(super) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

/// Redacted: a holder of the token can take over the account.
impl std::fmt::Debug for ResetToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResetToken(…)")
    }
}

/// The user's id as in a link: its digits in URL-safe base64, as Django does it.
#[must_use]
pub fn uid_of(user: UserId) -> String {
    Base64UrlUnpadded::encode_string(user.to_string().as_bytes())
}

/// The user id in a link; `None` if it is malformed.
#[must_use]
pub fn user_of_uid(uid: &str) -> Option<UserId> {
    /// An id has at most 19 digits, which are 26 characters of base64.
    const UID_CHARACTERS_MAX: usize = 26;
    let uid = uid.trim_end_matches('=');
    if uid.len() > UID_CHARACTERS_MAX {
        return None;
    }
    let digits = Base64UrlUnpadded::decode_vec(uid).ok()?;
    UserId::parse(std::str::from_utf8(&digits).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_a_user_as_django_does() {
        let user = |number| UserId::new(number).expect("positive");
        assert_eq!(uid_of(user(1)), "MQ");
        for number in [1, 42, (1 << 63) - 1] {
            assert_eq!(user_of_uid(&uid_of(user(number))), Some(user(number)));
        }
        assert_eq!(user_of_uid("MQ=="), Some(user(1)));
        for uid in ["", "MA", "???", "YWJj", &"MQ".repeat(100)] {
            assert_eq!(user_of_uid(uid), None, "{uid}");
        }
    }

    #[test]
    fn a_token_is_never_printed() {
        let token = ResetToken::random();
        assert_eq!(ResetToken::parse(&token.0).as_ref(), Some(&token));
        assert!(!format!("{token:?}").contains(&token.0));
        for text in ["", "abc", &token.0[1..], &token.0.replace(|c: char| c < 'a', "A")] {
            assert_eq!(ResetToken::parse(text), None);
        }
    }
}
