//! Stores log lines in their own store, so that the shop's store neither grows with the log nor waits
//! for it. Lines are in buckets of an hour, in the order of their time.

use super::query::LogQuery;
use super::record::{Level, LogRecord};
use super::stored::{HOURS, LINES, LineKey};
use serde::{Deserialize, Serialize};
use serde_json::Map;
use souk_actors::Failure;
use souk_actors::store::{
    Direction, OpenError, Opening, Read, Schema, Store, StoreError, StoreKind, StoreLimits, Unit,
};
use souk_domain::UnixMillis;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, watch};

/// Counts appended batches; a line's number combines its batch's number and its place in the batch.
const BATCHES: &str = "log batch";

const HOUR_MILLIS: u64 = 60 * 60 * 1_000;
const CACHE_BYTES: usize = 4 << 20;
/// Most lines of one batch.
pub(crate) const BATCH_LINES_MAX: usize = 1_000;
/// What a line is counted as in addition to its texts.
const LINE_OVERHEAD_BYTES: u64 = 48;
/// Old lines deleted in one turn.
const PRUNED_LINES: usize = 2_000;
/// Most lines that one search reads, newest first; a narrower query reaches older ones.
const SEARCHED_LINES_MAX: usize = 200_000;
/// Lines queued per follower; a slower follower misses some and gets their number.
const FOLLOWED_LINES_MAX: usize = 4_096;

/// How much of the log is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogLimits {
    /// Older lines are deleted.
    pub(crate) keep_for: Duration,
    /// Octets of lines; with more, the oldest are deleted.
    pub(crate) keep_bytes: u64,
}

/// A line as stored, without its time and number.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) service: String,
    pub(super) level: Level,
    pub(super) message: String,
    /// A JSON object.
    pub(super) fields: String,
}

/// The totals of an hour's bucket.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hour {
    pub(super) lines: u64,
    pub(super) bytes: u64,
}

/// A line with its number: larger numbers were stored later.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredLine {
    /// Its number.
    pub(crate) number: u64,
    #[serde(flatten)]
    pub(crate) record: LogRecord,
}

/// The result of a search.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct SearchResult {
    /// How many lines match.
    pub(crate) count: u64,
    /// The requested part of them, newest first.
    pub(crate) lines: Vec<StoredLine>,
    /// The time of the last line read, in milliseconds since the epoch, if the search stopped at its
    /// limit; `None` if it read everything.
    pub(crate) ended_at: Option<i64>,
}

/// The log's store. Cheap to clone; all clones are the same store.
#[derive(Clone)]
pub(crate) struct LogStore {
    store: Store,
    limits: LogLimits,
    new: broadcast::Sender<Arc<StoredLine>>,
}

impl LogStore {
    /// Opens the log in its own directory. Reads and writes the disk.
    ///
    /// # Errors
    /// [`OpenError`]; [`OpenError::InUse`] while another process keeps the log.
    pub(crate) fn open(
        directory: &Path,
        opening: Opening,
        limits: LogLimits,
    ) -> Result<Self, OpenError> {
        let bounds = StoreLimits { cache_bytes: CACHE_BYTES, ..StoreLimits::default() };
        let schema = Schema::new(StoreKind::Log, &[LINES.name(), HOURS.name()]);
        let store = Store::open(directory, &schema, opening, bounds)?;
        Ok(Self { store, limits, new: broadcast::Sender::new(FOLLOWED_LINES_MAX) })
    }

    /// Lines from before this time are not stored.
    pub(crate) fn oldest(&self, now: UnixMillis) -> UnixMillis {
        now.before(self.limits.keep_for)
    }

    /// Stores lines durably; at most [`BATCH_LINES_MAX`].
    ///
    /// # Errors
    /// [`Failure`] of the store; no line is stored then.
    pub(crate) async fn append(&self, records: Vec<LogRecord>) -> Result<(), Failure> {
        debug_assert!(records.len() <= BATCH_LINES_MAX, "callers cut their batches");
        let records: Arc<[LogRecord]> = records.into();
        let written = Arc::clone(&records);
        let first = self
            .store
            .transact(move |unit| {
                let records = Arc::clone(&written);
                async move { write(&unit, &records) }
            })
            .await?;
        if self.new.receiver_count() > 0 {
            for (number, record) in (first..).zip(records.iter()) {
                let kept = StoredLine { number, record: record.clone() };
                // Fails if there are no followers.
                let _ = self.new.send(Arc::new(kept));
            }
        }
        Ok(())
    }

