//! Counts each panic (`souk_panics_total`) and logs it once, as an error, in the hook here. Code that
//! catches a panic answers or restarts, and does not log it as an error again.
//!
//! Panics that `souk_actors::store` catches while it opens a damaged file are not counted or logged.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, PanicHookInfo};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::{JoinError, JoinHandle};

/// Wait before a panicked task restarts.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

static PANICS: AtomicU64 = AtomicU64::new(0);

/// Panics of this process since the start.
pub(crate) fn count() -> u64 {
    PANICS.load(Ordering::Relaxed)
}

/// Replaces std's panic hook, which writes raw lines to standard error. Logging MUST have been
/// started.
pub(crate) fn install_hook() {
    panic::set_hook(Box::new(log_panic));
}

fn log_panic(info: &PanicHookInfo<'_>) {
    PANICS.fetch_add(1, Ordering::Relaxed);
    let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let thread = std::thread::current();
    // Captured only with RUST_BACKTRACE. As a string field it is escaped and stays on one line.
    let backtrace = Backtrace::capture();
    let is_captured = backtrace.status() == BacktraceStatus::Captured;
    tracing::error!(
        // May repeat a customer's data, so the log service leaves this field out.
        panic = info.payload_as_str().unwrap_or("a value that is no text"),
        thread = thread.name().unwrap_or("without a name"),
        backtrace = is_captured.then(|| backtrace.to_string()),
        "panicked at {place}"
    );
}

/// The result of a task. If it panicked, the panic continues in the caller, without being counted or
/// logged again. `None` if the task was aborted, as at the end of the process.
pub(crate) fn outcome<T>(joined: Result<T, JoinError>) -> Option<T> {
    joined.map_err(|error| error.try_into_panic().map(|panic| panic::resume_unwind(panic))).ok()
}

/// Runs a task until it returns; if it panics, it is restarted.
pub(crate) async fn restart_on_panic<F>(task: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        let mut running = AbortOnDrop(tokio::spawn(task()));
        match (&mut running.0).await {
            Err(error) if error.is_panic() => tokio::time::sleep(AGAIN_AFTER).await,
            _ => return,
        }
    }
}

struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests;
