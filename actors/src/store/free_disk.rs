//! The guard against a full disk: changes are refused while there is still room to go on.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Free space on the store's disk, asked at most once a second.
pub(super) struct FreeDisk {
    directory: Option<PathBuf>,
    bytes: AtomicU64,
    asked_at: AtomicI64,
    #[cfg(test)]
    is_full: std::sync::atomic::AtomicBool,
}

impl FreeDisk {
    pub(super) fn new(directory: Option<PathBuf>) -> Self {
        Self {
            directory,
            bytes: AtomicU64::new(u64::MAX),
            asked_at: AtomicI64::new(0),
            #[cfg(test)]
            is_full: std::sync::atomic::AtomicBool::new(false),
        }
    }

    /// The disk fills up.
    #[cfg(test)]
    pub(super) fn fill(&self) {
        self.is_full.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_at_least(&self, wanted: u64) -> bool {
        #[cfg(test)]
        if self.is_full.load(Ordering::Relaxed) {
            return false;
        }
        let Some(directory) = &self.directory else { return true };
        let second = crate::clock::now().seconds();
        if self.asked_at.swap(second, Ordering::Relaxed) != second {
            let free = rustix::fs::statvfs(directory)
                .map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize));
            self.bytes.store(free, Ordering::Relaxed);
        }
        self.bytes.load(Ordering::Relaxed) >= wanted
    }
}
