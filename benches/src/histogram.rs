//! Latencies in logarithmic buckets of less than one per cent, as HdrHistogram keeps them.

use std::time::Duration;

/// Buckets per doubling, as a power of two.
const SUB_BUCKET_BITS: u32 = 7;
const SUB_BUCKETS: u64 = 1 << SUB_BUCKET_BITS;
const BUCKETS: usize = ((64 - SUB_BUCKET_BITS as usize) + 1) << SUB_BUCKET_BITS;

/// The count of each latency.
#[derive(Clone)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    seen: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { counts: vec![0; BUCKETS], seen: 0 }
    }

    pub(crate) fn record(&mut self, latency: Duration) {
        let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.counts[bucket_of(nanoseconds)] += 1;
        self.seen += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.seen += other.seen;
    }

    /// The latency that this share of all stayed below; zero if there are none.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let wanted = (self.seen as f64 * share).ceil().max(1.0) as u64;
        let mut passed = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            passed += count;
            if passed >= wanted {
                return Duration::from_nanos(end_of(bucket));
            }
        }
        Duration::ZERO
    }
}

fn bucket_of(value: u64) -> usize {
    if value < SUB_BUCKETS {
        return value as usize;
    }
    let shift = 63 - value.leading_zeros() - SUB_BUCKET_BITS;
    let within = (value >> shift) - SUB_BUCKETS;
    (((u64::from(shift) + 1) << SUB_BUCKET_BITS) + within) as usize
}

/// The largest value of a bucket.
fn end_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < SUB_BUCKETS {
        return bucket;
    }
    let shift = (bucket >> SUB_BUCKET_BITS) - 1;
    let within = bucket & (SUB_BUCKETS - 1);
    ((SUB_BUCKETS + within) << shift) + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_a_bucket_that_ends_less_than_one_per_cent_above_it() {
        for exponent in 0..40 {
            for offset in [0, 1, 12_345] {
                let value = (1_u64 << exponent) + offset;
                let end = end_of(bucket_of(value));
                assert!(end >= value && (end - value) as f64 <= value as f64 * 0.01, "{value}");
            }
        }
    }

    #[test]
    fn quantiles_are_those_of_what_was_recorded() {
        let mut histogram = Histogram::new();
        for milliseconds in 1..=1_000 {
            histogram.record(Duration::from_millis(milliseconds));
        }
        for (share, expected) in [(0.5, 500.0), (0.99, 990.0), (1.0, 1_000.0)] {
            let found = histogram.quantile(share).as_secs_f64() * 1e3;
            assert!((found - expected).abs() <= expected * 0.01, "{share}: {found}");
        }
    }
}
