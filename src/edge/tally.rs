//! Counts each operation's answers by status and duration, for Prometheus.
//!
//! The labels come from the table of routes, never from request paths, so that clients cannot create
//! new ones. Counting is a few atomic additions, without locks.

use crate::edge::Operation;
use http::StatusCode;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Upper bounds of the buckets, in microseconds; the last bucket has no bound.
const BOUNDS_MICROS: [u64; 10] =
    [500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 500_000, 1_000_000, 5_000_000];
/// The same in seconds, as Prometheus writes them.
const BOUNDS_SECONDS: [&str; 10] =
    ["0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.1", "0.5", "1", "5"];
/// Status classes: 1xx to 5xx.
const CLASSES: usize = 5;

/// The counters of one operation.
#[derive(Debug, Default)]
pub(super) struct Tally {
    answers: [AtomicU64; CLASSES],
    /// Not cumulative; the last one has no bound.
    buckets: [AtomicU64; BOUNDS_MICROS.len() + 1],
    micros: AtomicU64,
}

impl Tally {
    fn record(&self, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES) - 1;
        self.answers[class].fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_MICROS.partition_point(|bound| *bound < micros);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    fn is_empty(&self) -> bool {
        self.answers.iter().all(|number| number.load(Ordering::Relaxed) == 0)
    }
}

/// Measures an answer. If it is dropped before the answer is ready, a panic counts as 500, and a
/// client that went away is not counted.
pub(super) struct Stopwatch {
    tally: Arc<Tally>,
    begun: Instant,
    is_done: bool,
}

impl Stopwatch {
    pub(super) fn start(tally: Arc<Tally>) -> Self {
        Self { tally, begun: Instant::now(), is_done: false }
    }

    pub(super) fn stop(mut self, status: StatusCode) {
        self.is_done = true;
        self.tally.record(status, self.begun.elapsed());
    }
}

impl Drop for Stopwatch {
    fn drop(&mut self) {
        if !self.is_done && std::thread::panicking() {
            self.tally.record(StatusCode::INTERNAL_SERVER_ERROR, self.begun.elapsed());
        }
    }
}

/// Writes the counters of every operation that was requested, in Prometheus's text format. `None`
/// stands for the requests that no operation answers.
pub(super) fn write<'a>(
    text: &mut String,
    tallies: impl Iterator<Item = (Option<&'a Operation>, &'a Tally)>,
) {
    let asked: Vec<(String, &Tally)> = tallies
        .filter(|(_, tally)| !tally.is_empty())
        .map(|(operation, tally)| (labels(operation), tally))
        .collect();
    text.push_str(
        "# HELP souk_http_requests_total Requests answered, by the class of the status.\n",
    );
    text.push_str("# TYPE souk_http_requests_total counter\n");
    for (labels, tally) in &asked {
        for (class, number) in (1..).zip(&tally.answers) {
            let number = number.load(Ordering::Relaxed);
            if number > 0 {
                put(
                    text,
                    &format!("souk_http_requests_total{{{labels},status=\"{class}xx\"}} {number}"),
                );
            }
        }
    }
    text.push_str("# HELP souk_http_request_duration_seconds From the last octet of a request to its answer.\n");
    text.push_str("# TYPE souk_http_request_duration_seconds histogram\n");
    for (labels, tally) in &asked {
        let name = "souk_http_request_duration_seconds";
        let bounds = BOUNDS_SECONDS.into_iter().chain(["+Inf"]);
        let mut below = 0;
        for (bound, number) in bounds.zip(&tally.buckets) {
            below += number.load(Ordering::Relaxed);
            put(text, &format!("{name}_bucket{{{labels},le=\"{bound}\"}} {below}"));
        }
        let micros = tally.micros.load(Ordering::Relaxed);
        put(
            text,
            &format!("{name}_sum{{{labels}}} {}.{:06}", micros / 1_000_000, micros % 1_000_000),
        );
        put(text, &format!("{name}_count{{{labels}}} {below}"));
    }
}

fn put(text: &mut String, line: &str) {
    let written = writeln!(text, "{line}");
    debug_assert!(written.is_ok(), "writing to a string cannot fail");
}

/// Contracts and route paths contain no character that needs an escape.
fn labels(operation: Option<&Operation>) -> String {
    match operation {
        Some(Operation { contract, method, path, .. }) => {
            format!("contract=\"{contract}\",method=\"{method}\",operation=\"{path}\"")
        }
        None => "contract=\"none\",method=\"any\",operation=\"none\"".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_fall_into_their_class_and_bucket() {
        let tally = Tally::default();
        for (status, micros) in [(200, 500), (204, 501), (404, 10_000_000), (503, 0)] {
            let status = StatusCode::from_u16(status).expect("a status");
            tally.record(status, Duration::from_micros(micros));
        }
        let mut text = String::new();
        write(&mut text, [(None, &tally), (None, &Tally::default())].into_iter());
        let labels = "contract=\"none\",method=\"any\",operation=\"none\"";
        for line in [
            format!("souk_http_requests_total{{{labels},status=\"2xx\"}} 2"),
            format!("souk_http_requests_total{{{labels},status=\"4xx\"}} 1"),
            format!("souk_http_requests_total{{{labels},status=\"5xx\"}} 1"),
            format!("souk_http_request_duration_seconds_bucket{{{labels},le=\"0.0005\"}} 2"),
            format!("souk_http_request_duration_seconds_bucket{{{labels},le=\"0.001\"}} 3"),
            format!("souk_http_request_duration_seconds_bucket{{{labels},le=\"5\"}} 3"),
            format!("souk_http_request_duration_seconds_bucket{{{labels},le=\"+Inf\"}} 4"),
            format!("souk_http_request_duration_seconds_sum{{{labels}}} 10.001001"),
            format!("souk_http_request_duration_seconds_count{{{labels}}} 4"),
        ] {
            assert!(text.lines().any(|written| written == line), "{line} in\n{text}");
        }
    }

    #[test]
    fn a_handler_that_panics_is_counted_and_a_client_that_goes_is_not() {
        let tally = Arc::new(Tally::default());
        let in_panic = Arc::clone(&tally);
        let panicked = std::panic::catch_unwind(move || {
            let _watch = Stopwatch::start(in_panic);
            panic!("a handler");
        });
        assert!(panicked.is_err());
        drop(Stopwatch::start(Arc::clone(&tally)));
        let numbers: Vec<u64> =
            tally.answers.iter().map(|number| number.load(Ordering::Relaxed)).collect();
        assert_eq!(numbers, [0, 0, 0, 0, 1]);
    }
}
