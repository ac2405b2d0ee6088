//! What an operator can see of the connection to the database.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What a process did with its database since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DatabaseStats {
    /// Epochs that this process committed.
    pub committed: u64,
    /// Epochs of other processes that its copy of the rows followed.
    pub followed: u64,
    /// Times that the log was locked before the turns of an epoch ran.
    pub locked_before: u64,
    /// Connections that were made after another was lost.
    pub reconnects: u64,
    /// True while the database can be reached.
    pub is_connected: bool,
    /// How long ago the database last answered.
    pub last_contact: Duration,
    /// The number of the last epoch in the copy of the rows.
    pub position: i64,
    /// The number of the last epoch in the database's log, as far as is known.
    pub log_end: i64,
}

/// The purpose of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Commits,
    Following,
}

#[derive(Debug)]
pub(super) struct Counts {
    pub(super) committed: AtomicU64,
    pub(super) followed: AtomicU64,
    pub(super) locked_before: AtomicU64,
    connects: [AtomicU64; 2],
    log_end: AtomicI64,
    last_contact: Mutex<Instant>,
}

impl Counts {
    /// For a database that just answered.
    pub(super) fn new() -> Self {
        Self {
            committed: AtomicU64::new(0),
            followed: AtomicU64::new(0),
            locked_before: AtomicU64::new(0),
            connects: Default::default(),
            log_end: AtomicI64::new(0),
            last_contact: Mutex::new(Instant::now()),
        }
    }

    pub(super) fn note_connected(&self, purpose: Purpose) {
        let connects = match purpose {
            Purpose::Commits => &self.connects[0],
            Purpose::Following => &self.connects[1],
        };
        connects.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that the database answered, and that its log goes to at least this epoch.
    pub(super) fn note_contact(&self, log_end: i64) {
        self.log_end.fetch_max(log_end, Ordering::Relaxed);
        *self.last_contact.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    pub(super) fn stats(&self, position: i64, is_connected: bool) -> DatabaseStats {
        let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
        let last_contact = *self.last_contact.lock().unwrap_or_else(PoisonError::into_inner);
        DatabaseStats {
            committed: count(&self.committed),
            followed: count(&self.followed),
            locked_before: count(&self.locked_before),
            reconnects: self.connects.iter().map(|it| count(it).saturating_sub(1)).sum(),
            is_connected,
            last_contact: last_contact.elapsed(),
            position,
            log_end: self.log_end.load(Ordering::Relaxed).max(position),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_connection_of_each_purpose_is_no_reconnect() {
        let counts = Counts::new();
        assert_eq!(counts.stats(0, true).reconnects, 0);
        counts.note_connected(Purpose::Following);
        counts.note_connected(Purpose::Commits);
        assert_eq!(counts.stats(0, true).reconnects, 0);
        counts.note_connected(Purpose::Commits);
        counts.note_connected(Purpose::Commits);
        assert_eq!(counts.stats(0, true).reconnects, 2);
    }

    #[test]
    fn the_end_of_the_log_never_goes_back() {
        let counts = Counts::new();
        counts.note_contact(7);
        counts.note_contact(5);
        let ends = |position| counts.stats(position, true).log_end;
        assert_eq!((ends(3), ends(9)), (7, 9));
    }
}
