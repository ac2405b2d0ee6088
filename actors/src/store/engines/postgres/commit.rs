//! The commit of an epoch.
//!
//! First without waiting for anybody: one statement that commits the epoch if the log still ends
//! where the copy does. If other processes committed meanwhile, the log is locked, the copy follows,
//! and the epoch is committed after theirs, unless they changed what its turns had read: then the
//! turns run again. While others commit all the time, the log is locked at once.

use super::counts::Purpose;
use super::follow::apply_others;
use super::local_copy::Position;
use super::session::{EPOCHS_AT_ONCE, Session, Trouble};
use super::settle::{Settled, settle};
use super::{Link, PostgresEngine};
use crate::store::committer::{Sealed, publish};
use crate::store::numbers::WantedBlock;
use crate::store::turns::Ending;
use crate::store::{Shared, StoreError};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long the engine tries to find out how a commit ended whose connection was lost. Its requests
/// are then answered with 503.
const OUTCOME_WITHIN: Duration = Duration::from_secs(2);
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// The connection that commits.
#[derive(Default)]
pub(super) struct Committing {
    session: Option<Session>,
    /// True in a transaction that has locked the log, for the epoch that is open.
    holds_log: bool,
    /// The tag of an epoch whose outcome is unknown.
    unresolved: Option<i64>,
}

/// Why an epoch was not committed.
enum Failed {
    /// Others changed what its turns had read, or were in the way.
    Overtaken,
    /// The connection is lost, or the database refused.
    Trouble(Trouble),
    /// This process cannot go on.
    Here(StoreError),
}

impl From<Trouble> for Failed {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Crossed => Self::Overtaken,
            other => Self::Trouble(other),
        }
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Here(error)
    }
}

impl PostgresEngine {
    /// Makes an epoch durable, and publishes the state after it. Blocks the thread, which must not
    /// run tasks.
    pub(in crate::store) fn commit(&self, shared: &Shared, sealed: &Sealed) -> Ending {
        match &self.runtime {
            Some(runtime) => runtime.block_on(self.link.commit(shared, sealed)),
            None => Ending::Failed,
        }
    }

    /// Locks the log before the turns of an epoch run, if others lately changed what this process
    /// had read.
    pub(in crate::store) async fn before_epoch(&self, shared: &Shared) {
        let one_less = |left: u32| left.checked_sub(1);
        let careful = self.link.careful.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
        if careful.is_err() {
            return;
        }
        let mut committing = self.link.committing.lock().await;
        match self.link.hold_log(shared, &mut committing).await {
            Ok(()) => drop(self.link.counts.locked_before.fetch_add(1, Ordering::Relaxed)),
            // The epoch is then committed as any other.
            Err(failed) => drop(self.link.give_up(&mut committing, failed, None).await),
        }
    }
}

impl Link {
    async fn commit(&self, shared: &Shared, sealed: &Sealed) -> Ending {
        let mut committing = self.committing.lock().await;
        let wanted = self.blocks.wanted();
        let tag = i64::try_from(crate::random_u64() >> 1).unwrap_or(1).max(1);
        let result = if sealed.writes.is_empty() && wanted.is_empty() {
            self.confirm_reads(&mut committing, sealed).await
        } else {
            self.write(shared, &mut committing, sealed, &wanted, tag).await
        };
        let failed = match result {
            Ok(()) => return Ending::Committed,
            Err(failed) => failed,
        };
        if matches!(failed, Failed::Here(_)) {
            shared.broken.send_replace(true);
        }
        let lost = matches!(failed, Failed::Trouble(Trouble::Lost(_)));
        let ending = self.give_up(&mut committing, failed, Some(tag)).await;
        // An epoch before this one may be in doubt too: how it ended says nothing about this one.
        if lost && committing.unresolved == Some(tag) {
            return self.resolve_in_time(shared, &mut committing).await;
        }
        if ending == Ending::Overtaken {
            self.note_overtaken();
        }
        ending
    }

    /// Without writes: what was read must still be so.
    async fn confirm_reads(
        &self,
        committing: &mut Committing,
        sealed: &Sealed,
    ) -> Result<(), Failed> {
        if committing.holds_log {
            committing.holds_log = false;
            let session = committing.session.as_ref().ok_or(Failed::Overtaken)?;
            // It succeeds only if the transaction, and with it the lock, lasted until now.
            return session.roll_back().await.map_err(|_| Failed::Overtaken);
        }
        if sealed.reads.is_empty() {
            return Ok(());
        }
        self.catch_up().await.map_err(|error| Trouble::Refused(error.to_string()))?;
        match self.was_overtaken(&sealed.reads, sealed.base.position()) {
            true => Err(Failed::Overtaken),
            false => Ok(()),
        }
    }

    async fn write(
        &self,
        shared: &Shared,
        committing: &mut Committing,
        sealed: &Sealed,
        wanted: &[WantedBlock],
        tag: i64,
    ) -> Result<(), Failed> {
        self.ready(shared, committing).await?;
        if self.is_crowded.load(Ordering::SeqCst) && !committing.holds_log {
            self.hold_log(shared, committing).await?;
        }
        loop {
            let (position, settled) = self.settled(shared, sealed, wanted)?;
            let session = committing.session.as_ref().ok_or(Failed::Overtaken)?;
            let holds_log = std::mem::take(&mut committing.holds_log);
            committing.unresolved = Some(tag);
            let numbers = &self.tables.numbers;
            let last = session.commit(position, tag, &settled.writes, numbers, holds_log).await?;
            committing.unresolved = None;
            if let Some(number) = last {
                self.is_crowded.store(self.was_crowded(sealed), Ordering::SeqCst);
                return Ok(self.publish_own(shared, sealed, settled, Position { number, tag })?);
            }
            if holds_log {
                return Err(Failed::Overtaken);
            }
            self.hold_log(shared, committing).await?;
        }
    }