    /// Deletes some of the lines that are too old or too many; true if more remain.
    ///
    /// # Errors
    /// [`Failure`] of the store.
    pub(crate) async fn prune(&self, now: UnixMillis) -> Result<bool, Failure> {
        let kept_from = millis(self.oldest(now));
        let limit = self.limits.keep_bytes;
        let (mut bytes, mut first_hour) = (0_u64, None);
        self.store.snapshot().visit(HOURS, &0, None, Direction::Ascending, |hour, total| {
            bytes += total.bytes;
            first_hour.get_or_insert(hour);
            ControlFlow::Continue(())
        })?;
        let is_old = first_hour.is_some_and(|hour| (hour + 1) * HOUR_MILLIS <= kept_from);
        if !is_old && bytes <= limit {
            return Ok(false);
        }
        let excess = bytes.saturating_sub(limit);
        self.store.transact(move |unit| async move { delete(&unit, kept_from, excess) }).await
    }

    /// The lines that `query` matches, newest first: `limit` of them after the first `offset`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn search(
        &self,
        query: &LogQuery,
        offset: u64,
        limit: usize,
    ) -> Result<SearchResult, StoreError> {
        let bound = |time: i64| key(u64::try_from(time).unwrap_or(0), 0);
        let from = bound(query.since.unwrap_or(0));
        let to = query.until.map(bound);
        let (mut found, mut looked_at) = (SearchResult::default(), 0);
        let look = |(_, (time, number)), line: Line| {
            looked_at += 1;
            if looked_at > SEARCHED_LINES_MAX {
                found.ended_at = i64::try_from(time).ok();
                return ControlFlow::Break(());
            }
            let fields = || Cow::Borrowed(line.fields.as_str());
            if query.is_about(&line.service, line.level, &line.message, fields) {
                found.count += 1;
                if found.count > offset && found.lines.len() < limit {
                    found.lines.push(line.kept(time, number));
                }
            }
            ControlFlow::Continue(())
        };
        self.store.snapshot().visit(LINES, &from, to.as_ref(), Direction::Descending, look)?;
        Ok(found)
    }

    /// The lines that are stored from now on.
    pub(super) fn follow(&self) -> broadcast::Receiver<Arc<StoredLine>> {
        self.new.subscribe()
    }

    /// Turns true when the disk failed during a commit.
    pub(crate) fn broken(&self) -> watch::Receiver<bool> {
        self.store.broken()
    }

    /// Waits until all lines are durable.
    pub(crate) async fn close(&self) {
        self.store.close().await;
    }
}

impl Line {
    fn of(record: &LogRecord) -> Self {
        Self {
            service: record.service.clone(),
            level: record.level,
            message: record.message.clone(),
            fields: serde_json::to_string(&record.fields).unwrap_or_default(),
        }
    }

    fn bytes(&self) -> u64 {
        let texts = self.service.len() + self.message.len() + self.fields.len();
        u64::try_from(texts).unwrap_or(u64::MAX).saturating_add(LINE_OVERHEAD_BYTES)
    }

    fn kept(self, time: u64, number: u64) -> StoredLine {
        let record = LogRecord {
            time: UnixMillis::new(i64::try_from(time).unwrap_or(i64::MAX)),
            service: self.service,
            level: self.level,
            message: self.message,
            fields: serde_json::from_str(&self.fields).unwrap_or_else(|_| Map::new()),
        };
        StoredLine { number, record }
    }
}

fn millis(time: UnixMillis) -> u64 {
    u64::try_from(time.get()).unwrap_or(0)
}

fn key(millis: u64, number: u64) -> LineKey {
    (millis / HOUR_MILLIS, (millis, number))
}

/// Writes lines in an open turn; returns the number of the first.
fn write(unit: &Unit, records: &[LogRecord]) -> Result<u64, Failure> {
    let first = unit.next_number(BATCHES)?.saturating_mul(1 << 16);
    let mut hours: BTreeMap<u64, Hour> = BTreeMap::new();
    for (number, record) in (first..).zip(records) {
        let line = Line::of(record);
        let key = key(millis(record.time), number);
        unit.put(LINES, &key, &line)?;
        let hour = hours.entry(key.0).or_default();
        hour.lines += 1;
        hour.bytes += line.bytes();
    }
    for (hour, more) in hours {
        let there = unit.get(HOURS, &hour)?.unwrap_or_default();
        let total = Hour { lines: there.lines + more.lines, bytes: there.bytes + more.bytes };
        unit.put(HOURS, &hour, &total)?;
    }
    Ok(first)
}

