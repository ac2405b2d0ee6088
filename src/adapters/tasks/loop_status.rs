//! How one loop is doing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Whether a loop does its work, and what interrupted it last.
#[derive(Debug, Default)]
pub(crate) struct LoopStatus {
    last_error: Mutex<Option<String>>,
    interruptions: AtomicU64,
}

impl LoopStatus {
    /// It stopped over this, and begins again.
    pub(crate) fn is_interrupted(&self, reason: String) {
        self.interruptions.fetch_add(1, Ordering::Relaxed);
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
    }

    /// It does its work again.
    pub(crate) fn is_well(&self) {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    pub(crate) fn last_error(&self) -> Option<String> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
