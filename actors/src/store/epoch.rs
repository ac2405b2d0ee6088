//! Turns and epochs: when a request may write, and how epochs end.

use super::counters::Counters;
use super::free_disk::DiskState;
use super::snapshot::{definition, walk_table};
use super::table::{ByteRange, Look};
use super::{Direction, Key, Read, Row, Shared, StoreError, Table};
use crate::Failure;
use redb::{ReadableTable, ReadableTableMetadata};
use souk_domain::UnixMillis;
use std::cell::Cell;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedMutexGuard, oneshot};

/// How the epoch of a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Everything in it is durable.
    Committed,
    /// None of it happened.
    Aborted,
    /// The disk failed during the commit: the next start finds all of it or nothing.
    Unknown,
}

/// The value behind the lock that makes turns exclusive: the holder of the lock has the turn and is
/// the only writer.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) open: Option<OpenEpoch>,
    last_turn: u64,
}

/// The epoch that is currently written.
pub(super) struct OpenEpoch {
    epoch: Arc<Epoch>,
    opened: Instant,
    pub(super) turns: Vec<oneshot::Sender<Ending>>,
    pub(super) is_condemned: bool,
}

impl OpenEpoch {
    /// Takes the write transaction, so that no unit can use it any more.
    pub(super) fn close(&self) -> ClosedEpoch {
        let mut writing = self.epoch.lock();
        ClosedEpoch {
            transaction: writing.transaction.take(),
            counters: std::mem::take(&mut writing.counters),
            written_bytes: writing.epoch_bytes,
        }
    }
}

/// The parts of an epoch that the committer needs.
pub(super) struct ClosedEpoch {
    pub(super) transaction: Option<redb::WriteTransaction>,
    pub(super) counters: Counters,
    pub(super) written_bytes: usize,
}

struct Epoch {
    writing: Mutex<Writing>,
    max_turn_bytes: usize,
}

#[derive(Default)]
struct Writing {
    transaction: Option<redb::WriteTransaction>,
    /// The turn whose units may write; 0 between turns.
    turn: u64,
    turn_bytes: usize,
    /// A write of this turn failed or panicked, so its effects are unknown.
    is_spoiled: bool,
    epoch_bytes: usize,
    counters: Counters,
}

/// What a turn wrote to its epoch.
pub(super) struct Written {
    pub(super) bytes: usize,
    /// A write failed, so the epoch must be aborted, whatever the turn's result.
    pub(super) is_spoiled: bool,
}

impl Epoch {
    fn lock(&self) -> MutexGuard<'_, Writing> {
        // A poisoned lock comes from a panic in a turn, and that turn condemns the epoch.
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to read and write the open epoch during one turn. Messages to owners carry clones of
/// it. After the turn, every clone returns [`StoreError::TurnOver`].
#[derive(Clone)]
pub struct Unit {
    epoch: Arc<Epoch>,
    turn: u64,
    now: UnixMillis,
}

impl Unit {
    /// The time of this turn, the same for all its changes.
    #[must_use]
    pub fn now(&self) -> UnixMillis {
        self.now
    }

    /// `written_bytes` is 0 for a read.
    fn with<R>(
        &self,
        written_bytes: usize,
        act: impl FnOnce(&redb::WriteTransaction, &mut Counters) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let _use = UnitUse::begin()?;
        let mut guard = self.epoch.lock();
        let writing = &mut *guard;
        if writing.turn != self.turn {
            return Err(StoreError::TurnOver);
        }
        // Borrowed, not moved: a panic in `act` would drop a moved transaction while unwinding, and
        // redb would need a repair. Only the committer ends transactions.
        let transaction = writing.transaction.as_ref().ok_or(StoreError::TurnOver)?;
        if written_bytes == 0 {
            return act(transaction, &mut writing.counters);
        }
        writing.turn_bytes += written_bytes;
        writing.epoch_bytes += written_bytes;
        let was_spoiled = std::mem::replace(&mut writing.is_spoiled, true);
        if writing.turn_bytes > self.epoch.max_turn_bytes {
            return Err(StoreError::TurnTooLarge { max_turn_bytes: self.epoch.max_turn_bytes });
        }
        let result = act(transaction, &mut writing.counters)?;
        writing.is_spoiled = was_spoiled;
        Ok(result)
    }

    /// The next number of a kind, from 1. Never reused.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn next_number(&self, kind: &'static str) -> Result<u64, StoreError> {
        self.with(size_of::<u64>(), |transaction, counters| counters.next(transaction, kind))
    }