/// Deletes the oldest lines: those before `kept_from`, and more until `excess` octets are freed.
fn delete(unit: &Unit, kept_from: u64, mut excess: u64) -> Result<bool, Failure> {
    let oldest = unit.range(LINES, &key(0, 0), None, Direction::Ascending, PRUNED_LINES)?;
    let mut gone: BTreeMap<u64, Hour> = BTreeMap::new();
    let mut deleted = 0;
    for (key, line) in oldest {
        if key.1.0 >= kept_from && excess == 0 {
            break;
        }
        unit.delete(LINES, &key)?;
        deleted += 1;
        excess = excess.saturating_sub(line.bytes());
        let hour = gone.entry(key.0).or_default();
        hour.lines += 1;
        hour.bytes += line.bytes();
    }
    for (hour, less) in gone {
        let there = unit.get(HOURS, &hour)?.unwrap_or_default();
        let lines = there.lines.saturating_sub(less.lines);
        if lines == 0 {
            unit.delete(HOURS, &hour)?;
        } else {
            let total = Hour { lines, bytes: there.bytes.saturating_sub(less.bytes) };
            unit.put(HOURS, &hour, &total)?;
        }
    }
    Ok(deleted == PRUNED_LINES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{Example, findings};

    const NOW: UnixMillis = UnixMillis::new(1_700_000_000_000);
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn line(message: &str, age: Duration) -> LogRecord {
        LogRecord {
            time: NOW.before(age),
            service: "till".to_owned(),
            level: Level::Info,
            message: message.to_owned(),
            fields: Map::new(),
        }
    }

    fn open(directory: &Path, keep_bytes: u64) -> LogStore {
        let limits = LogLimits { keep_for: 7 * DAY, keep_bytes };
        LogStore::open(directory, Opening::OrMake, limits).expect("opens")
    }

    #[test]
    fn lines_of_every_version_are_read_and_the_newest_is_written() {
        let line = |level, fields: &str| Line {
            service: "till".to_owned(),
            level,
            message: "Receipt of 3 €\nprinted".to_owned(),
            fields: fields.to_owned(),
        };
        let mut examples: Vec<_> = (0..=u8::MAX)
            .filter_map(|number| Some((number, Level::from_number(number)?)))
            .map(|(number, level)| {
                let key = key(millis(NOW), number.into());
                let fields = if number == 0 { "{}" } else { "{\"till\":3}" };
                Example::of(LINES, &format!("{level:?}"), &key, &line(level, fields))
            })
            .collect();
        let hour = Hour { lines: 300, bytes: 70_000 };
        examples.push(Example::of(HOURS, "an hour", &key(millis(NOW), 0).0, &hour));
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/log");
        let findings = findings(&directory, &[LINES.reader(), HOURS.reader()], &examples);
        assert!(findings.is_empty(), "{}", findings.join("\n"));
    }

    fn messages(found: &SearchResult) -> Vec<&str> {
        found.lines.iter().map(|kept| kept.record.message.as_str()).collect()
    }

    async fn prune(log: &LogStore) {
        while log.prune(NOW).await.expect("pruned") {}
    }

    #[tokio::test]
    async fn lines_are_found_newest_first_in_pages_and_over_a_restart() {
        let directory = tempfile::tempdir().expect("a directory");
        let log = open(directory.path(), u64::MAX);
        let hour = Duration::from_secs(3_600);
        let lines =
            vec![line("second", hour), line("third", Duration::ZERO), line("first", 2 * hour)];
        log.append(lines).await.expect("kept");
        log.close().await;
        drop(log);

        let log = open(directory.path(), u64::MAX);
        let all = LogQuery::default();
        let found = log.search(&all, 0, 10).expect("searched");
        assert_eq!((messages(&found), found.ended_at), (vec!["third", "second", "first"], None));
        let found = log.search(&all, 1, 1).expect("searched");
        assert_eq!((messages(&found), found.count), (vec!["second"], 3));
        let query = LogQuery {
            since: Some(NOW.before(2 * hour).get()),
            until: Some(NOW.get()),
            ..LogQuery::default()
        };
        assert_eq!(messages(&log.search(&query, 0, 10).expect("searched")), ["second", "first"]);
    }

    #[tokio::test]
    async fn old_lines_go_and_so_do_the_oldest_of_too_many() {
        let directory = tempfile::tempdir().expect("a directory");
        let log = open(directory.path(), 64 * 1024);
        log.append(vec![line("old", 8 * DAY), line("new", DAY)]).await.expect("kept");
        prune(&log).await;
        let all = LogQuery::default();
        assert_eq!(messages(&log.search(&all, 0, 10).expect("searched")), ["new"]);

        let long = "x".repeat(1_000);
        let many = |_| line(&long, Duration::ZERO);
        log.append((0..100).map(many).collect()).await.expect("kept");
        prune(&log).await;
        let found = log.search(&all, 0, 1_000).expect("searched");
        let bytes: u64 = found.lines.iter().map(|kept| Line::of(&kept.record).bytes()).sum();
        assert!((60_000..=64 * 1024).contains(&bytes), "{bytes} octets are left");
        assert!(!messages(&found).contains(&"new"), "the oldest went first");
    }
}
