//! Idempotency records: the answer to a request, stored with its effect (design, "Surfaces").
//! The answer is sealed by whoever stores it (`docs/decisions/0003-stored-answers.md`).

use crate::Failure;
use crate::hashing::PasswordHash;
use crate::store::{Direction, Read, Row, Store, StoreError, Table, Unit, tables};
use crate::users::{self, SessionToken, User};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use souk_domain::{SessionId, UnixMillis, UserId};
use std::ops::ControlFlow;
use std::time::Duration;

const RECORDS: Table<[u8; 32], StoredAnswer> = Table::new("idempotency.records");
const BY_TIME: Table<(UnixMillis, [u8; 32]), ()> = Table::new("idempotency.by_time");

tables![RECORDS, BY_TIME];

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

    /// A name for it that says nothing about the caller or the key.
    #[must_use]
    pub fn name(self) -> String {
        self.0.iter().map(|octet| format!("{octet:02x}")).collect()
    }
}

/// What a request asked for: method, path and body. Only in records of version 1.
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
    /// When it was given; `None` in records of version 1, which do not say.
    pub given_at: Option<UnixMillis>,
    /// The session it was asked in. It may have ended with this very answer.
    pub session: Option<SessionId>,
    /// What must still hold for the answer to be given again.
    pub grant: Option<Grant>,
    /// The [`WholeAnswer`], sealed with a key that is not in the store.
    pub sealed: Vec<u8>,
    /// What a record of version 1 holds instead.
    #[serde(skip)]
    pub plain: Option<PlainAnswer>,
}

impl Row for StoredAnswer {
    const VERSION: u8 = 2;

    fn read(version: u8, bytes: &[u8]) -> Option<Self> {
        match version {
            1 => {
                let plain: PlainAnswer = read_all(bytes)?;
                let session = plain.session;
                let sealed = Vec::new();
                Some(Self { given_at: None, session, grant: None, sealed, plain: Some(plain) })
            }
            2 => read_all(bytes),
            _ => None,
        }
    }
}

fn read_all<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (value, rest) = postcard::take_from_bytes(bytes).ok()?;
    rest.is_empty().then_some(value)
}

/// A record of version 1. The last of them is deleted a day after the shop was upgraded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlainAnswer {
    /// What was asked.
    pub fingerprint: Fingerprint,
    session: Option<SessionId>,
    /// The HTTP status.
    pub status: u16,
    /// Headers that belong to the answer, beside those every answer has.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// An answer as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WholeAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Headers that belong to the answer, beside those every answer has.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl WholeAnswer {
    /// The octets to seal; `None` if it cannot be written.
    #[must_use]
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        postcard::to_stdvec(self).ok()
    }

    /// Reads what [`WholeAnswer::to_bytes`] wrote.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        read_all(bytes)
    }
}

/// What an answer is worth nothing without: an account, its password, a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    user: UserId,
    /// The session the answer handed out, and the number of its refresh token.
    session: Option<(SessionId, u64)>,
    /// Names the hash of the password the request knew, if it needed one.
    password: Option<[u8; 32]>,
    /// Names the e-mail address and the user name the request may have called the account by.
    names: Option<[u8; 32]>,
    /// How long the answer may be given again, where that is shorter than [`KEPT`].
    seconds: Option<u32>,
}

impl Grant {
    /// A password that was set without a log-in.
    #[must_use]
    pub fn of_reset(user: UserId, password: &PasswordHash) -> Self {
        let password = Some(password.digest());
        Self { user, session: None, password, names: None, seconds: None }
    }

    /// An account that was made. The answer holds no token.
    #[must_use]
    pub fn of_account(id: UserId, user: &User) -> Self {
        Self { names: Some(names_of(user)), ..Self::of_reset(id, &user.password) }
    }

    /// The first session of a new account.
    #[must_use]
    pub fn of_registration(token: SessionToken, user: &User) -> Self {
        let session = Some((token.session, token.sequence));
        Self { session, ..Self::of_account(token.user, user) }
    }

    /// The session of a log-in, whose answer is good for as long as its access token is: after
    /// that, logging in again costs nothing and gives tokens that work.
    #[must_use]
    pub fn of_log_in(token: SessionToken, user: &User, access_seconds: u32) -> Self {
        Self { seconds: Some(access_seconds), ..Self::of_registration(token, user) }
    }

    /// A session that goes on with new tokens.
    #[must_use]
    pub fn of_refresh(token: SessionToken) -> Self {
        let session = Some((token.session, token.sequence));
        Self { user: token.user, session, password: None, names: None, seconds: None }
    }

    /// Whether everything the answer needs is as it was when it was `given_at`.
    fn stands(
        &self,
        read: &impl Read,
        given_at: UnixMillis,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let lasts = self.seconds.map(|seconds| Duration::from_secs(seconds.into()));
        if lasts.is_some_and(|lasts| given_at.after(lasts) <= now) {
            return Ok(false);
        }
        let Some(user) = users::user(read, self.user)? else { return Ok(false) };
        let has_changed = self.password.is_some_and(|password| password != user.password.digest())
            || self.names.is_some_and(|names| names != names_of(&user));
        if has_changed {
            return Ok(false);
        }
        let Some((id, sequence)) = self.session else { return Ok(true) };
        Ok(users::session(read, id)?.is_some_and(|session| {
            session.user == self.user && session.sequence == sequence && session.ends_at > now
        }))
    }
}

