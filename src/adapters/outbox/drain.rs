//! Sends the outbox's mails in this process if no broker is configured.
//!
//! First tries are made in commit order, in batches where mails become files. A mail that failed
//! waits for its retry while later ones go on; rows are acknowledged to the outbox up to the oldest
//! mail that waits. The mailer remembers the mails sent after it, in case the process ends first.
//! Where several processes share the store, another one may go on, which does not know what this
//! mailer remembers. So these mails are recorded in the store too, after each batch.

use super::dead_letter_file::DeadLetterFile;
use super::rows::Rows;
use crate::adapters::mail::{DeliveryError, Mailer, RetryPolicy, plain_name, write_once};
use crate::adapters::tasks::{Interruption, MailStatus, Stop, until};
use crate::error_chain::chain;
use souk_actors::outbox::{Mails, Message, Reader};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;

/// Mails read from the outbox at a time.
const MAX_MAILS_PER_READ: usize = 1_024;
/// Mails that may wait for a retry; with more, no new ones are started.
const MAX_PUT_OFF: usize = 256;
/// Finished rows are acknowledged to the outbox within this time.
const ACKNOWLEDGE_AFTER: Duration = Duration::from_millis(200);
/// Finished rows that are acknowledged at once, without waiting for [`ACKNOWLEDGE_AFTER`].
const ACKNOWLEDGE_ROWS: u64 = 4_096;
/// Mails that become files are gathered for this long after the last batch: each batch makes the
/// disk write its journal, and the store's commits wait for that.
const GATHER_FOR: Duration = Duration::from_millis(250);
/// Wait before another try to write a dead letter.
const DEAD_LETTER_RETRY: Duration = Duration::from_secs(30);

/// The outbox's store has stopped.
#[derive(Debug, thiserror::Error)]
#[error("the outbox is closed")]
struct OutboxClosed;

/// Sends the outbox's mails.
#[derive(Clone)]
pub(crate) struct Drain<R> {
    pub(crate) rows: R,
    pub(crate) mailer: Arc<Mailer>,
    pub(crate) retry: RetryPolicy,
    /// The directory of dead letters.
    pub(crate) dead_letters: PathBuf,
    pub(crate) status: Arc<MailStatus>,
    pub(crate) stop: Stop,
    /// Whether mails sent out of order are recorded in the store, for the process that takes over.
    pub(crate) records_sent: bool,
}

impl<R: Rows> Drain<R> {
    /// Sends mails from where the last session ended, until `stop`.
    ///
    /// # Errors
    /// [`Interruption`]; every unsent mail is still in the outbox.
    pub(crate) async fn session(self) -> Result<(), Interruption> {
        let cursor = self.rows.cursor(Reader::Mail)?;
        let mut changes = self.rows.changes();
        let mut run = DrainSession {
            drain: &self,
            read: cursor,
            postponed: BTreeMap::new(),
            sent: self.rows.sent()?,
            unrecorded: BTreeSet::new(),
            acknowledged: cursor,
            acknowledge_at: None,
            read_on_at: None,
        };
        self.status.work.is_well();
        let mut may_have_more = true;
        while !self.stop.is_requested() {
            run.try_again().await;
            let is_gathering = run.is_gathering();
            if may_have_more && !is_gathering && run.postponed.len() < MAX_PUT_OFF {
                changes.borrow_and_update();
                may_have_more = run.read_on().await?;
                continue;
            }
            tokio::select! {
                changed = changes.changed(), if !may_have_more => {
                    changed.map_err(|_| OutboxClosed)?;
                    may_have_more = true;
                }
                () = until(run.next_try()) => {}
                () = until(run.read_on_at), if is_gathering => {}
                () = until(run.acknowledge_at) => run.acknowledge().await,
                () = self.stop.requested() => {}
            }
        }
        // What was being gathered is complete now.
        if may_have_more && run.is_gathering() {
            run.read_on().await?;
        }
        run.acknowledge().await;
        Ok(())
    }
}

/// A mail that waits for its retry.
struct PostponedMail {
    message: Message,
    tries: u32,
    again_at: Instant,
}

/// One session's state.
struct DrainSession<'a, R> {
    drain: &'a Drain<R>,
    /// The last row read from the outbox.
    read: u64,
    postponed: BTreeMap<u64, PostponedMail>,
    /// Mails after the cursor that an earlier holder of the lease has sent.
    sent: BTreeSet<u64>,
    /// Mails sent by this session that the store does not know yet; empty unless it records them.
    unrecorded: BTreeSet<u64>,
    acknowledged: u64,
    acknowledge_at: Option<Instant>,
    /// When the next rows may be read.
    read_on_at: Option<Instant>,
}

