//! Turns and epochs: who may write when, and what ends it.

use super::snapshot::{definition, walk_table};
use super::table::ByteRange;
use super::{Direction, Key, Read, Row, Shared, StoreError, Table};
use crate::Failure;
use redb::{ReadableTable, ReadableTableMetadata};
use souk_domain::UnixMillis;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::{OwnedMutexGuard, oneshot};

/// How the epoch of a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Everything in it is durable.
    Committed,
    /// Nothing in it happened.
    Aborted,
    /// The disk failed in the middle: the next start will find all of it or nothing.
    Unknown,
}

/// What is behind the lock that makes turns exclusive: whoever holds it has the turn.
#[derive(Default)]
pub(super) struct Line {
    pub(super) open: Option<OpenEpoch>,
    last_turn: u64,
}

/// The epoch that is being written now.
pub(super) struct OpenEpoch {
    epoch: Arc<Epoch>,
    opened: Instant,
    pub(super) turns: Vec<oneshot::Sender<Ending>>,
    pub(super) is_condemned: bool,
}

impl OpenEpoch {
    /// Takes the write transaction out, so that no unit can reach it any more.
    pub(super) fn close(&self) -> (Option<redb::WriteTransaction>, usize) {
        let mut writing = self.epoch.lock();
        (writing.transaction.take(), writing.epoch_bytes)
    }
}

struct Epoch {
    writing: Mutex<Writing>,
    max_turn_bytes: usize,
}

struct Writing {
    transaction: Option<redb::WriteTransaction>,
    /// The turn whose units may write; 0 between turns.
    turn: u64,
    turn_bytes: usize,
    epoch_bytes: usize,
}

impl Epoch {
    fn lock(&self) -> MutexGuard<'_, Writing> {
        // A panic in here belongs to a turn, and that turn condemns the epoch.
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to read and write the open epoch during one turn. Owners get clones of it in their
/// messages; after the turn every clone answers [`StoreError::TurnOver`].
#[derive(Clone)]
pub struct Unit {
    epoch: Arc<Epoch>,
    turn: u64,
    now: UnixMillis,
}

impl Unit {
    /// The time of this turn: the same for all that happens in it.
    #[must_use]
    pub fn now(&self) -> UnixMillis {
        self.now
    }

    fn with<R>(
        &self,
        act: impl FnOnce(&redb::WriteTransaction, &mut WrittenBytes) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let mut guard = self.epoch.lock();
        let writing = &mut *guard;
        if writing.turn != self.turn {
            return Err(StoreError::TurnOver);
        }
        // Only borrowed: were it moved out, a panic in `act` would drop it while unwinding, and
        // redb would need a repair. Ending a transaction is the committer's business.
        let transaction = writing.transaction.as_ref().ok_or(StoreError::TurnOver)?;
        let mut written = WrittenBytes(0);
        let result = act(transaction, &mut written);
        writing.turn_bytes += written.0;
        writing.epoch_bytes += written.0;
        if writing.turn_bytes > self.epoch.max_turn_bytes {
            return Err(StoreError::TurnTooLarge { max_turn_bytes: self.epoch.max_turn_bytes });
        }
        result
    }

    pub(super) fn put_bytes(
        &self,
        table: &'static str,
        key: &[u8],
        value: &[u8],
    ) -> Result<(), StoreError> {
        self.with(|transaction, written| {
            written.0 = key.len() + value.len();
            transaction.open_table(definition(table))?.insert(key, value)?;
            Ok(())
        })
    }

    pub(super) fn delete_bytes(&self, table: &'static str, key: &[u8]) -> Result<bool, StoreError> {
        self.with(|transaction, written| {
            written.0 = key.len().max(1);
            let was_there = transaction.open_table(definition(table))?.remove(key)?.is_some();
            Ok(was_there)
        })
    }
}

struct WrittenBytes(usize);

impl Read for Unit {
    fn look_up<R>(
        &self,
        table: &'static str,
        key: &[u8],
        look: impl FnOnce(Option<&[u8]>) -> R,
    ) -> Result<R, StoreError> {
        self.with(|transaction, _| {
            let table = transaction.open_table(definition(table))?;
            let value = table.get(key)?;
            Ok(look(value.as_ref().map(redb::AccessGuard::value)))
        })
    }

    fn walk(
        &self,
        table: &'static str,
        range: ByteRange,
        direction: Direction,
        look: &mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.with(|transaction, _| {
            walk_table(&transaction.open_table(definition(table))?, &range, direction, look)
        })
    }

