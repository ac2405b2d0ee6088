//! The secret keys for Stripe's API and webhooks. They are never printed.

use std::fmt;

/// A secret key of an account (`sk_…`), or a restricted one (`rk_…`).
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(String);

/// Why a text is not a secret key. The message never repeats the text.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretKeyError {
    /// The prefix is wrong; the text may be the publishable key (`pk_…`).
    #[error("a secret key of Stripe begins with sk_ or rk_")]
    Prefix,
    /// The text contains a line break or a space.
    #[error("a secret key of Stripe has letters, digits and _ only")]
    Characters,
}

impl SecretKey {
    /// Parses a key from the operator's settings.
    ///
    /// # Errors
    /// [`SecretKeyError`].
    pub fn parse(text: &str) -> Result<Self, SecretKeyError> {
        let text = text.trim();
        if !text.starts_with("sk_") && !text.starts_with("rk_") {
            return Err(SecretKeyError::Prefix);
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(SecretKeyError::Characters);
        }
        Ok(Self(text.to_owned()))
    }

    /// True for a test key, which moves no real money.
    #[must_use]
    pub fn is_for_tests(&self) -> bool {
        self.0[3..].starts_with("test_")
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretKey(…)")
    }
}

/// A secret that Stripe signs webhooks with (`whsec_…`).
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(String);

impl WebhookSecret {
    /// Parses a list of secrets separated by commas. With several secrets, an operator can change
    /// them without losing a message.
    #[must_use]
    pub fn parse_list(text: &str) -> Vec<Self> {
        let secrets = text.split(',').map(str::trim).filter(|secret| !secret.is_empty());
        secrets.map(|secret| Self(secret.to_owned())).collect()
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WebhookSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_secret_keys_are_accepted() {
        let test = SecretKey::parse(" sk_test_abc123\n").expect("a key with blanks around it");
        assert!(test.is_for_tests());
        assert!(!SecretKey::parse("rk_live_abc").expect("a restricted key").is_for_tests());
        assert_eq!(SecretKey::parse("pk_test_abc"), Err(SecretKeyError::Prefix));
        assert_eq!(SecretKey::parse("sk_test_a b"), Err(SecretKeyError::Characters));
        assert_eq!(SecretKey::parse(""), Err(SecretKeyError::Prefix));
    }

    #[test]
    fn nothing_prints_a_secret() {
        let key = SecretKey::parse("sk_test_abc123").expect("a key");
        let secrets = WebhookSecret::parse_list("whsec_abc123, ,whsec_def,");
        assert_eq!(secrets.len(), 2);
        let printed = format!("{key:?} {secrets:?} {:?}", SecretKey::parse("pk_abc123"));
        assert!(!printed.contains("abc123") && !printed.contains("whsec_"), "{printed}");
    }
}