impl<R: Rows> DrainSession<'_, R> {
    fn is_gathering(&self) -> bool {
        self.read_on_at.is_some_and(|at| at > Instant::now())
    }

    /// Tries the mails of the next rows; true if there may be more rows.
    async fn read_on(&mut self) -> Result<bool, Interruption> {
        let Mails { mut messages, through, may_have_more } =
            self.drain.rows.mails_after(self.read, MAX_MAILS_PER_READ)?;
        messages.retain(|message| !self.sent.contains(&message.sequence));
        let batch_size = self.drain.mailer.batch_size();
        let gathers = batch_size > 1 && !messages.is_empty() && !may_have_more;
        self.read_on_at = gathers.then(|| Instant::now() + GATHER_FOR);
        while !messages.is_empty() {
            let rest = messages.split_off(batch_size.min(messages.len()));
            let batch = std::mem::replace(&mut messages, rest);
            for (message, result) in self.drain.mailer.deliver_batch(batch).await? {
                self.read = message.sequence;
                self.record(message, 1, result).await;
            }
            self.advance().await;
            if self.drain.stop.is_requested() && !messages.is_empty() {
                return Ok(may_have_more);
            }
        }
        self.read = through;
        self.advance().await;
        Ok(may_have_more)
    }

    async fn try_again(&mut self) {
        let now = Instant::now();
        let is_due = |waiting: &PostponedMail| waiting.again_at <= now;
        let due: Vec<u64> = self
            .postponed
            .iter()
            .filter_map(|(sequence, waiting)| is_due(waiting).then_some(*sequence))
            .collect();
        for sequence in due {
            if self.drain.stop.is_requested() {
                return;
            }
            if let Some(waiting) = self.postponed.remove(&sequence) {
                self.attempt(waiting.message, waiting.tries + 1).await;
            }
        }
        self.advance().await;
    }

    fn next_try(&self) -> Option<Instant> {
        self.postponed.values().map(|waiting| waiting.again_at).min()
    }

    async fn attempt(&mut self, message: Message, tries: u32) {
        let result = self.drain.mailer.deliver(&message.subject, &message.body).await;
        self.record(message, tries, result).await;
    }

    async fn record(&mut self, message: Message, tries: u32, result: Result<(), DeliveryError>) {
        let Drain { retry, status, .. } = self.drain;
        let error = match result {
            Ok(()) => {
                status.sent.fetch_add(1, Ordering::Relaxed);
                self.finish(message.sequence);
                return;
            }
            Err(error) => error,
        };
        let reason = chain(&error);
        let is_temporary = matches!(error, DeliveryError::Temporary(_));
        let wait = if is_temporary && tries < retry.max_tries {
            status.put_off.fetch_add(1, Ordering::Relaxed);
            let wait = retry.wait_after(tries);
            let wait_seconds = wait.as_secs();
            tracing::warn!(id = message.id, tries, wait_seconds, reason, "a mail is put off");
            wait
        } else if self.give_up(&message, tries, &reason).await {
            self.finish(message.sequence);
            return;
        } else {
            DEAD_LETTER_RETRY
        };
        let waiting = PostponedMail { again_at: Instant::now() + wait, message, tries };
        self.postponed.insert(waiting.message.sequence, waiting);
    }

    /// A mail is sent or given up.
    fn finish(&mut self, sequence: u64) {
        if self.drain.records_sent {
            self.unrecorded.insert(sequence);
        }
    }

    /// Writes a mail as a dead letter; false if that failed.
    async fn give_up(&self, message: &Message, tries: u32, reason: &str) -> bool {
        let letter = DeadLetterFile {
            subject: message.subject.clone(),
            reason: reason.to_owned(),
            tries,
            body: String::from_utf8_lossy(&message.body).into_owned(),
        };
        let content = match serde_json::to_vec_pretty(&letter) {
            Ok(content) => content,
            Err(error) => error.to_string().into_bytes(),
        };
        let name = format!("{}.json", plain_name(&message.id));
        match write_once(self.drain.dead_letters.clone(), name, content).await {
            Ok(()) => {
                self.drain.status.dead.fetch_add(1, Ordering::Relaxed);
                tracing::error!(id = message.id, tries, reason, "a mail is given up");
                true
            }
            Err(error) => {
                tracing::error!(id = message.id, %error, "could not write a dead letter");
                false
            }
        }
    }

    /// Every row up to this one is finished.
    fn done(&self) -> u64 {
        self.postponed.first_key_value().map_or(self.read, |(oldest, _)| oldest - 1)
    }

    async fn advance(&mut self) {
        let done = self.done() - self.acknowledged;
        if done >= ACKNOWLEDGE_ROWS || !self.unrecorded.is_empty() {
            self.acknowledge().await;
        } else if done > 0 && self.acknowledge_at.is_none() {
            self.acknowledge_at = Some(Instant::now() + ACKNOWLEDGE_AFTER);
        }
    }

    async fn acknowledge(&mut self) {
        self.acknowledge_at = None;
        let done = self.done();
        if done == self.acknowledged && self.unrecorded.is_empty() {
            return;
        }
        let rows = &self.drain.rows;
        let acknowledged = match self.drain.records_sent {
            true => rows.acknowledge_mails(done, self.unrecorded.clone()).await,
            false => rows.acknowledge(Reader::Mail, done).await,
        };
        match acknowledged {
            Ok(()) => {
                self.acknowledged = done;
                self.unrecorded.clear();
            }
            Err(error) => {
                tracing::debug!(reason = chain(&error), "sent mails are acknowledged later");
                self.acknowledge_at = Some(Instant::now() + ACKNOWLEDGE_AFTER);
            }
        }
    }
}

#[cfg(test)]
mod tests;
