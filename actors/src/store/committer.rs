//! The committer: the one thread that ends epochs.

use super::epoch::{ClosedEpoch, Ending, OpenEpoch, Writer};
use super::{OpenError, Shared, Snapshot, StoreError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak, mpsc};
use tokio::sync::OwnedMutexGuard;

/// An epoch to end. Its lock keeps every other turn out meanwhile.
pub(super) struct EpochToEnd {
    writer: OwnedMutexGuard<Writer>,
}

/// Where epochs to end are handed in.
pub(super) struct Committer {
    epochs: mpsc::Sender<EpochToEnd>,
}

impl Committer {
    pub(super) fn new() -> (Self, mpsc::Receiver<EpochToEnd>) {
        let (epochs, received) = mpsc::channel();
        (Self { epochs }, received)
    }

    /// Hands the open epoch to the committer, which ends it and then releases the lock.
    pub(super) fn commit(&self, writer: OwnedMutexGuard<Writer>) {
        // It only fails when the thread is gone. The epoch must not stay open then: the answers
        // that are dropped with it read as an unknown ending.
        if let Err(mpsc::SendError(mut unsent)) = self.epochs.send(EpochToEnd { writer }) {
            unsent.writer.open = None;
        }
    }
}

pub(super) fn start(
    shared: Weak<Shared>,
    epochs: mpsc::Receiver<EpochToEnd>,
) -> Result<(), OpenError> {
    std::thread::Builder::new()
        .name("committer".to_owned())
        .spawn(move || {
            // Ends when the store, and with it the sender, is dropped.
            while let Ok(epoch) = epochs.recv() {
                let Some(shared) = shared.upgrade() else { return };
                end_epoch(shared, epoch);
            }
        })
        .map(drop)
        .map_err(OpenError::Thread)
}

fn end_epoch(shared: Arc<Shared>, epoch: EpochToEnd) {
    let EpochToEnd { mut writer } = epoch;
    let Some(open) = writer.open.take() else { return };
    let closed = open.close();
    let has_written = closed.written_bytes > 0;
    // redb panics on states it did not expect. That must not end this thread: everybody after it
    // would wait for ever.
    let end = AssertUnwindSafe(|| end_transaction(&shared, &open, closed));
    let ending = catch_unwind(end).unwrap_or_else(|_| {
        // The panic itself is an error in the log already.
        tracing::warn!("the ending of an epoch is unknown after a panic");
        Ending::Unknown
    });
    match ending {
        Ending::Committed => {
            let turns = u64::try_from(open.turns.len()).unwrap_or(u64::MAX);
            shared.turns.fetch_add(turns, Ordering::Relaxed);
            if has_written {
                shared.commits.send_modify(|commits| *commits += 1);
            }
        }
        Ending::Aborted => {
            shared.aborts.fetch_add(1, Ordering::Relaxed);
        }
        Ending::Unknown => {
            shared.broken.send_replace(true);
        }
    }
    // In this order: when nobody waits for a turn or an answer any more, and the last store is
    // dropped, its file is closed.
    drop(shared);
    drop(writer);
    for turn in open.turns {
        // A request whose task was dropped no longer listens.
        let _ = turn.send(ending);
    }
}

fn end_transaction(shared: &Arc<Shared>, open: &OpenEpoch, closed: ClosedEpoch) -> Ending {
    let Some(transaction) = closed.transaction else { return Ending::Unknown };
    let counted = match open.is_condemned {
        true => Ok(()),
        false => closed.counters.write(&transaction),
    };
    if open.is_condemned || counted.is_err() {
        return ended(transaction.abort().map_err(StoreError::from), Ending::Aborted);
    }
    if closed.written_bytes == 0 {
        // Nothing was written: there is nothing to make durable.
        return ended(transaction.abort().map_err(StoreError::from), Ending::Committed);
    }
    ended(commit_and_publish(shared, transaction), Ending::Committed)
}

fn commit_and_publish(
    shared: &Arc<Shared>,
    transaction: redb::WriteTransaction,
) -> Result<(), StoreError> {
    transaction.commit()?;
    shared.snapshot.store(Arc::new(Snapshot::of(&shared.database, &shared.table_names)?));
    Ok(())
}

fn ended(result: Result<(), StoreError>, ending: Ending) -> Ending {
    match result {
        Ok(()) => ending,
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a commit's outcome is unknown"
            );
            Ending::Unknown
        }
    }
}
