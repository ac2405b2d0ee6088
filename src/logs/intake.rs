//! A bounded queue for Souk's own log lines. Logging never waits; lines that do not fit are counted.

use super::record::{Level, LogRecord};
use super::store::{BATCH_LINES_MAX, LogStore};
use souk_actors::clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio::time::Instant;

/// Most lines in the queue.
const QUEUE_LINES: usize = 8_192;
/// When the queue is half full, one of this many lines below a warning is kept.
const SAMPLE: u64 = 16;
/// How long lines are collected for one commit, which limits the log's syncs per second.
const GATHER: Duration = Duration::from_millis(250);
/// How often old lines are pruned.
const PRUNE_EVERY: Duration = Duration::from_secs(10);

/// Counters of lines since the start.
#[derive(Debug, Default)]
pub(crate) struct LogCounts {
    /// Kept.
    pub(crate) kept: AtomicU64,
    /// Lost because the queue was full.
    pub(crate) overflowed: AtomicU64,
    /// Dropped by sampling because many came at once.
    pub(crate) sampled: AtomicU64,
    /// Lost because they could not be written or sent.
    pub(crate) failed: AtomicU64,
    /// Rejected messages of other systems.
    pub(crate) refused: AtomicU64,
    is_failing: AtomicBool,
    sampling: AtomicU64,
}

/// The queue's sending end. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Intake {
    sender: mpsc::Sender<LogRecord>,
    counts: Arc<LogCounts>,
}

/// The queue's receiving end. Cheap to clone; each line goes to one receiver.
#[derive(Clone)]
pub(crate) struct LogQueue {
    lines: Arc<Mutex<mpsc::Receiver<LogRecord>>>,
    counts: Arc<LogCounts>,
}

impl Intake {
    /// Both ends of a new queue.
    pub(crate) fn new() -> (Self, LogQueue) {
        let (sender, lines) = mpsc::channel(QUEUE_LINES);
        let counts = Arc::new(LogCounts::default());
        let queue = LogQueue { lines: Arc::new(Mutex::new(lines)), counts: Arc::clone(&counts) };
        (Self { sender, counts }, queue)
    }

    /// Whether a line of this level fits the queue's present load; counts it if not.
    pub(super) fn wants(&self, level: Level) -> bool {
        let is_pressed = self.sender.capacity() < self.sender.max_capacity() / 2;
        !is_pressed || self.counts.takes_sample(level)
    }