    fn count<K: Key, V: Row>(&self, table: Table<K, V>) -> Result<u64, StoreError> {
        self.with(|transaction, _| Ok(transaction.open_table(definition(table.name()))?.len()?))
    }
}

/// One request's exclusive time with the open epoch. Dropped without [`Turn::finish`] (a panic, an
/// aborted task), it condemns the epoch.
pub(super) struct Turn {
    shared: Arc<Shared>,
    /// `None` once the turn was handed on.
    line: Option<OwnedMutexGuard<Line>>,
    unit: Unit,
}

impl Turn {
    /// Waits in line, first come first served, and opens an epoch if none is open.
    pub(super) async fn take(shared: &Arc<Shared>) -> Result<Self, Failure> {
        let place = Place::behind(shared);
        let mut line = Arc::clone(&shared.line).lock_owned().await;
        drop(place);
        if shared.closing.load(Ordering::SeqCst) || *shared.broken.borrow() {
            return Err(Failure::Unavailable);
        }
        if !shared.free_disk.has_at_least(shared.limits.min_free_disk_bytes) {
            // An epoch that others opened must not wait for a turn that never comes.
            if line.open.is_some() {
                shared.committer.commit(line);
            }
            return Err(Failure::DiskFull);
        }
        if line.open.is_none() {
            line.open = Some(begin_epoch(shared)?);
        }
        line.last_turn += 1;
        let number = line.last_turn;
        let open = line.open.as_ref().expect("opened above");
        let epoch = Arc::clone(&open.epoch);
        {
            let mut writing = epoch.lock();
            writing.turn = number;
            writing.turn_bytes = 0;
        }
        let unit = Unit { epoch, turn: number, now: crate::clock::now() };
        Ok(Self { shared: Arc::clone(shared), line: Some(line), unit })
    }

    pub(super) fn unit(&self) -> Unit {
        self.unit.clone()
    }

    pub(super) fn written_bytes(&self) -> usize {
        self.unit.epoch.lock().turn_bytes
    }

    /// Ends the turn; answers when the fate of its epoch is known.
    pub(super) async fn finish(mut self, is_sound: bool) -> Ending {
        let (answer, fate) = oneshot::channel();
        if is_sound && self.shared.waiting.load(Ordering::SeqCst) == 0 {
            // Requests that have arrived but not yet asked for their turn get one chance to share
            // this commit; with nobody there this costs well under a microsecond.
            tokio::task::yield_now().await;
        }
        self.hand_on(is_sound, Some(answer));
        fate.await.unwrap_or(Ending::Unknown)
    }

    fn hand_on(&mut self, is_sound: bool, answer: Option<oneshot::Sender<Ending>>) {
        let Some(mut line) = self.line.take() else { return };
        let epoch_bytes = {
            let mut writing = self.unit.epoch.lock();
            writing.turn = 0;
            writing.epoch_bytes
        };
        let open = line.open.as_mut().expect("an epoch stays open during a turn");
        open.turns.extend(answer);
        open.is_condemned |= !is_sound;
        let limits = &self.shared.limits;
        let is_full = open.turns.len() >= limits.max_turns_per_epoch
            || open.opened.elapsed() >= limits.max_epoch_age
            || epoch_bytes >= limits.max_epoch_bytes;
        let is_last = self.shared.waiting.load(Ordering::SeqCst) == 0;
        if open.is_condemned || is_full || is_last {
            self.shared.committer.commit(line);
            return;
        }
        drop(line);
        commit_if_abandoned(&self.shared);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.hand_on(false, None);
    }
}

/// A place in the line; given up when the turn begins or the request goes away.
struct Place<'a> {
    shared: &'a Arc<Shared>,
}

impl<'a> Place<'a> {
    fn behind(shared: &'a Arc<Shared>) -> Self {
        shared.waiting.fetch_add(1, Ordering::SeqCst);
        Self { shared }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.shared.waiting.fetch_sub(1, Ordering::SeqCst);
        commit_if_abandoned(self.shared);
    }
}

/// Commits an epoch that was left open for a waiting request that then went away. Called after
/// the line was released and after a place was given up, so that one of the two always sees it.
fn commit_if_abandoned(shared: &Arc<Shared>) {
    if shared.waiting.load(Ordering::SeqCst) > 0 {
        return;
    }
    if let Ok(line) = Arc::clone(&shared.line).try_lock_owned()
        && line.open.is_some()
    {
        shared.committer.commit(line);
    }
}

fn begin_epoch(shared: &Arc<Shared>) -> Result<OpenEpoch, Failure> {
    // Never blocks: the committer gives the line back only after the last transaction ended.
    let mut transaction = shared.database.begin_write().map_err(StoreError::from)?;
    transaction.set_durability(redb::Durability::Immediate).map_err(StoreError::from)?;
    let writing =
        Writing { transaction: Some(transaction), turn: 0, turn_bytes: 0, epoch_bytes: 0 };
    let epoch =
        Epoch { writing: Mutex::new(writing), max_turn_bytes: shared.limits.max_turn_bytes };
    Ok(OpenEpoch {
        epoch: Arc::new(epoch),
        opened: Instant::now(),
        turns: Vec::new(),
        is_condemned: false,
    })
}

/// Free space on the store's disk, asked at most once a second.
pub(super) struct FreeDisk {
    directory: Option<PathBuf>,
    bytes: AtomicU64,
    asked_at: AtomicI64,
}

impl FreeDisk {
    pub(super) fn new(directory: Option<PathBuf>) -> Self {
        Self { directory, bytes: AtomicU64::new(u64::MAX), asked_at: AtomicI64::new(0) }
    }

    fn has_at_least(&self, wanted: u64) -> bool {
        let Some(directory) = &self.directory else { return true };
        let second = crate::clock::now().seconds();
        if self.asked_at.swap(second, Ordering::Relaxed) != second {
            let free = rustix::fs::statvfs(directory)
                .map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize));
            self.bytes.store(free, Ordering::Relaxed);
        }
        self.bytes.load(Ordering::Relaxed) >= wanted
    }
}
