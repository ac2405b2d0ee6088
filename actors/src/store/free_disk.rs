//! The guard against a full disk: rejects changes while there is still enough room to keep running.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering};

/// Whether the store's disk allows changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DiskState {
    /// Enough is free.
    Good,
    /// Less is free than changes need.
    Full,
    /// The file system is mounted read-only, as after errors of the disk.
    ReadOnly,
}

/// The state of the store's disk, checked at most once a second.
pub(super) struct FreeDisk {
    directory: Option<PathBuf>,
    min_free_bytes: u64,
    free_bytes: AtomicU64,
    state: AtomicU8,
    looked_at: AtomicI64,
    /// Once set, only [`Self::look`] updates [`Self::reported`].
    is_watched: AtomicBool,
    reported: AtomicU8,
    #[cfg(test)]
    is_full: AtomicBool,
}

impl FreeDisk {
    pub(super) fn new(directory: Option<PathBuf>, min_free_bytes: u64) -> Self {
        Self {
            directory,
            min_free_bytes,
            free_bytes: AtomicU64::new(u64::MAX),
            state: AtomicU8::new(DiskState::Good.number()),
            looked_at: AtomicI64::new(0),
            is_watched: AtomicBool::new(false),
            reported: AtomicU8::new(DiskState::Good.number()),
            #[cfg(test)]
            is_full: AtomicBool::new(false),
        }
    }

    /// Simulates a disk that fills up, or has room again.
    #[cfg(test)]
    pub(super) fn fill(&self, is_full: bool) {
        self.is_full.store(is_full, Ordering::Relaxed);
        self.looked_at.store(0, Ordering::Relaxed);
    }

    /// Declares that [`Self::look`] is called every second from now on.
    pub(super) fn watch(&self) {
        self.is_watched.store(true, Ordering::Relaxed);
    }

    /// The last state seen while the disk was watched.
    pub(super) fn reported(&self) -> DiskState {
        DiskState::numbered(self.reported.load(Ordering::Relaxed))
    }

    /// Bytes that were free at the last check.
    pub(super) fn free_bytes(&self) -> u64 {
        self.free_bytes.load(Ordering::Relaxed)
    }

    /// The state of the disk, at most a second old.
    pub(super) fn look(&self) -> DiskState {
        let second = crate::clock::now().seconds();
        if self.looked_at.swap(second, Ordering::Relaxed) != second {
            self.state.store(self.ask().number(), Ordering::Relaxed);
        }
        let state = DiskState::numbered(self.state.load(Ordering::Relaxed));
        if self.is_watched.load(Ordering::Relaxed) {
            let before = self.reported.swap(state.number(), Ordering::Relaxed);
            self.log_change(DiskState::numbered(before), state);
        }
        state
    }

    fn ask(&self) -> DiskState {
        #[cfg(test)]
        if self.is_full.load(Ordering::Relaxed) {
            return DiskState::Full;
        }
        let Some(directory) = &self.directory else { return DiskState::Good };
        let Ok(disk) = rustix::fs::statvfs(directory) else { return DiskState::Good };
        let free_bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
        self.free_bytes.store(free_bytes, Ordering::Relaxed);
        if disk.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY) {
            DiskState::ReadOnly
        } else if free_bytes < self.min_free_bytes {
            DiskState::Full
        } else {
            DiskState::Good
        }
    }

    fn log_change(&self, before: DiskState, now: DiskState) {
        let (free_bytes, needed_bytes) = (self.free_bytes(), self.min_free_bytes);
        match now {
            _ if now == before => {}
            DiskState::Good => {
                tracing::info!(free_bytes, "the disk has room again: changes are accepted")
            }
            DiskState::Full => {
                tracing::error!(
                    free_bytes,
                    needed_bytes,
                    "the disk is nearly full: changes are refused"
                );
            }
            DiskState::ReadOnly => {
                tracing::error!("the disk is mounted read-only: changes are refused");
            }
        }
    }
}

impl DiskState {
    fn number(self) -> u8 {
        self as u8
    }

    fn numbered(number: u8) -> Self {
        let all = [Self::Good, Self::Full, Self::ReadOnly];
        all.into_iter().find(|state| state.number() == number).unwrap_or(Self::Good)
    }
}
