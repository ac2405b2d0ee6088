//! Waits between retries.

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use std::time::Duration;

/// Endless waits: each about twice the one before, from at most `first` to at most `longest`. Random
/// jitter shortens each by up to a half, so that clients that failed together retry at different times.
pub(crate) fn waits(first: Duration, longest: Duration) -> ExponentialBackoff {
    // The builder's jitter adds up to 100 % of the delay.
    ExponentialBuilder::new()
        .with_min_delay(first / 2)
        .with_max_delay(longest / 2)
        .with_jitter()
        .without_max_times()
        .build()
}

/// The wait after this many failures in a row, following [`waits`].
pub(crate) fn wait_after(failures: u32, first: Duration, longest: Duration) -> Duration {
    // After this many doublings every wait is the longest.
    const DOUBLINGS_MAX: usize = 40;
    let earlier = usize::try_from(failures.saturating_sub(1)).unwrap_or(DOUBLINGS_MAX);
    waits(first, longest).nth(earlier.min(DOUBLINGS_MAX)).unwrap_or(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(5);

    #[test]
    fn waits_grow_to_a_bound() {
        let mut growing = waits(FIRST, LONGEST);
        let first = growing.next().expect("without end");
        assert!((FIRST / 2..=FIRST).contains(&first), "{first:?}");
        let last = growing.nth(100).expect("without end");
        assert!((LONGEST / 2..=LONGEST).contains(&last), "{last:?}");
        for failures in [0, 1] {
            assert!(wait_after(failures, FIRST, LONGEST) <= FIRST);
        }
        assert!(wait_after(2, FIRST, LONGEST) >= FIRST);
        for failures in [10, 1_000, u32::MAX] {
            assert!(wait_after(failures, FIRST, LONGEST) >= LONGEST / 2);
        }
    }
}
