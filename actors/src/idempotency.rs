//! Idempotency records: the answer to a request, stored with its effect (design, "Surfaces").

use crate::Failure;
use crate::store::{Direction, Read, Row, Store, StoreError, Table, Unit};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use souk_domain::{SessionId, UnixMillis};
use std::ops::ControlFlow;
use std::time::Duration;

const RECORDS: Table<[u8; 32], StoredAnswer> = Table::new("idempotency.records");
const BY_TIME: Table<(UnixMillis, [u8; 32]), ()> = Table::new("idempotency.by_time");

pub(crate) const TABLES: &[&str] = &[RECORDS.name(), BY_TIME.name()];

/// How long an answer is kept.
pub const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// Records deleted by one turn of [`prune`].
const MAX_RECORDS_PRUNED_PER_TURN: usize = 500;

/// Whose key it is and which: a caller cannot see another caller's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RecordKey([u8; 32]);

impl RecordKey {
    /// The key `key` of the caller described by `caller` (`user 7`, `service mail`, …).
    #[must_use]
    pub fn of(caller: &str, key: &str) -> Self {
        Self(digest(&[caller.as_bytes(), key.as_bytes()]))
    }
}

/// What a request asked for: method, path and body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a request.
    #[must_use]
    pub fn of(method: &str, path: &str, body: &[u8]) -> Self {
        Self(digest(&[method.as_bytes(), path.as_bytes(), body]))
    }
}

/// SHA-256 over parts, each preceded by its length so that no two lists of parts look alike.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// An answer that was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAnswer {
    /// What was asked.
    pub fingerprint: Fingerprint,
    /// The session it was asked in. It may have ended with this very answer.
    pub session: Option<SessionId>,
    /// The HTTP status.
    pub status: u16,
    /// Headers that belong to the answer, beside those every answer has.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Row for StoredAnswer {}

/// The answer stored under a key.
///
/// # Errors
/// [`StoreError`].
pub fn find(read: &impl Read, key: RecordKey) -> Result<Option<StoredAnswer>, StoreError> {
    read.get(RECORDS, &key.0)
}

/// Stores an answer in the turn that made it true.
///
/// # Errors
/// [`StoreError`].
pub fn record(unit: &Unit, key: RecordKey, answer: &StoredAnswer) -> Result<(), StoreError> {
    unit.put(RECORDS, &key.0, answer)?;
    unit.put(BY_TIME, &(unit.now(), key.0), &())
}

/// Deletes answers older than [`KEPT`]; true if more may be left.
///
/// # Errors
/// [`Failure`] of the store.
pub async fn prune(store: &Store) -> Result<bool, Failure> {
    let oldest_kept = (crate::clock::now().before(KEPT), [0; 32]);
    let start = (UnixMillis::new(0), [0; 32]);
    let mut old = Vec::new();
    store.snapshot().visit(
        BY_TIME,
        &start,
        Some(&oldest_kept),
        Direction::Ascending,
        |key, ()| {
            old.push(key);
            if old.len() < MAX_RECORDS_PRUNED_PER_TURN {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        },
    )?;
    if old.is_empty() {
        return Ok(false);
    }
    let may_have_more = old.len() == MAX_RECORDS_PRUNED_PER_TURN;
    store
        .transact(move |unit| {
            let old = old.clone();
            async move {
                for key in &old {
                    unit.delete(BY_TIME, key)?;
                    unit.delete(RECORDS, &key.1)?;
                }
                Ok(())
            }
        })
        .await?;
    Ok(may_have_more)
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
