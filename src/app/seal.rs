//! Encrypts stored answers, so that the store and its copies do not reveal tokens, client secrets
//! or addresses (`docs/decisions/0003-stored-answers.md`).
//!
//! The key is derived from the shop's secret and the whole request: caller, idempotency key, path,
//! query and body. The store contains none of these, so only a caller who repeats the request at
//! the same shop can decrypt the answer. Successful decryption also proves that the request is the
//! same.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use std::fmt;

/// The part of every key that comes from the shop's secret.
pub(super) struct AnswerSeal(hmac::Key);

/// The key for the answer to one request.
#[derive(Clone, Copy)]
pub(super) struct SealKey([u8; 32]);

impl AnswerSeal {
    /// Derives the seal from the secret that signs tokens.
    pub(super) fn new(jwt_secret: &[u8]) -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, jwt_secret);
        let derived = hmac::sign(&secret, b"souk stored answers");
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    /// The key for the answer to the request with these parts.
    pub(super) fn key_of(&self, parts: &[&[u8]]) -> SealKey {
        let mut code = hmac::Context::with_key(&self.0);
        for part in parts {
            // The length comes first, so that two different lists never hash to the same key.
            code.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            code.update(part);
        }
        let mut key = [0; 32];
        key.copy_from_slice(code.sign().as_ref());
        SealKey(key)
    }
}

impl SealKey {
    /// The encrypted answer: a random nonce, then ciphertext and tag.
    pub(super) fn seal(&self, answer: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).ok()?;
        let mut sealed = answer.to_vec();
        let nonce_used = Nonce::assume_unique_for_key(nonce);
        self.cipher().seal_in_place_append_tag(nonce_used, Aad::empty(), &mut sealed).ok()?;
        Some([&nonce[..], &sealed].concat())
    }

    /// The decrypted answer; `None` if it belongs to another request or another shop.
    pub(super) fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut answer = sealed.to_vec();
        let opened = self.cipher().open_in_place(nonce, Aad::empty(), &mut answer).ok()?.len();
        answer.truncate(opened);
        Some(answer)
    }

    fn cipher(&self) -> LessSafeKey {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &self.0);
        LessSafeKey::new(key.expect("the cipher takes 32 octets"))
    }
}

/// Hides the key: it decrypts the answer.
impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_decrypts_only_for_its_own_request() {
        let shop = AnswerSeal::new(b"one secret");
        let key = shop.key_of(&[b"user 1", b"key", b"/a", b"{}"]);
        let sealed = key.seal(b"a token").expect("sealed");
        assert_eq!(key.open(&sealed).as_deref(), Some(&b"a token"[..]));
        for parts in [
            [&b"user 2"[..], b"key", b"/a", b"{}"],
            [b"user 1", b"key2", b"/a", b"{}"],
            [b"user 1", b"key", b"/a{", b"}"],
            [b"user 1", b"key", b"/a", b"{ }"],
        ] {
            assert_eq!(shop.key_of(&parts).open(&sealed), None, "{parts:?}");
        }
        let other = AnswerSeal::new(b"another").key_of(&[b"user 1", b"key", b"/a", b"{}"]);
        assert_eq!(other.open(&sealed), None);
        assert_eq!(key.open(&sealed[..5]), None);
        assert_eq!(key.open(&[]), None);
    }

    #[test]
    fn the_same_answer_is_encrypted_differently_each_time() {
        let key = AnswerSeal::new(b"secret").key_of(&[b"a"]);
        let (one, two) = (key.seal(b"a token").expect("sealed"), key.seal(b"a token"));
        assert_ne!(Some(&one), two.as_ref());
        assert!(!one.windows(7).any(|octets| octets == b"a token"));
        assert_eq!(format!("{key:?}"), "SealKey(…)");
    }
}
