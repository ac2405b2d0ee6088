//! Follows the commits of other processes by the database's log.

use super::counts::Purpose;
use super::epochs::LoggedEpoch;
use super::local_copy::together;
use super::session::{EPOCHS_AT_ONCE, Session, Trouble};
use super::{Link, Served};
use crate::store::committer::publish;
use crate::store::engines::View;
use crate::store::{Shared, StoreError};
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// How often the log is read when nobody asks for the latest state.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long the log may take to be read: requests wait for it.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// How often a lost connection is tried again.
const RECONNECT_EVERY: Duration = Duration::from_millis(200);
/// How often the copy is made durable.
const DURABLE_EVERY: Duration = Duration::from_secs(10);
/// How often old epochs are deleted from the log.
const TRIM_EVERY: Duration = Duration::from_secs(60);

/// Why the log cannot be followed.
enum Failed {
    /// The database is away: it may come back.
    Away(String),
    /// This process must stop.
    Stop(String),
}

impl From<Trouble> for Failed {
    fn from(trouble: Trouble) -> Self {
        Self::Away(trouble.text())
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Stop(super::session::with_causes(&error))
    }
}

/// Applies epochs that may follow the copy's last one, and publishes the state after them.
pub(super) fn apply_others(
    link: &Link,
    shared: &Shared,
    mut epochs: Vec<LoggedEpoch>,
) -> Result<(), StoreError> {
    let mut copy = link.copy();
    let last = copy.position().number;
    epochs.retain(|epoch| epoch.number > last);
    let count = epochs.len();
    if epochs.is_empty() {
        return Ok(());
    }
    if epochs.iter().zip(last + 1..).any(|(epoch, number)| epoch.number != number) {
        let what = "the log no longer has all epochs after the copy's last one: start again";
        return Err(StoreError::Contradiction { what });
    }
    let remember = |number, writes: &_| copy.remember(number, writes);
    let Some((writes, to)) = together(epochs, &link.tables, remember) else { return Ok(()) };
    copy.apply(&writes, to)?;
    let view = Box::new(View::Redb(copy.engine.view()?));
    let epoch = shared.snapshot.load().epoch();
    publish(shared, epoch, to.number, &writes, view);
    drop(copy);
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    shared.commits.send_modify(|commits| *commits += count);
    link.counts.followed.fetch_add(count, Ordering::Relaxed);
    Ok(())
}

/// Follows the log until the store is dropped.
pub(super) async fn follow(link: Arc<Link>, shared: Weak<Shared>) {
    let mut follower = Follower {
        link,
        session: None,
        at_once: EPOCHS_AT_ONCE,
        made_durable: Instant::now(),
        trimmed: Instant::now(),
    };
    loop {
        let Some(shared) = shared.upgrade() else { return };
        let request = follower.link.asked.load(Ordering::SeqCst);
        // Requests would wait for ever for a follower that is gone.
        let following = AssertUnwindSafe(follower.follow_once(&shared)).catch_unwind().await;
        let followed = following.unwrap_or_else(|_| Err(Failed::Stop("it panicked".to_owned())));
        let failure: Option<Arc<str>> = match &followed {
            Ok(()) => None,
            Err(Failed::Away(why) | Failed::Stop(why)) => Some(why.as_str().into()),
        };
        follower.note(&shared, followed);
        let is_away = failure.is_some();
        follower.link.served.send_replace(Served { request, failure });
        follower.tidy().await;
        drop(shared);
        if is_away {
            tokio::time::sleep(RECONNECT_EVERY).await;
            continue;
        }
        let asked = follower.link.wake.notified();
        let _ = tokio::time::timeout(LOOK_EVERY, asked).await;
    }
}

struct Follower {
    link: Arc<Link>,
    session: Option<Session>,
    /// How many epochs one statement reads.
    at_once: i64,
    made_durable: Instant,
    trimmed: Instant,
}

impl Follower {
    /// Reads the log to its end.
    async fn follow_once(&mut self, shared: &Shared) -> Result<(), Failed> {
        let session = match self.session.take() {
            Some(session) if !session.client.is_closed() => session,
            _ => self.connect().await?,
        };
        loop {
            let epochs = session.epochs_after(self.link.position(), self.at_once);
            let epochs = tokio::time::timeout(ANSWER_WITHIN, epochs).await;
            let Ok(epochs) = epochs else {
                // They may be too large to arrive in time together.
                self.at_once = (self.at_once / 2).max(1);
                return Err(Failed::Away(format!("no answer within {ANSWER_WITHIN:?}")));
            };
            let epochs = epochs?;
            self.link.counts.note_contact(epochs.last().map_or(0, |epoch| epoch.log_end));
            let is_all = i64::try_from(epochs.len()).unwrap_or(0) < self.at_once;
            apply_others(&self.link, shared, epochs)?;
            if is_all {
                break;
            }
            self.at_once = (self.at_once * 2).min(EPOCHS_AT_ONCE);
        }
        self.session = Some(session);
        Ok(())
    }

    /// What is done from time to time, when nobody waits for the log.
    async fn tidy(&mut self) {
        if self.made_durable.elapsed() > DURABLE_EVERY {
            self.made_durable = Instant::now();
            if let Err(error) = self.link.copy().make_durable() {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the copy of the rows is not durable");
            }
        }
        if self.trimmed.elapsed() > TRIM_EVERY
            && let Some(session) = &self.session
        {
            self.trimmed = Instant::now();
            if let Err(trouble) = session.trim().await {
                tracing::warn!(why = trouble.text(), "old epochs stay in the log for now");
            }
        }
    }

    async fn connect(&self) -> Result<Session, Failed> {
        let connected = self.link.connect(Purpose::Following).await;
        let session = connected.map_err(|error| Failed::Away(error.to_string()))?;
        self.link.compare_past(&session).await?.map_err(Failed::Stop)?;
        Ok(session)
    }

    fn note(&self, shared: &Shared, followed: Result<(), Failed>) {
        let is_away = &self.link.is_away;
        match followed {
            Ok(()) => {
                if is_away.swap(false, Ordering::SeqCst) {
                    tracing::info!("the database is back");
                }
            }
            Err(Failed::Away(why)) => {
                if !is_away.swap(true, Ordering::SeqCst) {
                    tracing::error!(
                        why,
                        "the database is away: requests are refused until it is back"
                    );
                }
            }
            Err(Failed::Stop(why)) => {
                is_away.store(true, Ordering::SeqCst);
                if !shared.broken.send_replace(true) {
                    tracing::error!(why, "this process cannot follow the database and must stop");
                }
            }
        }
    }
}
