//! The JWT for all contracts: HS256 only, with exactly the claims of the storefront document's sample.

use crate::edge::limits;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use souk_domain::{SessionId, UserId};
use std::fmt;

/// What a token may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TokenKind {
    /// To authenticate requests.
    Access,
    /// To get new tokens.
    Refresh,
}

impl TokenKind {
    /// How long a token of this kind lives.
    pub(crate) fn lifetime_seconds(self) -> i64 {
        match self {
            Self::Access => limits::ACCESS_TOKEN_SECONDS,
            Self::Refresh => limits::REFRESH_TOKEN_SECONDS,
        }
    }
}

/// Identifies a token: `<session in hex>-<sequence in hex>-<16 hex digits>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenId {
    /// The session that the log-in started.
    pub(crate) session: SessionId,
    /// The number of refreshes of the session so far.
    pub(crate) sequence: u64,
    /// Random, so that one token's id does not reveal another's.
    pub(crate) nonce: u64,
}

impl TokenId {
    /// Parses exactly the format that `Display` writes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-').map(|part| u64::from_str_radix(part, 16).ok());
        let (session, sequence, nonce) = (parts.next()??, parts.next()??, parts.next()??);
        let id = Self { session: SessionId::new(session)?, sequence, nonce };
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}-{:016x}", self.session.get(), self.sequence, self.nonce)
    }
}

/// The content of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    /// What it may be used for.
    pub(crate) kind: TokenKind,
    /// Invalid from this second on.
    pub(crate) expires_at_seconds: i64,
    /// When it was issued.
    pub(crate) issued_at_seconds: i64,
    /// Its id.
    pub(crate) id: TokenId,
    /// Its user.
    pub(crate) user: UserId,
}

impl Claims {
    /// The claims of a token issued now, with the lifetime of its kind.
    pub(crate) fn new(kind: TokenKind, user: UserId, id: TokenId, now_seconds: i64) -> Self {
        let expires_at_seconds = now_seconds.saturating_add(kind.lifetime_seconds());
        Self { kind, expires_at_seconds, issued_at_seconds: now_seconds, id, user }
    }
}

/// Why a token is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadToken {
    /// Longer than [`limits::TOKEN_BYTES_MAX`].
    #[error("the token is too long")]
    TooLong,
    /// Not signed by us with HS256, or malformed.
    #[error("the token is not one of ours")]
    Foreign,
    /// An access token instead of a refresh token or the other way round, or a kind that the shop does
    /// not issue.
    #[error("the token is of the wrong kind")]
    WrongKind,
    /// Expired.
    #[error("the token has expired")]
    Expired,
    /// Issued in the future, or not valid yet.
    #[error("the token is from the future")]
    FromTheFuture,
}

/// The claims as serialised, in the order of the document's sample.
#[derive(Serialize, Deserialize)]
struct Wire {
    token_type: WireKind,
    exp: i64,
    iat: i64,
    jti: String,
    user_id: u64,
    /// Never in our tokens; another issuer with the same secret may set it (RFC 7519 section 4.1.5).
    #[serde(default, skip_serializing)]
    nbf: Option<i64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WireKind {
    Access,
    Refresh,
    /// A kind that only other issuers with the same secret know.
    #[serde(other)]
    Other,
}

impl WireKind {
    fn known(&self) -> Option<TokenKind> {
        match self {
            Self::Access => Some(TokenKind::Access),
            Self::Refresh => Some(TokenKind::Refresh),
            Self::Other => None,
        }
    }
}

/// The key that signs and verifies tokens.
pub(crate) struct TokenKey {
    signing: EncodingKey,
    verifying: DecodingKey,
    header: Header,
    validation: Validation,
}

impl TokenKey {
    /// A key from secret octets.
    pub(crate) fn new(secret: &[u8]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        // `verify` checks the times itself: with the given clock, and without leeway.
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        Self {
            signing: EncodingKey::from_secret(secret),
            verifying: DecodingKey::from_secret(secret),
            header: Header::new(Algorithm::HS256),
            validation,
        }
    }

    /// Signs these claims.
    pub(crate) fn issue(&self, claims: &Claims) -> String {
        let wire = Wire {
            token_type: match claims.kind {
                TokenKind::Access => WireKind::Access,
                TokenKind::Refresh => WireKind::Refresh,
            },
            exp: claims.expires_at_seconds,
            iat: claims.issued_at_seconds,
            jti: claims.id.to_string(),
            user_id: claims.user.get(),
            nbf: None,
        };
        jsonwebtoken::encode(&self.header, &wire, &self.signing)
            .expect("plain claims can always be signed with a shared secret")
    }

