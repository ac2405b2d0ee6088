//! The committer: the only thread that ends epochs.

use super::engines::{Engine, Outcome, View};
use super::kept::{KeptCell, Touched};
use super::reads::ReadSet;
use super::turns::{Ending, Writer, answer, seal_if_abandoned};
use super::write_set::WriteSet;
use super::{OpenError, Shared, Snapshot};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak, mpsc};
use std::time::Instant;
use tokio::sync::{OwnedMutexGuard, oneshot};

/// An epoch whose turns have ended, on its way to the engine.
#[derive(Debug)]
pub(super) struct Sealed {
    /// Counts the sealed epochs since the store was opened, from 1.
    pub(super) number: u64,
    pub(super) writes: Arc<WriteSet>,
    /// What its turns read, if other processes write the same store.
    pub(super) reads: ReadSet,
    /// The state that they read.
    pub(super) base: Arc<Snapshot>,
}

/// An epoch to end.
pub(super) struct EpochToEnd {
    pub(super) sealed: Arc<Sealed>,
    pub(super) turns: Vec<oneshot::Sender<Ending>>,
    /// Excludes all turns until the epoch has ended; `None` if the next epoch is already written.
    pub(super) line: Option<OwnedMutexGuard<Writer>>,
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

    /// Sends an epoch to the committer.
    pub(super) fn commit(&self, epoch: EpochToEnd) {
        // Sending only fails when the thread has ended, which it does after the last store was
        // dropped. Dropping the epoch then tells its requests that it failed.
        drop(self.epochs.send(epoch));
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

/// Commits an epoch, publishes it, and answers its requests.
pub(super) fn end_epoch(shared: Arc<Shared>, epoch: EpochToEnd) {
    let EpochToEnd { sealed, turns, line } = epoch;
    let ending = commit(&shared, &sealed);
    match ending {
        Ending::Committed => {
            shared.count_turns(turns.len());
            if !sealed.writes.is_empty() {
                shared.commits.send_modify(|commits| *commits += 1);
            }
        }
        Ending::Overtaken => {
            shared.overtaken.fetch_add(1, Ordering::Relaxed);
        }
        Ending::Failed => {
            if !shared.engine.is_shared() {
                shared.broken.send_replace(true);
            }
        }
    }
    shared.ended.store(sealed.number, Ordering::SeqCst);
    if line.is_none() {
        seal_if_abandoned(&shared);
    }
    // Before the answers: whoever got the last one may drop the last store, and the file then closes
    // at once, because this thread no longer holds it.
    drop(shared);
    drop(line);
    answer(turns, ending);
}

/// Publishes the state after these writes, with what is kept about it in memory. One caller at a
/// time.
pub(super) fn publish(
    shared: &Shared,
    epoch: u64,
    position: i64,
    writes: &WriteSet,
    view: Box<View>,
) {
    let previous = shared.snapshot.load();
    let kept = KeptCell::after(&previous);
    let next = Snapshot::new((epoch, position), shared.tables.clone(), view, kept);
    next.follow(&previous, Touched::by(writes, &shared.tables, &shared.following));
    shared.snapshot.store(Arc::new(next));
}

fn commit(shared: &Shared, sealed: &Sealed) -> Ending {
    // What the engine did with the epoch before is unknown, and this one may have read it.
    if *shared.broken.borrow() {
        return Ending::Failed;
    }
    let began = Instant::now();
    let engine = match &shared.engine {
        Engine::Postgres(engine) => {
            let ending = catch_unwind(AssertUnwindSafe(|| engine.commit(shared, sealed)));
            shared.note_commit_time(began.elapsed());
            // The panic is already logged as an error, and what it left is unknown.
            return ending.unwrap_or_else(|_| {
                shared.broken.send_replace(true);
                Ending::Failed
            });
        }
        Engine::Redb(engine) => engine,
    };
    if sealed.writes.is_empty() {
        return Ending::Committed;
    }
    // The engine may panic on states it did not expect, and so may what is kept in memory. The thread
    // must survive that: all later requests would wait for ever.
    let commit = AssertUnwindSafe(|| match engine.commit(sealed) {
        Outcome::Durable(view) => {
            publish(shared, sealed.number, 0, &sealed.writes, view);
            Ok(())
        }
        Outcome::Refused(error) => Err((error, "the store cannot write")),
        Outcome::Unknown(error) => Err((error, "a commit's outcome is unknown")),
    });
    let (error, what) = match catch_unwind(commit) {
        Ok(Ok(())) => {
            shared.note_commit_time(began.elapsed());
            return Ending::Committed;
        }
        Ok(Err(failed)) => failed,
        Err(_) => {
            // The panic is already logged as an error.
            tracing::warn!("an epoch's outcome is unknown after a panic");
            return Ending::Failed;
        }
    };
    tracing::error!(error = &error as &dyn std::error::Error, "{what}");
    Ending::Failed
}
