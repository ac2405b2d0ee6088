//! The open epoch, and the unit through which a turn reads and writes it.

use super::counters::Counters;
use super::levels::Levels;
use super::table::{ByteRange, Look};
use super::write_set::{Entry, WriteSet};
use super::{Direction, Key, Read, Row, Snapshot, StoreError, StoreLimits, Table, TableId, Tables};
use souk_domain::UnixMillis;
use std::cell::Cell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An epoch while turns write it.
#[derive(Debug)]
pub(super) struct Epoch {
    writing: Mutex<Writing>,
    tables: Tables,
    base: Arc<Snapshot>,
    /// The writes of the epoch before this one, if it was not durable when this one began.
    committing: Option<Arc<WriteSet>>,
    max_turn_bytes: usize,
    /// Bound on the memory of the writes of this epoch and the one before it.
    max_overlay_bytes: usize,
}

#[derive(Debug)]
struct Writing {
    /// The turn whose units may write; 0 between turns.
    turn: u64,
    turn_bytes: usize,
    /// A write of this turn failed, so the turn has no effect, whatever its result.
    failed: Option<FailedWrite>,
    writes: WriteSet,
    counters: Counters,
    counts: RowCounts,
}

/// Why a write failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailedWrite {
    /// The epochs in memory have reached their bound.
    OverlayFull,
    /// Anything else.
    Other,
}

/// What a turn did to its epoch.
pub(super) struct Written {
    pub(super) is_empty: bool,
    pub(super) failed: Option<FailedWrite>,
}

