//! Restarts a loop's session whenever it fails or panics.

use super::{LoopStatus, waits};
use crate::error_chain::chain;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Wait after the first failed session.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// Longest wait between two sessions.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Tells a loop to stop.
#[derive(Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// The switch that requests the stop, and the handle that sees it.
    pub(crate) fn new() -> (watch::Sender<bool>, Self) {
        let (switch, stop) = watch::channel(false);
        (switch, Self(stop))
    }

    /// Another handle of the same switch.
    #[cfg(test)]
    pub(crate) fn following(switch: &watch::Sender<bool>) -> Self {
        Self(switch.subscribe())
    }

    /// The receiver of the same switch.
    pub(crate) fn watch(&self) -> watch::Receiver<bool> {
        self.0.clone()
    }

    pub(crate) fn is_requested(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Returns once a stop is requested, or the switch is dropped.
    pub(crate) async fn requested(&self) {
        let mut stop = self.0.clone();
        let _ = stop.wait_for(|is_requested| *is_requested).await;
    }
}

/// Why a session ended before it was told to stop.
#[derive(Debug)]
pub(crate) struct Interruption {
    source: Box<dyn Error + Send + Sync>,
    made_progress: bool,
    is_known: bool,
}

impl Interruption {
    /// Marks whether the session made progress; if it did, the next one starts after the shortest wait.
    pub(crate) fn after_progress(mut self, made_progress: bool) -> Self {
        self.made_progress = made_progress;
        self
    }

    /// If `is_known`, the cause is already in the log and is not logged again as a warning.
    pub(crate) fn of_known_cause(mut self, is_known: bool) -> Self {
        self.is_known = is_known;
        self
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for Interruption {
    fn from(error: E) -> Self {
        Self { source: error.into(), made_progress: false, is_known: false }
    }
}

/// Runs one session after another until `stop`. A failure is logged as a warning once; the same
/// failure again is logged at `debug` until a session makes progress or fails differently. A session
/// returns `Ok` when it ended because of `stop`. Each runs in its own task, so that a panic ends
/// only that session.
pub(crate) async fn keep_running<F, S>(
    name: &'static str,
    stop: Stop,
    status: Arc<LoopStatus>,
    session: F,
) where
    F: Fn() -> S,
    S: Future<Output = Result<(), Interruption>> + Send + 'static,
{
    let mut backoff = waits(FIRST_WAIT, LONGEST_WAIT);
    let mut logged = None;
    loop {
        let mut running = AbortOnDrop(tokio::spawn(session()));
        let ended = (&mut running.0).await.unwrap_or_else(|death| match death.is_panic() {
            // The panic is already in the log; its message may repeat a customer's data.
            true => Err("its task panicked".into()),
            false => Err(death.into()),
        });
        if stop.is_requested() {
            return;
        }
        let interruption = ended.err().unwrap_or_else(|| "it ended without a reason".into());
        if interruption.made_progress {
            backoff = waits(FIRST_WAIT, LONGEST_WAIT);
            logged = None;
        }
        let wait = backoff.next().unwrap_or(LONGEST_WAIT);
        let reason = chain(&*interruption.source);
        let wait_ms = wait.as_millis();
        if interruption.is_known || logged.as_ref() == Some(&reason) {
            tracing::debug!(name, reason, wait_ms, "restarting a loop");
        } else {
            tracing::warn!(name, reason, wait_ms, "restarting a loop; repeats are logged at debug");
            logged = Some(reason.clone());
        }
        status.record_interruption(reason);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.requested() => return,
        }
    }
}

struct AbortOnDrop(JoinHandle<Result<(), Interruption>>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn a_session_that_fails_or_panics_is_followed_by_another() {
        let (switch, stop) = Stop::new();
        let status = Arc::new(LoopStatus::default());
        let sessions = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&sessions);
        let running =
            tokio::spawn(keep_running("test", stop.clone(), Arc::clone(&status), move || {
                let number = counted.fetch_add(1, Ordering::SeqCst);
                let stop = stop.clone();
                async move {
                    match number {
                        0 => Err("first".into()),
                        1 => panic!("second"),
                        _ => {
                            stop.requested().await;
                            Ok(())
                        }
                    }
                }
            }));
        while sessions.load(Ordering::SeqCst) < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(status.last_error().is_some());
        switch.send_replace(true);
        tokio::time::timeout(Duration::from_secs(5), running)
            .await
            .expect("in time")
            .expect("ends");
        assert_eq!(sessions.load(Ordering::SeqCst), 3);
    }
}
