//! Remembers which mails were sent: a notification may be delivered twice, its mail is sent once.

use souk_actors::store::{
    Direction, OpenError, Opening, Read, Schema, Store, StoreError, StoreKind, StoreLimits, Table,
};
use souk_actors::{Failure, clock};
use std::path::Path;
use std::time::Duration;
use tokio::sync::watch;

/// In its own store: the shop's store must not wait for mail servers, and a worker in another process
/// cannot open the shop's store.
const SENT: Table<String, u64> = Table::new("mail.sent");
const SENT_BY_TIME: Table<(u64, String), ()> = Table::new("mail.sent_by_time");

/// How long a mail is remembered. No notification is redelivered after that long: the broker and the
/// outbox retry for hours and remember ids for a day.
const REMEMBERED_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Old entries deleted with each new one; more than one, so that the memory shrinks.
const MAX_FORGOTTEN_PER_MAIL: usize = 8;
const CACHE_BYTES: usize = 1 << 20;

/// The names of the mails sent in the last days, stored durably.
pub(super) struct SentMails {
    store: Store,
}

impl SentMails {
    /// Opens the memory in its own directory. Reads and writes the disk.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(super) fn open(directory: &Path) -> Result<Self, OpenError> {
        let limits = StoreLimits { cache_bytes: CACHE_BYTES, ..StoreLimits::default() };
        let schema = Schema::new(StoreKind::SentMails, &[SENT.name(), SENT_BY_TIME.name()]);
        let store = Store::open(directory, &schema, Opening::OrMake, limits)?;
        Ok(Self { store })
    }

    /// Whether a mail was sent already.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) fn contains(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.store.snapshot().get(SENT, &name.to_owned())?.is_some())
    }

    /// Records that a mail was sent, and deletes a few expired entries.
    ///
    /// # Errors
    /// [`Failure`] of the store.
    pub(super) async fn remember(&self, name: &str) -> Result<(), Failure> {
        self.remember_at(name, clock::now().get().unsigned_abs()).await
    }

    async fn remember_at(&self, name: &str, millis: u64) -> Result<(), Failure> {
        let name = name.to_owned();
        self.store
            .transact(move |unit| {
                let name = name.clone();
                async move {
                    unit.put(SENT, &name, &millis)?;
                    unit.put(SENT_BY_TIME, &(millis, name), &())?;
                    let kept_from = millis.saturating_sub(duration_millis(REMEMBERED_FOR));
                    let old = unit.range(
                        SENT_BY_TIME,
                        &(0, String::new()),
                        Some(&(kept_from, String::new())),
                        Direction::Ascending,
                        MAX_FORGOTTEN_PER_MAIL,
                    )?;
                    for (key, ()) in old {
                        unit.delete(SENT, &key.1)?;
                        unit.delete(SENT_BY_TIME, &key)?;
                    }
                    Ok(())
                }
            })
            .await
    }

    /// Turns true when the disk failed during a commit.
    pub(super) fn broken(&self) -> watch::Receiver<bool> {
        self.store.broken()
    }

    /// Waits until all entries are durable.
    pub(super) async fn close(&self) {
        self.store.close().await;
    }
}

fn duration_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{Example, findings};

    const DAY_MILLIS: u64 = 24 * 60 * 60 * 1_000;

    #[test]
    fn names_of_every_version_are_read_and_the_newest_is_written() {
        let (name, time) = ("4f1c22a09be3d871.300".to_owned(), 1_700_000_000_123);
        let examples = [
            Example::of(SENT, "when a mail was sent", &name, &time),
            Example::of(SENT_BY_TIME, "the same by time", &(time, name.clone()), &()),
        ];
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mail");
        let findings = findings(&directory, &[SENT.reader(), SENT_BY_TIME.reader()], &examples);
        assert!(findings.is_empty(), "{}", findings.join("\n"));
    }

    #[tokio::test]
    async fn what_was_sent_is_remembered_over_a_restart_and_forgotten_after_a_week() {
        let directory = tempfile::tempdir().expect("a directory");
        let memory = SentMails::open(directory.path()).expect("opens");
        memory.remember_at("old", 10 * DAY_MILLIS).await.expect("kept");
        memory.close().await;
        drop(memory);

        let memory = SentMails::open(directory.path()).expect("opens again");
        assert!(memory.contains("old").expect("read"));
        assert!(!memory.contains("other").expect("read"));
        memory.remember_at("new", 18 * DAY_MILLIS).await.expect("kept");
        assert!(!memory.contains("old").expect("read"));
        assert!(memory.contains("new").expect("read"));
    }
}