impl Epoch {
    pub(super) fn new(
        tables: Tables,
        base: Arc<Snapshot>,
        committing: Option<Arc<WriteSet>>,
        limits: &StoreLimits,
    ) -> Self {
        let writing = Writing {
            turn: 0,
            turn_bytes: 0,
            failed: None,
            writes: WriteSet::new(tables.len()),
            counters: Counters::default(),
            counts: RowCounts::default(),
        };
        Self {
            writing: Mutex::new(writing),
            tables,
            base,
            committing,
            max_turn_bytes: limits.max_turn_bytes,
            max_overlay_bytes: limits.max_overlay_bytes,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Writing> {
        // A poisoned lock comes from a panic while a turn read. Its writes are whole.
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn levels<'a>(&'a self, writes: &'a WriteSet) -> Levels<'a> {
        Levels { open: writes, committing: self.committing.as_deref(), base: &self.base }
    }

    /// Begins a turn. What was written before it can no longer be undone.
    pub(super) fn begin_turn(&self, turn: u64) {
        let mut writing = self.lock();
        writing.turn = turn;
        writing.turn_bytes = 0;
        writing.failed = None;
        writing.writes.begin_turn();
        writing.counters.begin_turn();
        writing.counts.begin_turn();
    }

    /// Ends the writing of the present turn. Returns what it did.
    pub(super) fn end_writing(&self) -> Written {
        let mut writing = self.lock();
        writing.turn = 0;
        Written { is_empty: !writing.has_written(), failed: writing.failed }
    }

    /// Undoes the present turn. True if it had written anything.
    pub(super) fn roll_back(&self) -> bool {
        let mut writing = self.lock();
        writing.turn = 0;
        let had_written = writing.has_written();
        writing.writes.roll_back();
        writing.counters.roll_back();
        writing.counts.roll_back();
        had_written
    }

    /// The memory that the writes take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.lock().writes.bytes()
    }

    /// Takes the writes. No turn may be open, and none may begin afterwards.
    pub(super) fn seal(&self) -> Result<WriteSet, StoreError> {
        let mut guard = self.lock();
        let writing = &mut *guard;
        writing.turn = 0;
        writing.counters.write(&self.tables, &mut writing.writes)?;
        let mut writes = std::mem::replace(&mut writing.writes, WriteSet::new(0));
        writes.begin_turn();
        Ok(writes)
    }
}

impl Writing {
    fn has_written(&self) -> bool {
        self.turn_bytes > 0 || self.writes.has_undo()
    }

    /// Counts bytes that the turn wants to write, and judges the bounds.
    fn admit(&mut self, bytes: usize, epoch: &Epoch) -> Result<(), StoreError> {
        self.turn_bytes += bytes;
        if self.turn_bytes > epoch.max_turn_bytes {
            self.failed = Some(FailedWrite::Other);
            return Err(StoreError::TurnTooLarge { max_turn_bytes: epoch.max_turn_bytes });
        }
        let committing = epoch.committing.as_ref().map_or(0, |writes| writes.bytes());
        if self.writes.bytes() + committing + bytes > epoch.max_overlay_bytes {
            if self.writes.bytes_before_turn() + committing == 0 {
                self.failed = Some(FailedWrite::Other);
                return Err(StoreError::TurnTooLarge { max_turn_bytes: epoch.max_overlay_bytes });
            }
            self.failed = Some(FailedWrite::OverlayFull);
            return Err(StoreError::OverlayFull { max_overlay_bytes: epoch.max_overlay_bytes });
        }
        Ok(())
    }

    fn write(
        &mut self,
        epoch: &Epoch,
        table: usize,
        key: Vec<u8>,
        entry: Entry,
    ) -> Result<(), StoreError> {
        if let Some(count) = self.counts.of(table) {
            let was_there = epoch.levels(&self.writes).contains(table, &key)?;
            *count += u64::from(entry.row().is_some());
            *count = count.saturating_sub(u64::from(was_there));
        }
        self.writes.write(table, key, entry);
        Ok(())
    }
}

/// The numbers of rows of the tables that were counted in this epoch.
#[derive(Debug, Default)]
struct RowCounts {
    counted: Vec<(usize, u64)>,
    /// The same before the present turn.
    before_turn: Vec<(usize, u64)>,
}

impl RowCounts {
    fn begin_turn(&mut self) {
        self.before_turn.clone_from(&self.counted);
    }

    fn roll_back(&mut self) {
        self.counted.clone_from(&self.before_turn);
    }

    fn of(&mut self, table: usize) -> Option<&mut u64> {
        self.counted.iter_mut().find(|(known, _)| *known == table).map(|(_, count)| count)
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
    pub(super) fn new(epoch: Arc<Epoch>, turn: u64, now: UnixMillis) -> Self {
        Self { epoch, turn, now }
    }

    pub(super) fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// The time of this turn, the same for all its changes.
    #[must_use]
    pub fn now(&self) -> UnixMillis {
        self.now
    }

    fn with<R>(
        &self,
        act: impl FnOnce(&mut Writing, &Epoch) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let _use = UnitUse::begin()?;
        let mut writing = self.epoch.lock();
        if writing.turn != self.turn {
            return Err(StoreError::TurnOver);
        }
        act(&mut writing, &self.epoch)
    }

    /// A write: if it fails, the turn has no effect.
    fn write<R>(
        &self,
        act: impl FnOnce(&mut Writing, &Epoch) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        self.with(|writing, epoch| {
            let result = act(writing, epoch);
            if result.is_err() {
                writing.failed.get_or_insert(FailedWrite::Other);
            }
            result
        })
    }

    /// The next number of a kind, from 1. Never reused.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn next_number(&self, kind: &'static str) -> Result<u64, StoreError> {
        self.write(|writing, epoch| {
            writing.admit(size_of::<u64>(), epoch)?;
            let Writing { counters, writes, .. } = writing;
            counters.next(&epoch.tables, &epoch.levels(writes), kind)
        })
    }

    /// The last number used of every kind.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn counted(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.with(|writing, epoch| {
            writing.counters.all(&epoch.tables, &epoch.levels(&writing.writes))
        })
    }

    /// Skips this many numbers of a kind: they are never used.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn skip_numbers(&self, kind: &'static str, numbers: u64) -> Result<(), StoreError> {
        self.write(|writing, epoch| {
            writing.admit(size_of::<u64>(), epoch)?;
            let Writing { counters, writes, .. } = writing;
            counters.skip(&epoch.tables, &epoch.levels(writes), kind, numbers)
        })
    }

    pub(super) fn put_bytes(
        &self,
        table: TableId,
        key: Vec<u8>,
        value: Vec<u8>,
    ) -> Result<(), StoreError> {
        self.write(|writing, epoch| {
            writing.admit((key.len() + value.len()).max(1), epoch)?;
            writing.write(epoch, epoch.tables.index(table)?, key, Entry::Put(value))
        })
    }

    pub(super) fn delete_bytes(&self, table: TableId, key: Vec<u8>) -> Result<bool, StoreError> {
        self.write(|writing, epoch| {
            let table = epoch.tables.index(table)?;
            if !epoch.levels(&writing.writes).contains(table, &key)? {
                return Ok(false);
            }
            writing.admit(key.len().max(1), epoch)?;
            writing.write(epoch, table, key, Entry::Deleted)?;
            Ok(true)
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
        table: TableId,
        key: &[u8],
        look: impl FnOnce(Option<&[u8]>) -> R,
    ) -> Result<R, StoreError> {
        self.with(|writing, epoch| {
            epoch.levels(&writing.writes).look_up(epoch.tables.index(table)?, key, look)
        })
    }

    fn walk(
        &self,
        table: TableId,
        range: ByteRange,
        direction: Direction,
        look: Look<'_>,
    ) -> Result<(), StoreError> {
        self.with(|writing, epoch| {
            let table = epoch.tables.index(table)?;
            epoch.levels(&writing.writes).walk(table, &range, direction, look)
        })
    }

    fn count<K: Key, V: Row>(&self, table: Table<K, V>) -> Result<u64, StoreError> {
        self.with(|writing, epoch| {
            let table = epoch.tables.index(table.id())?;
            if let Some(count) = writing.counts.of(table) {
                return Ok(*count);
            }
            let count = epoch.levels(&writing.writes).count(table)?;
            writing.counts.counted.push((table, count));
            Ok(count)
        })
    }
}
