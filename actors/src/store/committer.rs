//! The committer: the only thread that ends epochs.

use super::epoch::{ClosedEpoch, Ending, OpenEpoch, Writer};
use super::{OpenError, Shared, Snapshot, StoreError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak, mpsc};
use tokio::sync::OwnedMutexGuard;

/// An epoch to end. Its lock excludes all turns meanwhile.
pub(super) struct EpochToEnd {
    writer: OwnedMutexGuard<Writer>,
}

/// The sender of epochs to the committer thread.
pub(super) struct Committer {
    epochs: mpsc::Sender<EpochToEnd>,
}

impl Committer {
    pub(super) fn new() -> (Self, mpsc::Receiver<EpochToEnd>) {
        let (epochs, received) = mpsc::channel();
        (Self { epochs }, received)
    }

    /// Sends the open epoch to the committer, which ends it and then releases the lock.
    pub(super) fn commit(&self, writer: OwnedMutexGuard<Writer>) {
        // Sending only fails when the thread has ended. The epoch must not stay open then: dropping
        // it reports an unknown outcome to the requests.
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
    // redb panics on states it did not expect. The thread must survive that: all later requests
    // would wait for ever.
    let end = AssertUnwindSafe(|| end_transaction(&shared, &open, closed));
    let ending = catch_unwind(end).unwrap_or_else(|_| {
        // The panic is already logged as an error.
        tracing::warn!("an epoch's outcome is unknown after a panic");
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
    // In this order: the store's file closes when no turn or answer is pending any more and the
    // last store is dropped.
    drop(shared);
    drop(writer);
    for turn in open.turns {
        // The receiver is gone if the request's task was dropped.
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
        // Nothing was written, so there is nothing to commit.
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
