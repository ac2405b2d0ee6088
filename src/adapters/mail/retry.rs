//! How often and when a mail is tried again.

use crate::adapters::tasks::wait_after;
use std::time::Duration;

/// The same for notifications from the broker and from the outbox.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryPolicy {
    /// Tries after which a mail is given up.
    pub(crate) max_tries: u32,
    /// Wait before the second try; doubled before each further one.
    pub(crate) first_wait: Duration,
    /// Longest wait between two tries.
    pub(crate) longest_wait: Duration,
}

impl RetryPolicy {
    /// About seven hours in all: mail servers that put strangers off want minutes, and one that
    /// is down is usually back within hours.
    pub(crate) const STANDARD: Self = Self {
        max_tries: 20,
        first_wait: Duration::from_secs(1),
        longest_wait: Duration::from_secs(60 * 60),
    };

    /// The wait after so many tries.
    pub(crate) fn wait_after(self, tries: u32) -> Duration {
        wait_after(tries, self.first_wait, self.longest_wait)
    }
}
