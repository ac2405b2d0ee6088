//! Panics: each is counted (`souk_panics_total`) and logged once, as an error, by the one hook here.
//! Whoever catches one answers or starts again, and does not log it as an error a second time.
//!
//! Panics that `souk_actors::store` takes for answers about a damaged file are neither.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, PanicHookInfo};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::{JoinError, JoinHandle};

/// How long a task that panicked stays away.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

static PANICS: AtomicU64 = AtomicU64::new(0);

/// Panics of this process so far.
pub(crate) fn count() -> u64 {
    PANICS.load(Ordering::Relaxed)
}

/// Puts the hook in the place of std's own, which writes raw lines to standard error. Logging MUST
/// have been started.
pub(crate) fn install_hook() {
    panic::set_hook(Box::new(note));
}

fn note(info: &PanicHookInfo<'_>) {
    PANICS.fetch_add(1, Ordering::Relaxed);
    let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let thread = std::thread::current();
    // Only with RUST_BACKTRACE. As a text it is escaped, and stays on the one line.
    let backtrace = Backtrace::capture();
    let is_captured = backtrace.status() == BacktraceStatus::Captured;
    tracing::error!(
        // May repeat what a customer wrote, so the log service leaves this field out.
        panic = info.payload_as_str().unwrap_or("a value that is no text"),
        thread = thread.name().unwrap_or("without a name"),
        backtrace = is_captured.then(|| backtrace.to_string()),
        "panicked at {place}"
    );
}

/// What a task came to. If it panicked, the panic goes on in whoever waits for it, without being
/// counted or logged again. `None` if the task was called off, as at the end of the process.
pub(crate) fn outcome<T>(joined: Result<T, JoinError>) -> Option<T> {
    joined.map_err(|error| error.try_into_panic().map(|panic| panic::resume_unwind(panic))).ok()
}

/// Runs a task that ends only when it is told to; if it panics it is started again.
pub(crate) async fn start_again<F>(task: impl Fn() -> F)
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
