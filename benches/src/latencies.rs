//! Latencies in logarithmic buckets of less than one per cent.

use histogram::Histogram;
use std::time::Duration;

/// Buckets per doubling, as a power of two.
const GROUPING_POWER: u8 = 7;
/// Every `u64` of nanoseconds has a bucket.
const MAX_VALUE_POWER: u8 = 64;

/// How often each latency was seen.
pub(crate) struct Latencies(Histogram);

impl Latencies {
    pub(crate) fn new() -> Self {
        let buckets = Histogram::new(GROUPING_POWER, MAX_VALUE_POWER);
        Self(buckets.expect("the powers are constants that fit together"))
    }

    pub(crate) fn record(&mut self, latency: Duration) {
        let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.0.increment(nanoseconds).expect("every u64 has a bucket");
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.0.checked_add_assign(&other.0).expect("all have the same buckets");
    }

    /// The latency that this share (0 to 1) of all did not exceed; zero if nothing was recorded.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let bucket = self.0.quantile_bucket(share).expect("a share is between 0 and 1");
        bucket.map_or(Duration::ZERO, |bucket| Duration::from_nanos(bucket.end()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_is_given_back_less_than_one_per_cent_above_what_was_recorded() {
        for exponent in 0..40 {
            for offset in [0, 1, 12_345] {
                let recorded = (1_u64 << exponent) + offset;
                let mut latencies = Latencies::new();
                latencies.record(Duration::from_nanos(recorded));
                let found = latencies.quantile(1.0).as_nanos() as f64;
                let recorded = recorded as f64;
                assert!((recorded..=recorded * 1.01).contains(&found), "{recorded}: {found}");
            }
        }
    }

    #[test]
    fn quantiles_are_those_of_what_was_recorded() {
        let (mut latencies, mut others) = (Latencies::new(), Latencies::new());
        assert_eq!(latencies.quantile(0.5), Duration::ZERO);
        for milliseconds in (1..=1_000).step_by(2) {
            latencies.record(Duration::from_millis(milliseconds));
            others.record(Duration::from_millis(milliseconds + 1));
        }
        latencies.add(&others);
        for (share, expected) in [(0.5, 500.0), (0.99, 990.0), (1.0, 1_000.0)] {
            let found = latencies.quantile(share).as_secs_f64() * 1e3;
            assert!((found - expected).abs() <= expected * 0.01, "{share}: {found}");
        }
    }
}