    /// Queues a line if there is room.
    pub(super) fn offer(&self, record: LogRecord) {
        if self.sender.try_send(record).is_err() {
            self.counts.overflowed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl LogCounts {
    /// Whether this line is in the sample that is kept of a flood; counts it if not.
    pub(crate) fn takes_sample(&self, level: Level) -> bool {
        if level >= Level::Warn
            || self.sampling.fetch_add(1, Ordering::Relaxed).is_multiple_of(SAMPLE)
        {
            return true;
        }
        self.sampled.fetch_add(1, Ordering::Relaxed);
        false
    }
}

impl LogQueue {
    /// The counters.
    pub(crate) fn counts(&self) -> Arc<LogCounts> {
        Arc::clone(&self.counts)
    }

    /// The next lines, at most [`BATCH_LINES_MAX`]; none when every sender is gone. Cancel-safe: a wait
    /// that is dropped loses no line.
    pub(crate) async fn next_lines(&self) -> Vec<LogRecord> {
        let mut lines = Vec::new();
        self.lines.lock().await.recv_many(&mut lines, BATCH_LINES_MAX).await;
        lines
    }

    /// Adds the lines that are queued now to `lines`.
    async fn add_waiting(&self, lines: &mut Vec<LogRecord>) {
        let mut queue = self.lines.lock().await;
        let room = BATCH_LINES_MAX.saturating_sub(lines.len());
        lines.extend(std::iter::from_fn(|| queue.try_recv().ok()).take(room));
    }

    #[cfg(test)]
    pub(super) fn try_next(&mut self) -> Option<LogRecord> {
        self.lines.try_lock().ok()?.try_recv().ok()
    }
}

/// Stores the queue's lines and prunes old ones.
#[derive(Clone)]
pub(crate) struct Writer {
    /// The queue to read.
    pub(crate) queue: LogQueue,
    /// The store to write.
    pub(crate) store: LogStore,
}

impl Writer {
    /// Stores lines until `stop`, then stores what is still queued.
    pub(crate) async fn run(self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut prune_at = Instant::now();
        loop {
            let mut lines = tokio::select! {
                lines = self.queue.next_lines() => lines,
                () = tokio::time::sleep_until(prune_at) => {
                    self.prune().await;
                    prune_at = Instant::now() + PRUNE_EVERY;
                    continue;
                }
                () = &mut stop => break,
            };
            if lines.is_empty() {
                stop.await;
                return;
            }
            if lines.len() < BATCH_LINES_MAX {
                tokio::time::sleep(GATHER).await;
                self.queue.add_waiting(&mut lines).await;
            }
            self.keep(lines).await;
        }
        loop {
            let mut lines = Vec::new();
            self.queue.add_waiting(&mut lines).await;
            if lines.is_empty() {
                return;
            }
            self.keep(lines).await;
        }
    }

    async fn keep(&self, lines: Vec<LogRecord>) {
        let number = u64::try_from(lines.len()).unwrap_or(u64::MAX);
        let counts = &self.queue.counts;
        match self.store.append(lines).await {
            Ok(()) => {
                counts.kept.fetch_add(number, Ordering::Relaxed);
                counts.is_failing.store(false, Ordering::Relaxed);
            }
            Err(error) => {
                counts.failed.fetch_add(number, Ordering::Relaxed);
                // Logged once: a log line for every lost line would be lost as well.
                if !counts.is_failing.swap(true, Ordering::Relaxed) {
                    tracing::error!(%error, "cannot write the log");
                }
            }
        }
    }

    async fn prune(&self) {
        loop {
            match self.store.prune(clock::now()).await {
                Ok(true) => tokio::task::yield_now().await,
                Ok(false) => return,
                Err(error) => {
                    tracing::debug!(%error, "cannot prune the log yet");
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use souk_actors::store::Opening;

    fn line(level: Level) -> LogRecord {
        LogRecord {
            time: clock::now(),
            service: "souk".to_owned(),
            level,
            message: "a line".to_owned(),
            fields: serde_json::Map::new(),
        }
    }

    #[test]
    fn a_flood_is_sampled_then_cut_and_every_lost_line_is_counted() {
        let (intake, queue) = Intake::new();
        let offered = 40_000;
        for number in 0..offered {
            let level = if number % 4 == 0 { Level::Error } else { Level::Info };
            if intake.wants(level) {
                intake.offer(line(level));
            }
        }
        let counts = queue.counts();
        let sampled = counts.sampled.load(Ordering::Relaxed);
        let overflowed = counts.overflowed.load(Ordering::Relaxed);
        let waiting = u64::try_from(QUEUE_LINES).expect("small");
        assert_eq!(sampled + overflowed + waiting, offered);
        assert!(sampled > offered / 2, "{sampled} of {offered} were sampled out");
    }

    #[tokio::test]
    async fn what_waits_is_kept_when_the_writer_stops() {
        let directory = tempfile::tempdir().expect("a directory");
        let limits =
            super::super::LogLimits { keep_for: Duration::from_secs(60), keep_bytes: 1 << 20 };
        let store = LogStore::open(directory.path(), Opening::OrMake, limits).expect("opens");
        let (intake, queue) = Intake::new();
        for _ in 0..2_500 {
            intake.offer(line(Level::Info));
        }
        let writer = Writer { queue, store: store.clone() };
        writer.run(std::future::ready(())).await;
        let found = store.search(&super::super::LogQuery::default(), 0, 1).expect("searched");
        assert_eq!(found.count, 2_500);
    }
}