fn names_of(user: &User) -> [u8; 32] {
    digest(&[user.email.unique_form().as_bytes(), user.username.unique_form().as_bytes()])
}

/// The answer stored under a key.
///
/// # Errors
/// [`StoreError`].
pub fn find(read: &impl Read, key: RecordKey) -> Result<Option<StoredAnswer>, StoreError> {
    read.get(RECORDS, &key.0)
}

/// Whether an answer may be given again at `now`: the session it handed out goes on with the
/// tokens it told, and the password and the names it was got with are still the account's.
///
/// # Errors
/// [`StoreError`].
pub fn stands(
    read: &impl Read,
    answer: &StoredAnswer,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    match (&answer.grant, answer.given_at) {
        (Some(grant), Some(given_at)) => grant.stands(read, given_at, now),
        _ => Ok(true),
    }
}

/// Stores an answer in the turn that made it true, in place of an earlier one of that key.
///
/// # Errors
/// [`StoreError`].
pub fn record(
    unit: &Unit,
    key: RecordKey,
    session: Option<SessionId>,
    grant: Option<Grant>,
    sealed: Vec<u8>,
) -> Result<(), StoreError> {
    let earlier = find(unit, key)?;
    if let Some(given_at) = earlier.and_then(|earlier| earlier.given_at) {
        unit.delete(BY_TIME, &(given_at, key.0))?;
    }
    let given_at = unit.now();
    let answer = StoredAnswer { given_at: Some(given_at), session, grant, sealed, plain: None };
    unit.put(RECORDS, &key.0, &answer)?;
    unit.put(BY_TIME, &(given_at, key.0), &())
}

/// Deletes answers older than [`KEPT`]; true if more may be left.
///
/// # Errors
/// [`Failure`] of the store.
pub async fn prune(store: &Store) -> Result<bool, Failure> {
    prune_before(store, crate::clock::now().before(KEPT)).await
}

async fn prune_before(store: &Store, oldest_kept: UnixMillis) -> Result<bool, Failure> {
    let oldest_kept = (oldest_kept, [0; 32]);
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
                for (given_at, key) in &old {
                    unit.delete(BY_TIME, &(*given_at, *key))?;
                    // A record of version 1 may have been replaced, and its time stayed behind.
                    let stored = unit.get(RECORDS, key)?;
                    if stored.is_some_and(|stored| stored.given_at.is_none_or(|at| at == *given_at))
                    {
                        unit.delete(RECORDS, key)?;
                    }
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

    /// A record as version 1 wrote it: fingerprint, session 42, 201, one header, `{}`.
    fn bytes_of_version_1() -> Vec<u8> {
        let mut bytes = vec![0xab; 32];
        bytes.extend_from_slice(&[1, 42, 0xc9, 0x01, 1, 12]);
        bytes.extend_from_slice(b"content-type");
        bytes.push(16);
        bytes.extend_from_slice(b"application/json");
        bytes.extend_from_slice(&[2, b'{', b'}']);
        bytes
    }

    #[test]
    fn a_record_of_version_1_is_read() {
        let stored = StoredAnswer::read(1, &bytes_of_version_1()).expect("readable");
        let plain = stored.plain.as_ref().expect("the answer");
        assert_eq!((stored.session.map(SessionId::get), stored.given_at), (Some(42), None));
        assert_eq!((plain.status, &plain.body[..]), (201, &b"{}"[..]));
        assert_eq!(plain.fingerprint, Fingerprint([0xab; 32]));
        assert_eq!(plain.headers, [("content-type".to_owned(), "application/json".to_owned())]);
        assert!(StoredAnswer::read(2, &bytes_of_version_1()).is_none());
        assert!(StoredAnswer::read(3, &bytes_of_version_1()).is_none());
    }

    #[tokio::test]
    async fn an_answer_that_was_replaced_is_kept_for_its_own_day() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::made_in(directory.path(), TABLES);
        let key = RecordKey::of("user 1", "one");
        let write = |octet: u8| {
            store.transact(move |unit| async move {
                record(&unit, key, None, None, vec![octet])?;
                Ok(unit.now())
            })
        };
        let first = write(1).await.expect("written");
        let second = loop {
            let second = write(2).await.expect("written");
            if second > first {
                break second;
            }
        };
        let found = || find(&*store.snapshot(), key).expect("read").map(|stored| stored.sealed);

        prune_before(&store, second).await.expect("pruned");
        assert_eq!(found(), Some(vec![2]), "the first one's time is not the second one's");
        prune_before(&store, second.after(Duration::from_millis(1))).await.expect("pruned");
        assert_eq!(found(), None);
        assert_eq!(store.snapshot().count(BY_TIME).expect("counted"), 0);
    }
}
