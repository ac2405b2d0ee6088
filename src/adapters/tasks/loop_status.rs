//! The status of one loop.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Whether a loop works, how often it was interrupted, and the last reason.
#[derive(Debug, Default)]
pub(crate) struct LoopStatus {
    last_error: Mutex<Option<String>>,
    interruptions: AtomicU64,
}

impl LoopStatus {
    /// Records an interruption; the loop will restart.
    pub(crate) fn record_interruption(&self, reason: String) {
        self.interruptions.fetch_add(1, Ordering::Relaxed);
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
    }

    /// Records that the loop works again.
    pub(crate) fn is_well(&self) {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    pub(crate) fn last_error(&self) -> Option<String> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