    /// Verifies a token: our signature, this kind, valid now.
    ///
    /// # Errors
    /// [`BadToken`], in the order of its variants.
    pub(crate) fn verify(
        &self,
        token: &str,
        kind: TokenKind,
        now_seconds: i64,
    ) -> Result<Claims, BadToken> {
        let (wire, id, user) = self.decode(token)?;
        if wire.token_type.known() != Some(kind) {
            return Err(BadToken::WrongKind);
        }
        wire.judge_times(now_seconds)?;
        Ok(wire.claims(kind, id, user))
    }

    /// Verifies a token of either kind: our signature, valid now.
    ///
    /// # Errors
    /// [`BadToken`]; an expired token is reported as expired, whatever its kind.
    pub(crate) fn verify_either(&self, token: &str, now_seconds: i64) -> Result<Claims, BadToken> {
        let (wire, id, user) = self.decode(token)?;
        wire.judge_times(now_seconds)?;
        let kind = wire.token_type.known().ok_or(BadToken::WrongKind)?;
        Ok(wire.claims(kind, id, user))
    }

    fn decode(&self, token: &str) -> Result<(Wire, TokenId, UserId), BadToken> {
        if token.len() > limits::TOKEN_BYTES_MAX {
            return Err(BadToken::TooLong);
        }
        let wire = jsonwebtoken::decode::<Wire>(token, &self.verifying, &self.validation)
            .map_err(|_| BadToken::Foreign)?
            .claims;
        let id = TokenId::parse(&wire.jti).ok_or(BadToken::Foreign)?;
        let user = UserId::new(wire.user_id).ok_or(BadToken::Foreign)?;
        Ok((wire, id, user))
    }
}

impl Wire {
    fn judge_times(&self, now_seconds: i64) -> Result<(), BadToken> {
        if now_seconds >= self.exp {
            return Err(BadToken::Expired);
        }
        let begins = self.nbf.map_or(self.iat, |not_before| not_before.max(self.iat));
        if begins.saturating_sub(now_seconds) > limits::TOKEN_CLOCK_SKEW_SECONDS {
            return Err(BadToken::FromTheFuture);
        }
        Ok(())
    }

