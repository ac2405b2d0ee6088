//! Waiting for a point in time that may not be set.

use tokio::time::Instant;

/// Waits until then; for ever without one.
pub(crate) async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
