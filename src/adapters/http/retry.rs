//! When a failed message is retried, and when it is given up.

use crate::adapters::tasks::wait_after;
use http::StatusCode;
use souk_domain::UnixMillis;
use std::time::Duration;

/// Waits that double, with jitter, until a time limit has passed.
#[derive(Clone, Copy, Debug)]
pub(super) struct RetrySchedule {
    /// Wait before the second try.
    first_wait: Duration,
    /// Longest wait between two tries.
    longest_wait: Duration,
    /// No retry later than this, counted from the first try.
    within: Duration,
}

impl RetrySchedule {
    /// For the CRM: a day.
    pub(super) const CRM: Self = Self::lasting(Duration::from_secs(24 * 60 * 60));
    /// For a webhook endpoint: three days.
    pub(super) const WEBHOOKS: Self = Self::lasting(Duration::from_secs(3 * 24 * 60 * 60));

    const fn lasting(within: Duration) -> Self {
        Self {
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(60 * 60),
            within,
        }
    }

    /// When to retry after `tries` tries, the first of them at `since`; `None` to give up.
    pub(super) fn next_try(
        self,
        tries: u32,
        since: UnixMillis,
        now: UnixMillis,
    ) -> Option<UnixMillis> {
        let next = now.after(wait_after(tries, self.first_wait, self.longest_wait));
        (next < since.after(self.within)).then_some(next)
    }
}

/// Whether the status rejects the message itself, so that a retry is useless.
pub(super) fn is_final(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_slow_down_and_stop_after_the_time_limit() {
        let since = UnixMillis::new(0);
        for schedule in [RetrySchedule::CRM, RetrySchedule::WEBHOOKS] {
            let (mut now, mut tries) = (since, 1);
            while let Some(next) = schedule.next_try(tries, since, now) {
                let wait = next.get() - now.get();
                assert!((500..=3_600_000).contains(&wait), "{wait} after {tries} tries");
                (now, tries) = (next, tries + 1);
            }
            assert!(now >= since.after(schedule.within - schedule.longest_wait));
            assert!(tries > 24, "{tries}");
        }
    }
}