    fn claims(&self, kind: TokenKind, id: TokenId, user: UserId) -> Claims {
        Claims { kind, expires_at_seconds: self.exp, issued_at_seconds: self.iat, id, user }
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_704_066_900;

    fn key() -> TokenKey {
        TokenKey::new(b"a secret of the tests")
    }

    fn id() -> TokenId {
        let session = SessionId::new(0x2a).expect("positive");
        TokenId { session, sequence: 3, nonce: 0xbeef }
    }

    fn claims(kind: TokenKind) -> Claims {
        Claims::new(kind, UserId::new(1).expect("positive"), id(), NOW)
    }

    /// A token with any header and claims, signed with our key.
    fn forge(header: &Header, claims: &serde_json::Value) -> String {
        let key = EncodingKey::from_secret(b"a secret of the tests");
        jsonwebtoken::encode(header, claims, &key).expect("signed")
    }

    fn sample(change: impl Fn(&mut serde_json::Value)) -> serde_json::Value {
        let mut claims = serde_json::json!({
            "token_type": "access", "exp": NOW + 900, "iat": NOW,
            "jti": id().to_string(), "user_id": 1,
        });
        change(&mut claims);
        claims
    }

    #[test]
    fn a_token_says_what_was_put_in() {
        for kind in [TokenKind::Access, TokenKind::Refresh] {
            let token = key().issue(&claims(kind));
            assert!(token.starts_with("eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9."), "{token}");
            assert_eq!(key().verify(&token, kind, NOW), Ok(claims(kind)));
        }
        let payload = jsonwebtoken::dangerous::insecure_decode::<serde_json::Value>(
            key().issue(&claims(TokenKind::Access)),
        );
        assert_eq!(payload.expect("a token").claims, sample(|_| ()));
    }

    #[test]
    fn tokens_of_others_are_refused() {
        let good = key().issue(&claims(TokenKind::Access));
        let (rest, signature) = good.rsplit_once('.').expect("three parts");
        let (header, payload) = rest.split_once('.').expect("three parts");
        let other = key().issue(&claims(TokenKind::Refresh));
        let other_payload = other.split('.').nth(1).expect("three parts");
        let none_header = "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0";
        for token in [
            String::new(),
            "abc".to_owned(),
            "..".to_owned(),
            format!("{good}."),
            format!("{header}.{other_payload}.{signature}"),
            format!("{header}.{payload}."),
            format!("{none_header}.{payload}."),
            format!("{none_header}.{payload}.{signature}"),
            TokenKey::new(b"another secret").issue(&claims(TokenKind::Access)),
            forge(&Header::new(Algorithm::HS384), &sample(|_| ())),
            forge(&Header::default(), &sample(|claims| claims["user_id"] = "1".into())),
            forge(&Header::default(), &sample(|claims| claims["user_id"] = 0.into())),
            forge(&Header::default(), &sample(|claims| claims["jti"] = "12345678".into())),
        ] {
            let verified = key().verify(&token, TokenKind::Access, NOW);
            assert_eq!(verified, Err(BadToken::Foreign), "{token}");
        }
        let long = "x".repeat(limits::TOKEN_BYTES_MAX + 1);
        assert_eq!(key().verify(&long, TokenKind::Access, NOW), Err(BadToken::TooLong));
    }

    #[test]
    fn kinds_and_times_are_exact() {
        let access = key().issue(&claims(TokenKind::Access));
        let refresh = key().issue(&claims(TokenKind::Refresh));
        let at = |token: &str, kind, now| key().verify(token, kind, now).map(|claims| claims.kind);
        assert_eq!(at(&access, TokenKind::Refresh, NOW), Err(BadToken::WrongKind));
        assert_eq!(at(&refresh, TokenKind::Access, NOW), Err(BadToken::WrongKind));
        assert_eq!(at(&access, TokenKind::Access, NOW + 899), Ok(TokenKind::Access));
        assert_eq!(at(&access, TokenKind::Access, NOW + 900), Err(BadToken::Expired));
        assert_eq!(at(&refresh, TokenKind::Refresh, NOW + 86_399), Ok(TokenKind::Refresh));
        assert_eq!(at(&refresh, TokenKind::Refresh, NOW + 86_400), Err(BadToken::Expired));
        assert_eq!(at(&access, TokenKind::Access, NOW - 60), Ok(TokenKind::Access));
        assert_eq!(at(&access, TokenKind::Access, NOW - 61), Err(BadToken::FromTheFuture));
    }

    #[test]
    fn of_either_kind_is_one_of_ours_that_is_good_now() {
        let at = |token: &str, now| key().verify_either(token, now).map(|claims| claims.kind);
        let sliding =
            forge(&Header::default(), &sample(|claims| claims["token_type"] = "sliding".into()));
        for kind in [TokenKind::Access, TokenKind::Refresh] {
            let token = key().issue(&claims(kind));
            assert_eq!(at(&token, NOW), Ok(kind));
            assert_eq!(at(&token, NOW + 86_400), Err(BadToken::Expired));
            assert_eq!(at(&token, NOW - 61), Err(BadToken::FromTheFuture));
            assert_eq!(key().verify(&sliding, kind, NOW), Err(BadToken::WrongKind));
        }
        assert_eq!(at(&sliding, NOW), Err(BadToken::WrongKind));
        assert_eq!(at(&sliding, NOW + 900), Err(BadToken::Expired));
        assert_eq!(at("a.b.c", NOW), Err(BadToken::Foreign));
    }

    #[test]
    fn a_token_that_is_not_good_yet_is_refused() {
        let at = |not_before: i64| {
            let claims = sample(|claims| claims["nbf"] = not_before.into());
            key().verify(&forge(&Header::default(), &claims), TokenKind::Access, NOW)
        };
        assert_eq!(at(NOW - 10), Ok(claims(TokenKind::Access)));
        assert_eq!(at(NOW + 61), Err(BadToken::FromTheFuture));
        assert_eq!(at(i64::MAX), Err(BadToken::FromTheFuture));
    }

    #[test]
    fn token_ids_have_one_spelling() {
        assert_eq!(id().to_string(), "2a-3-000000000000beef");
        assert_eq!(TokenId::parse("2a-3-000000000000beef"), Some(id()));
        for text in [
            "",
            "2a-3",
            "2A-3-000000000000beef",
            "02a-3-000000000000beef",
            "2a-3-beef",
            "0-3-000000000000beef",
            "2a-3-000000000000beef-",
            "+2a-3-000000000000beef",
        ] {
            assert_eq!(TokenId::parse(text), None, "{text}");
        }
    }
}
