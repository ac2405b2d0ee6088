//! Makes redb wait when the disk has no room, instead of failing.
//!
//! redb never writes again after one failed write or a failed growth of the file. If the cause is a
//! lack of room, both leave the file unchanged, so they are retried until there is room, and redb
//! sees no error. A sync is different: what a failed sync lost is unknown, so its error is passed
//! on and stops the store.

use redb::{BackendError, StorageBackend};
use std::io;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How often a write without room is retried.
const RETRY_INTERVAL: Duration = Duration::from_millis(100);
/// How long requests wait when room suddenly runs out, before they are rejected.
const REQUESTS_WAIT: Duration = Duration::from_secs(1);

/// Tracks whether the disk has room for pending writes. Cheap to clone.
#[derive(Clone, Debug)]
pub(in crate::store) struct Room {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    is_missing: watch::Sender<bool>,
    /// Set while the store is open. While it opens or closes, writes fail instead of waiting.
    is_awaited: AtomicBool,
    pause: (Mutex<()>, Condvar),
}

impl Room {
    pub(in crate::store) fn new() -> Self {
        let shared = Shared {
            is_missing: watch::Sender::new(false),
            is_awaited: AtomicBool::new(false),
            pause: (Mutex::new(()), Condvar::new()),
        };
        Self { shared: Arc::new(shared) }
    }

    /// From now on, writes wait for room.
    pub(in crate::store) fn await_room(&self) {
        self.shared.is_awaited.store(true, Ordering::SeqCst);
    }

    /// From now on, writes without room fail, including those that wait.
    pub(in crate::store) fn give_up(&self) {
        self.shared.is_awaited.store(false, Ordering::SeqCst);
        self.shared.pause.1.notify_all();
    }

    /// True if a write currently waits for room.
    pub(in crate::store) fn is_missing(&self) -> bool {
        *self.shared.is_missing.borrow()
    }

    /// Returns when room has been missing for [`REQUESTS_WAIT`]; never if room is not missing.
    pub(in crate::store) async fn missing_for_long(&self) {
        let mut missing = self.shared.is_missing.subscribe();
        loop {
            // The sender lives as long as `self`.
            let _ = missing.wait_for(|is_missing| *is_missing).await;
            let found = missing.wait_for(|is_missing| !*is_missing);
            if tokio::time::timeout(REQUESTS_WAIT, found).await.is_err() {
                return;
            }
        }
    }

    fn retry<T>(&self, mut act: impl FnMut() -> io::Result<T>) -> io::Result<T> {
        let mut result = act();
        if !result.as_ref().is_err_and(is_no_room) {
            return result;
        }
        tracing::error!("the disk is full: a change waits to be written until there is room");
        self.shared.is_missing.send_replace(true);
        while result.as_ref().is_err_and(is_no_room)
            && self.shared.is_awaited.load(Ordering::SeqCst)
        {
            let (lock, woken) = &self.shared.pause;
            let guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
            drop(woken.wait_timeout(guard, RETRY_INTERVAL));
            result = act();
        }
        self.shared.is_missing.send_replace(false);
        if result.is_ok() {
            tracing::info!("the disk has room again: the change that waited is written");
        }
        result
    }
}

fn is_no_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// A disk whose writes wait for room.
#[derive(Debug)]
pub(in crate::store) struct RoomyDisk<B> {
    disk: B,
    room: Room,
}

impl<B> RoomyDisk<B> {
    pub(in crate::store) fn new(disk: B, room: Room) -> Self {
        Self { disk, room }
    }
}

impl<B: StorageBackend> StorageBackend for RoomyDisk<B> {
    fn len(&self) -> io::Result<u64> {
        self.disk.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.disk.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.room.retry(|| self.disk.set_len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.room.retry(|| self.disk.write(offset, data))
    }

    fn close(&self) -> io::Result<()> {
        self.disk.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.disk.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.disk.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.disk.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.disk.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.disk.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.disk.query_lock_range(start, end)
    }
}