    /// The last number used of every kind.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn counted(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.with(0, |transaction, counters| counters.all(transaction))
    }

    /// Skips this many numbers of a kind: they are never used.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn skip_numbers(&self, kind: &'static str, numbers: u64) -> Result<(), StoreError> {
        self.with(size_of::<u64>(), |transaction, counters| {
            counters.skip(transaction, kind, numbers)
        })
    }

    pub(super) fn put_bytes(
        &self,
        table: &'static str,
        key: &[u8],
        value: &[u8],
    ) -> Result<(), StoreError> {
        self.with((key.len() + value.len()).max(1), |transaction, _| {
            transaction.open_table(definition(table))?.insert(key, value)?;
            Ok(())
        })
    }

    pub(super) fn delete_bytes(&self, table: &'static str, key: &[u8]) -> Result<bool, StoreError> {
        self.with(key.len().max(1), |transaction, _| {
            let was_there = transaction.open_table(definition(table))?.remove(key)?.is_some();
            Ok(was_there)
        })
    }
}

thread_local! {
    static IS_IN_UNIT: Cell<bool> = const { Cell::new(false) };
}

/// Detects the use of a unit inside its own `visit`, which would deadlock, and makes it an error.
struct UnitUse;

impl UnitUse {
    fn begin() -> Result<Self, StoreError> {
        if IS_IN_UNIT.replace(true) {
            return Err(StoreError::Contradiction { what: "a unit was used inside its own visit" });
        }
        Ok(Self)
    }
}

impl Drop for UnitUse {
    fn drop(&mut self) {
        IS_IN_UNIT.set(false);
    }
}

