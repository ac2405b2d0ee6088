//! Other systems that may call the shop, each with a token of its own (`SOUK_SERVICE_TOKENS`).

use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// Most services in the setting.
const MAX_SERVICES: usize = 64;
/// The longest name, in characters.
const NAME_CHARACTERS_MAX: usize = 64;
/// The shortest token, in octets. A shorter one could be guessed.
const TOKEN_BYTES_MIN: usize = 16;
/// The longest token, in octets.
const TOKEN_BYTES_MAX: usize = 1024;

/// Why the setting is invalid. The message never repeats a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ServiceTokensError {
    #[error("entry {number} is not of the form name:token")]
    NotAPair { number: usize },
    #[error("entry {number} needs a name of 1 to {NAME_CHARACTERS_MAX} letters, digits and ._-")]
    BadName { number: usize },
    #[error(
        "the token of {name} must have {TOKEN_BYTES_MIN} to {TOKEN_BYTES_MAX} visible characters \
         without a space; `openssl rand -hex 32` makes one"
    )]
    BadToken { name: String },
    #[error("{name} is named twice")]
    NamedTwice { name: String },
    #[error("{name} has the token of another service")]
    SharedToken { name: String },
    #[error("more than {MAX_SERVICES} services")]
    TooMany,
}

/// The name of a service that sent a valid token. Cheap to clone.
pub(crate) type ServiceName = Arc<str>;

/// Every service with the digest of its token.
#[derive(Clone, Default)]
pub(crate) struct ServiceTokens(Vec<(ServiceName, [u8; 32])>);

impl fmt::Debug for ServiceTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl ServiceTokens {
    /// Reads `name:token,name:token`. An empty text allows no service.
    ///
    /// # Errors
    /// [`ServiceTokensError`].
    pub(crate) fn parse(text: &str) -> Result<Self, ServiceTokensError> {
        let mut services: Vec<(ServiceName, [u8; 32])> = Vec::new();
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        for (index, entry) in text.split(',').enumerate() {
            let number = index + 1;
            let (name, token) =
                entry.trim().split_once(':').ok_or(ServiceTokensError::NotAPair { number })?;
            let (name, token) = (name.trim(), token.trim());
            let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"._-".contains(&octet);
            let is_name =
                (1..=NAME_CHARACTERS_MAX).contains(&name.len()) && name.bytes().all(plain);
            if !is_name {
                return Err(ServiceTokensError::BadName { number });
            }
            let fits = (TOKEN_BYTES_MIN..=TOKEN_BYTES_MAX).contains(&token.len());
            if !fits || !token.bytes().all(|octet| octet.is_ascii_graphic()) {
                return Err(ServiceTokensError::BadToken { name: name.to_owned() });
            }
            let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
            if services.iter().any(|(known, _)| **known == *name) {
                return Err(ServiceTokensError::NamedTwice { name: name.to_owned() });
            }
            if services.iter().any(|(_, known)| *known == digest) {
                return Err(ServiceTokensError::SharedToken { name: name.to_owned() });
            }
            if services.len() == MAX_SERVICES {
                return Err(ServiceTokensError::TooMany);
            }
            services.push((name.into(), digest));
        }
        Ok(Self(services))
    }

    /// The service with this token. The comparison takes the same time for every token, known or
    /// not.
    pub(crate) fn name_of(&self, token: &str) -> Option<ServiceName> {
        if self.0.is_empty() {
            return None;
        }
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let (mut found, mut place) = (Choice::from(0), 0_u32);
        for (index, (_, known)) in (0_u32..).zip(&self.0) {
            let is_this = known.ct_eq(&digest);
            place.conditional_assign(&index, is_this);
            found |= is_this;
        }
        let place = usize::try_from(place).unwrap_or_default();
        bool::from(found).then(|| self.0.get(place).map(|(name, _)| Arc::clone(name))).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_token_identifies_a_service() {
        let setting = "orders:s3cret:with:colons, mail : other-s3cret-text";
        let services = ServiceTokens::parse(setting).expect("two");
        assert_eq!(services.name_of("s3cret:with:colons").as_deref(), Some("orders"));
        assert_eq!(services.name_of("other-s3cret-text").as_deref(), Some("mail"));
        for token in ["", "s3cret", "other-s3cret-text ", "orders", "Other-s3cret-text"] {
            assert_eq!(services.name_of(token), None, "{token:?}");
        }
        assert_eq!(ServiceTokens::parse("  ").expect("none").name_of(""), None);
    }

    #[test]
    fn errors_about_a_bad_setting_do_not_repeat_tokens() {
        use ServiceTokensError as Error;
        let name = || "a".to_owned();
        let long = "secret-secret-secret";
        for (text, error) in [
            ("secret".to_owned(), Error::NotAPair { number: 1 }),
            (format!("a:{long},"), Error::NotAPair { number: 2 }),
            (":secret".to_owned(), Error::BadName { number: 1 }),
            ("a b:secret".to_owned(), Error::BadName { number: 1 }),
            ("a:".to_owned(), Error::BadToken { name: name() }),
            ("a:secret".to_owned(), Error::BadToken { name: name() }),
            (format!("a:{long} {long}"), Error::BadToken { name: name() }),
            (format!("a:{long},a:{long}2"), Error::NamedTwice { name: name() }),
            (format!("b:{long},a:{long}"), Error::SharedToken { name: name() }),
        ] {
            assert_eq!(ServiceTokens::parse(&text).err(), Some(error.clone()), "{text}");
            assert!(!error.to_string().contains("secret"));
        }
        let many: Vec<_> = (0..=MAX_SERVICES).map(|n| format!("s{n}:{long}{n}")).collect();
        assert_eq!(ServiceTokens::parse(&many.join(",")).err(), Some(Error::TooMany));
    }
}
