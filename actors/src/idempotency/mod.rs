//! Idempotency records: the answer to a request, stored with its effect (design, "Surfaces"). The
//! caller of [`record`] seals the answer (`docs/decisions/0003-stored-answers.md`).

mod answer;
#[cfg(test)]
pub(crate) mod examples;
mod grant;
mod kept;
mod prune;
mod stored;

pub use answer::{PlainAnswer, StoredAnswer, WholeAnswer};
pub use grant::Grant;
pub use kept::{Caller, Kept, kept};
pub use prune::prune;

use kept::Counted;
use stored::{BY_TIME, RECORDS};

pub(crate) use kept::check;
#[cfg(any(test, fuzzing))]
pub(crate) use stored::READERS;
pub(crate) use stored::TABLES;

use crate::store::{Read, StoreError, Unit};
use sha2::{Digest, Sha256};
use souk_domain::{SessionId, UnixMillis};
use std::time::Duration;

/// How long an answer is kept.
pub const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Identifies the caller and the key: a caller cannot see another caller's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RecordKey([u8; 32]);

impl RecordKey {
    /// The key `key` of the caller described by `caller` (`user 7`, `service mail`, …).
    #[must_use]
    pub fn of(caller: &str, key: &str) -> Self {
        Self(digest(&[caller.as_bytes(), key.as_bytes()]))
    }

    /// The key as text, which reveals neither the caller nor the key.
    #[must_use]
    pub fn name(self) -> String {
        self.0.iter().map(|octet| format!("{octet:02x}")).collect()
    }
}

/// The hash of a request's method, path and body. Only in records of version 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(super) fn of_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The fingerprint of a request.
    #[must_use]
    pub fn of(method: &str, path: &str, body: &[u8]) -> Self {
        Self(digest(&[method.as_bytes(), path.as_bytes(), body]))
    }
}

/// SHA-256 over parts, each preceded by its length so that different lists never hash the same
/// input.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// The answer stored under a key.
///
/// # Errors
/// [`StoreError`].
pub fn find(read: &impl Read, key: RecordKey) -> Result<Option<StoredAnswer>, StoreError> {
    read.get(RECORDS, &key.0)
}

/// True if an answer may be repeated at `now`: its session still has the same tokens, and the
/// account still has the password and the names of the request.
///
/// # Errors
/// [`StoreError`].
pub fn may_repeat(
    read: &impl Read,
    answer: &StoredAnswer,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    match (&answer.grant, answer.given_at) {
        (Some(grant), Some(given_at)) => grant.is_valid(read, given_at, now),
        _ => Ok(true),
    }
}

/// Stores an answer in the turn of its effect, replacing an earlier one with that key.
///
/// # Errors
/// [`StoreError`].
pub fn record(
    unit: &Unit,
    key: RecordKey,
    caller: Caller,
    session: Option<SessionId>,
    grant: Option<Grant>,
    sealed: Vec<u8>,
) -> Result<(), StoreError> {
    let earlier = find(unit, key)?;
    if let Some(given_at) = earlier.as_ref().and_then(|earlier| earlier.given_at) {
        unit.delete(BY_TIME, &(given_at, key.0))?;
    }
    let counted = Counted::of(caller, sealed.len());
    let gone: Vec<Counted> = earlier.and_then(|earlier| earlier.counted).into_iter().collect();
    kept::count(unit, &gone, Some(counted))?;
    let given_at = unit.now();
    let answer = StoredAnswer {
        given_at: Some(given_at),
        session,
        grant,
        sealed,
        counted: Some(counted),
        plain: None,
    };
    unit.put(RECORDS, &key.0, &answer)?;
    unit.put(BY_TIME, &(given_at, key.0), &())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_fingerprints_do_not_run_together() {
        assert_ne!(RecordKey::of("user 1", "2k"), RecordKey::of("user 12", "k"));
        assert_ne!(Fingerprint::of("POST", "/a", b"b"), Fingerprint::of("POST", "/ab", b""));
    }
}