impl Read for Unit {
    fn look_up<R>(
        &self,
        table: &'static str,
        key: &[u8],
        look: impl FnOnce(Option<&[u8]>) -> R,
    ) -> Result<R, StoreError> {
        self.with(0, |transaction, _| {
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
        look: Look<'_>,
    ) -> Result<(), StoreError> {
        self.with(0, |transaction, _| {
            walk_table(&transaction.open_table(definition(table))?, &range, direction, look)
        })
    }

    fn count<K: Key, V: Row>(&self, table: Table<K, V>) -> Result<u64, StoreError> {
        self.with(0, |transaction, _| {
            Ok(transaction.open_table(definition(table.name()))?.len()?)
        })
    }
}

/// One request's exclusive time with the open epoch. If it is dropped without [`Turn::finish`] (a
/// panic, an aborted task), it condemns the epoch.
pub(super) struct Turn {
    shared: Arc<Shared>,
    /// `None` once the turn has passed on the lock.
    writer: Option<OwnedMutexGuard<Writer>>,
    unit: Unit,
    may_run_again: bool,
}

impl Turn {
    /// Waits for its turn, first come, first served, and opens an epoch if none is open.
    pub(super) async fn take(waiting: WaitingTurn) -> Result<Self, Failure> {
        let shared = Arc::clone(&waiting.shared);
        let mut writer = Arc::clone(&shared.writer).lock_owned().await;
        drop(waiting);
        let (epoch, number) = match next_turn(&shared, &mut writer) {
            Ok(next) => next,
            Err(failure) => {
                // This turn will not happen, so an epoch that other turns opened must not wait for
                // it.
                commit_if_open(&shared, writer);
                return Err(failure);
            }
        };
        let unit = Unit { epoch, turn: number, now: crate::clock::now() };
        Ok(Self { shared, writer: Some(writer), unit, may_run_again: true })
    }

    pub(super) fn unit(&self) -> Unit {
        self.unit.clone()
    }

    pub(super) fn deadline(&self) -> Duration {
        self.shared.limits.turn_deadline
    }

    /// Prevents further writes by this turn's units. Returns what they wrote.
    pub(super) fn end_writing(&self) -> Written {
        let mut writing = self.unit.epoch.lock();
        writing.turn = 0;
        Written { bytes: writing.turn_bytes, is_spoiled: writing.is_spoiled }
    }

    /// Ends the turn. Returns when the epoch is committed or aborted. A turn that may not run again
    /// ends its epoch at once, so that no later turn can condemn it.
    pub(super) async fn finish(mut self, is_sound: bool, may_run_again: bool) -> Ending {
        let (answer, fate) = oneshot::channel();
        self.may_run_again = may_run_again;
        if is_sound && may_run_again && self.shared.waiting.load(Ordering::SeqCst) == 0 {
            // Requests that have arrived but not yet queued for a turn get one chance to share this
            // commit. Without such requests this costs well under a microsecond.
            tokio::task::yield_now().await;
        }
        self.hand_on(is_sound, Some(answer));
        fate.await.unwrap_or(Ending::Unknown)
    }

    fn hand_on(&mut self, is_sound: bool, answer: Option<oneshot::Sender<Ending>>) {
        let Some(mut writer) = self.writer.take() else { return };
        let epoch_bytes = {
            let mut writing = self.unit.epoch.lock();
            writing.turn = 0;
            writing.epoch_bytes
        };
        let open = writer.open.as_mut().expect("an epoch stays open during a turn");
        open.turns.extend(answer);
        open.is_condemned |= !is_sound;
        let limits = &self.shared.limits;
        let is_full = open.turns.len() >= limits.max_turns_per_epoch
            || open.opened.elapsed() >= limits.max_epoch_age
            || epoch_bytes >= limits.max_epoch_bytes;
        let is_last = self.shared.waiting.load(Ordering::SeqCst) == 0;
        if open.is_condemned || is_full || is_last || !self.may_run_again {
            self.shared.committer.commit(writer);
            return;
        }
        drop(writer);
        commit_if_abandoned(&self.shared);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.hand_on(false, None);
    }
}

/// A request that waits for its turn; counted until the turn begins or the request is dropped.
pub(super) struct WaitingTurn {
    shared: Arc<Shared>,
}

impl WaitingTurn {
    pub(super) fn behind(shared: &Arc<Shared>) -> Self {
        shared.waiting.fetch_add(1, Ordering::SeqCst);
        Self { shared: Arc::clone(shared) }
    }

    /// Starts to wait. Fails if the bound on waiting requests is reached.
    pub(super) fn behind_bounded(shared: &Arc<Shared>) -> Result<Self, Failure> {
        let is_free = |waiting| (waiting < shared.limits.max_waiting_turns).then_some(waiting + 1);
        match shared.waiting.fetch_update(Ordering::SeqCst, Ordering::SeqCst, is_free) {
            Ok(_) => Ok(Self { shared: Arc::clone(shared) }),
            Err(_) => Err(Failure::Busy),
        }
    }
}

impl Drop for WaitingTurn {
    fn drop(&mut self) {
        self.shared.waiting.fetch_sub(1, Ordering::SeqCst);
        commit_if_abandoned(&self.shared);
    }
}

/// Commits an epoch that was left open for a waiting request that was then dropped. Called after
/// the lock was released and after a request stopped waiting, so that one of the two always finds
/// it. Other code that takes the lock without opening a turn uses [`commit_if_open`].
fn commit_if_abandoned(shared: &Arc<Shared>) {
    if shared.waiting.load(Ordering::SeqCst) > 0 {
        return;
    }
    if let Ok(writer) = Arc::clone(&shared.writer).try_lock_owned() {
        commit_if_open(shared, writer);
    }
}

/// Releases the lock without a turn; true if that ends an open epoch.
pub(super) fn commit_if_open(shared: &Arc<Shared>, writer: OwnedMutexGuard<Writer>) -> bool {
    let is_open = writer.open.is_some();
    if is_open {
        shared.committer.commit(writer);
    }
    is_open
}

fn next_turn(shared: &Arc<Shared>, writer: &mut Writer) -> Result<(Arc<Epoch>, u64), Failure> {
    if shared.closing.load(Ordering::SeqCst) || *shared.broken.borrow() {
        return Err(Failure::Unavailable);
    }
    match shared.free_disk.look() {
        DiskState::Good => {}
        DiskState::Full => return Err(Failure::DiskFull),
        DiskState::ReadOnly => return Err(Failure::DiskReadOnly),
    }
    let open = match &mut writer.open {
        Some(open) => open,
        None => writer.open.insert(begin_epoch(shared)?),
    };
    writer.last_turn += 1;
    let mut writing = open.epoch.lock();
    writing.turn = writer.last_turn;
    writing.turn_bytes = 0;
    writing.is_spoiled = false;
    drop(writing);
    Ok((Arc::clone(&open.epoch), writer.last_turn))
}

fn begin_epoch(shared: &Arc<Shared>) -> Result<OpenEpoch, Failure> {
    // Never blocks: the committer releases the lock only after the last transaction ended.
    let begun = shared.database.begin_write().map_err(StoreError::from).and_then(|mut begun| {
        begun.set_durability(redb::Durability::Immediate)?;
        Ok(begun)
    });
    let transaction = begun.inspect_err(|error| {
        // redb never writes again after a disk error, not even after a read error.
        tracing::error!(error = error as &dyn std::error::Error, "the store cannot write");
        shared.broken.send_replace(true);
    })?;
    let writing = Writing { transaction: Some(transaction), ..Writing::default() };
    let epoch =
        Epoch { writing: Mutex::new(writing), max_turn_bytes: shared.limits.max_turn_bytes };
    Ok(OpenEpoch {
        epoch: Arc::new(epoch),
        opened: Instant::now(),
        turns: Vec::new(),
        is_condemned: false,
    })
}
