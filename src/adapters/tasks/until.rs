//! Waits until an optional point in time.

use tokio::time::Instant;

/// Sleeps until `instant`; with `None` it never returns.
pub(crate) async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