    fn was_crowded(&self, sealed: &Sealed) -> bool {
        self.position() > sealed.base.position()
    }

    /// The epoch as it is to be committed after the last one of the copy.
    fn settled(
        &self,
        shared: &Shared,
        sealed: &Sealed,
        wanted: &[WantedBlock],
    ) -> Result<(i64, Settled), Failed> {
        let latest = shared.snapshot.load_full();
        let settled = settle(&sealed.writes, &sealed.base, &latest, wanted, &shared.tables)?;
        // After the state was loaded: whatever it has is remembered by then.
        match self.was_overtaken(&sealed.reads, sealed.base.position()) {
            true => Err(Failed::Overtaken),
            false => Ok((latest.position(), settled)),
        }
    }

    fn publish_own(
        &self,
        shared: &Shared,
        sealed: &Sealed,
        settled: Settled,
        to: Position,
    ) -> Result<(), StoreError> {
        {
            let mut copy = self.copy();
            // The follower may have met it in the log already.
            if copy.position().number < to.number {
                copy.apply(&settled.writes, to)?;
                copy.remember(to.number, &settled.writes);
                let view = Box::new(crate::store::engines::View::Redb(copy.engine.view()?));
                publish(shared, sealed.number, to.number, &settled.writes, view);
            }
        }
        self.counts.committed.fetch_add(1, Ordering::Relaxed);
        self.counts.note_contact(to.number);
        for (wanted, numbers) in settled.blocks {
            self.blocks.grant(wanted, numbers);
        }
        Ok(())
    }

    /// Locks the log, and lets the copy follow to its end.
    async fn hold_log(&self, shared: &Shared, committing: &mut Committing) -> Result<(), Failed> {
        self.ready(shared, committing).await?;
        let session = committing.session.as_ref().ok_or(Failed::Overtaken)?;
        let mut epochs = session.lock(self.position()).await?;
        committing.holds_log = true;
        while !epochs.is_empty() {
            let is_all = epochs.len() < usize::try_from(EPOCHS_AT_ONCE).unwrap_or(0);
            apply_others(self, shared, epochs)?;
            if is_all {
                return Ok(());
            }
            epochs = session.epochs_after(self.position(), EPOCHS_AT_ONCE).await?;
        }
        Ok(())
    }

    /// Connects if there is no connection, and finds out how the last epoch ended if that is unknown.
    async fn ready(&self, shared: &Shared, committing: &mut Committing) -> Result<(), Failed> {
        let is_open = |session: &Session| !session.client.is_closed();
        if !committing.session.as_ref().is_some_and(is_open) {
            committing.holds_log = false;
            let lost = |error: super::DatabaseError| Trouble::Lost(error.to_string());
            let session = self.connect(Purpose::Commits).await.map_err(lost)?;
            if let Err(what) = self.compare_past(&session).await? {
                return Err(Failed::Here(StoreError::Away { what }));
            }
            committing.session = Some(session);
        }
        if committing.unresolved.is_some() {
            self.resolve(shared, committing).await?;
        }
        Ok(())
    }

    /// Finds out whether the epoch in doubt was committed; if not, it never will be.
    async fn resolve(
        &self,
        shared: &Shared,
        committing: &mut Committing,
    ) -> Result<Ending, Failed> {
        let (Some(session), Some(tag)) = (&committing.session, committing.unresolved) else {
            return Ok(Ending::Failed);
        };
        let committed = session.void(tag).await?;
        committing.unresolved = None;
        let Some(number) = committed else { return Ok(Ending::Overtaken) };
        while self.position() < number {
            let epochs = session.epochs_after(self.position(), EPOCHS_AT_ONCE).await?;
            if epochs.is_empty() {
                return Err(Failed::Trouble(Trouble::Refused("the log has a gap".to_owned())));
            }
            apply_others(self, shared, epochs)?;
        }
        Ok(Ending::Committed)
    }

    async fn resolve_in_time(&self, shared: &Shared, committing: &mut Committing) -> Ending {
        let resolving = async {
            loop {
                if let Ok(session) = self.connect(Purpose::Commits).await {
                    committing.session = Some(session);
                    if let Ok(ending) = self.resolve(shared, committing).await {
                        return ending;
                    }
                }
                tokio::time::sleep(BETWEEN_TRIES).await;
            }
        };
        // Broken off, it stays in doubt until the next connection.
        if let Ok(ending) = tokio::time::timeout(OUTCOME_WITHIN, resolving).await {
            return ending;
        }
        self.is_away.store(true, Ordering::SeqCst);
        self.wake.notify_one();
        Ending::Failed
    }

    /// Ends what a failed commit may have left.
    async fn give_up(
        &self,
        committing: &mut Committing,
        failed: Failed,
        tag: Option<i64>,
    ) -> Ending {
        let ending = match failed {
            Failed::Overtaken => Ending::Overtaken,
            Failed::Trouble(Trouble::Lost(why)) => {
                tracing::warn!(why, "the connection to the database was lost during a commit");
                committing.session = None;
                committing.holds_log = false;
                return Ending::Failed;
            }
            Failed::Trouble(trouble) => {
                tracing::error!(why = trouble.text(), "the database refused a commit");
                Ending::Failed
            }
            Failed::Here(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the copy of the rows cannot follow"
                );
                Ending::Failed
            }
        };
        // Refused, it did nothing. What an earlier one did may still be in doubt.
        committing.unresolved = committing.unresolved.filter(|unresolved| Some(*unresolved) != tag);
        if std::mem::take(&mut committing.holds_log)
            && let Some(session) = &committing.session
            && session.roll_back().await.is_err()
        {
            committing.session = None;
        }
        ending
    }
}
