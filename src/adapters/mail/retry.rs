//! How often and when a mail is retried.

use crate::adapters::tasks::wait_after;
use std::time::Duration;

/// The retry policy of a mail, whether its notification comes from the broker or the outbox.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryPolicy {
    /// A mail is given up after this many tries.
    pub(crate) max_tries: u32,
    /// Wait before the second try; doubled before each further one.
    pub(crate) first_wait: Duration,
    /// Longest wait between two tries.
    pub(crate) longest_wait: Duration,
}

impl RetryPolicy {
    /// About seven hours in all: greylisting mail servers need minutes, and a broken one is usually
    /// repaired within hours.
    pub(crate) const STANDARD: Self = Self {
        max_tries: 20,
        first_wait: Duration::from_secs(1),
        longest_wait: Duration::from_secs(60 * 60),
    };

    /// The wait after this many tries.
    pub(crate) fn wait_after(self, tries: u32) -> Duration {
        wait_after(tries, self.first_wait, self.longest_wait)
    }
}
