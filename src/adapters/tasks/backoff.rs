//! How long to wait before something is tried again.

use std::time::Duration;

/// Waits that double from the first to the longest, and start over after a success.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, failures: 0 }
    }

    /// The wait after one more failure.
    pub(crate) fn next_wait(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        wait_after(self.failures, self.first, self.longest)
    }

    /// Something went well: the next failure waits briefly again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

/// The wait after so many failures in a row: doubled each time, bounded, and shortened at random
/// by up to a half, so that those who failed together do not come back together.
pub(crate) fn wait_after(failures: u32, first: Duration, longest: Duration) -> Duration {
    let doublings = failures.saturating_sub(1).min(31);
    let wait = first.saturating_mul(1 << doublings).min(longest);
    let share = getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX));
    wait.mul_f64(0.5 + share / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(5);

    #[test]
    fn waits_grow_to_a_bound_and_start_over() {
        let mut backoff = Backoff::new(FIRST, LONGEST);
        assert!(backoff.next_wait() <= FIRST);
        for _ in 0..100 {
            assert!(backoff.next_wait() <= LONGEST);
        }
        assert!(backoff.next_wait() >= LONGEST / 2);
        backoff.reset();
        assert!(backoff.next_wait() <= FIRST);
    }
}
