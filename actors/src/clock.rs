//! The one place that reads the wall clock.

use souk_domain::UnixMillis;
use std::time::{SystemTime, UNIX_EPOCH};

/// Now. A clock before 1970 reads as the epoch.
#[must_use]
pub fn now() -> UnixMillis {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis::new(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}
