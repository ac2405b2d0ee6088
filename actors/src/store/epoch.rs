//! The open epoch, and the unit through which a turn reads and writes it.

use super::levels::Levels;
use super::numbers::{Blocks, Numbers};
use super::reads::ReadSet;
use super::table::{ByteRange, Look};
use super::write_set::{Appended, Entry, Merge, Recompute, WriteSet};
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
    /// The numbers of this process, if other processes write the same store.
    blocks: Option<Arc<Blocks>>,
}

#[derive(Debug)]
struct Writing {
    /// The turn whose units may write; 0 between turns.
    turn: u64,
    turn_bytes: usize,
    /// A write of this turn failed, so the turn has no effect, whatever its result.
    failed: Option<FailedWrite>,
    writes: WriteSet,
    /// What the turns read, if other processes write the same store.
    reads: Option<ReadSet>,
    numbers: Numbers,
    counts: RowCounts,
}

/// Why a write failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailedWrite {
    /// The epochs in memory have reached their bound.
    OverlayFull,
    /// A block of numbers must be taken first.
    NumbersAwaited,
    /// Anything else.
    Other,
}

/// What the turns of an epoch did.
pub(super) struct Done {
    pub(super) writes: WriteSet,
    /// What they read, if other processes write the same store.
    pub(super) reads: Option<ReadSet>,
    /// The state that they read.
    pub(super) base: Arc<Snapshot>,
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
        blocks: Option<Arc<Blocks>>,
    ) -> Self {
        let writing = Writing {
            turn: 0,
            turn_bytes: 0,
            failed: None,
            writes: WriteSet::new(tables.len()),
            reads: blocks.as_ref().map(|_| ReadSet::new(tables.len())),
            numbers: Numbers::default(),
            counts: RowCounts::default(),
        };
        Self {
            writing: Mutex::new(writing),
            tables,
            base,
            committing,
            max_turn_bytes: limits.max_turn_bytes,
            max_overlay_bytes: limits.max_overlay_bytes,
            blocks,
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
        writing.numbers.begin_turn();
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
        writing.numbers.roll_back(self.blocks.as_deref());
        writing.counts.roll_back();
        had_written
    }

    /// The memory that the writes take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.lock().writes.bytes()
    }

    /// Ends the epoch. No turn may be open, and none may begin afterwards.
    pub(super) fn seal(&self) -> Result<Done, StoreError> {
        let mut guard = self.lock();
        let writing = &mut *guard;
        writing.turn = 0;
        writing.numbers.counters.write(&self.tables, &mut writing.writes)?;
        let mut writes = std::mem::replace(&mut writing.writes, WriteSet::new(0));
        writes.begin_turn();
        Ok(Done { writes, reads: writing.reads.take(), base: Arc::clone(&self.base) })
    }
}

/// Walks a range, and notes the part of it that was looked at.
fn walk_noting(
    levels: &Levels<'_>,
    reads: &mut ReadSet,
    table: usize,
    (from, to): ByteRange,
    direction: Direction,
    look: Look<'_>,
) -> Result<(), StoreError> {
    let mut stopped_at = None;
    let range = (from, to);
    levels.walk(table, &range, direction, &mut |key, row| {
        let flow = look(key, row);
        if flow.is_break() {
            stopped_at = Some(key.to_vec());
        }
        flow
    })?;
    let (from, to) = range;
    match (stopped_at, direction) {
        (Some(mut last), Direction::Ascending) => {
            // The smallest key after it, because the end of a range is excluded.
            last.push(0);
            reads.note_range(table, from, Some(last));
        }
        (Some(last), Direction::Descending) => reads.note_range(table, last, to),
        (None, _) => reads.note_range(table, from, to),
    }
    Ok(())
}

impl Writing {
    fn note_key(&mut self, table: usize, key: &[u8]) {
        if let Some(reads) = &mut self.reads {
            reads.note_key(table, key);
        }
    }

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
            let Writing { numbers, writes, .. } = writing;
            match &epoch.blocks {
                Some(blocks) => numbers.take(blocks, kind).inspect_err(|_| {
                    writing.failed.get_or_insert(FailedWrite::NumbersAwaited);
                }),
                None => numbers.counters.next(&epoch.tables, &epoch.levels(writes), kind),
            }
        })
    }

    /// The last number used of every kind.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn counted(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.with(|writing, epoch| {
            writing.numbers.counters.all(&epoch.tables, &epoch.levels(&writing.writes))
        })
    }

    /// Skips this many numbers of a kind: they are never used.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn skip_numbers(&self, kind: &'static str, numbers: u64) -> Result<(), StoreError> {
        self.write(|writing, epoch| {
            writing.admit(size_of::<u64>(), epoch)?;
            if let Some(blocks) = &epoch.blocks {
                blocks.leave_out(kind, numbers);
                return Ok(());
            }
            let counters = &mut writing.numbers.counters;
            counters.skip(&epoch.tables, &epoch.levels(&writing.writes), kind, numbers)
        })
    }

    /// Appends a row to a table whose keys are the numbers of a kind: consecutive, in the order of
    /// the commits, also where several processes write. The number may still change until the
    /// commit, so nothing else may name it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn append<V: Row>(
        &self,
        table: Table<u64, V>,
        kind: &'static str,
        row: &V,
    ) -> Result<(), StoreError> {
        let value = table.encode(row)?;
        self.write(|writing, epoch| {
            writing.admit(size_of::<u64>() + value.len(), epoch)?;
            let (Writing { numbers, writes, .. }, tables) = (&mut *writing, &epoch.tables);
            let number = numbers.counters.next(tables, &epoch.levels(writes), kind)?;
            let (table, last_before) = (tables.index(table.id())?, number - 1);
            writes.note_appended(Appended { table, kind, last_before });
            writing.write(epoch, table, number.bytes(), Entry::Put(value))
        })
    }

    /// Writes a row that is computed from the one before it alone, such as a total. Where several
    /// processes write, it is computed again from the row that another process wrote meanwhile; the
    /// turn itself does not run again for that.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn merge<K: Key + 'static, V: Row>(
        &self,
        table: Table<K, V>,
        key: &K,
        compute: impl Fn(Option<V>) -> V + Send + Sync + 'static,
    ) -> Result<(), StoreError> {
        let recompute: Recompute = Arc::new(move |row: Option<&[u8]>| {
            let before = row.map(|row| table.decode(row)).transpose()?;
            table.encode(&compute(before))
        });
        self.write(|writing, epoch| {
            let (table, key) = (epoch.tables.index(table.id())?, key.bytes());
            let levels = epoch.levels(&writing.writes);
            let value = levels.look_up(table, &key, |row| recompute(row))??;
            writing.admit(key.len() + value.len(), epoch)?;
            if epoch.blocks.is_some() {
                writing.writes.note_merge(Merge { table, key: key.clone(), recompute });
            }
            writing.write(epoch, table, key, Entry::Put(value))
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
            writing.note_key(table, &key);
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
            let table = epoch.tables.index(table)?;
            writing.note_key(table, key);
            epoch.levels(&writing.writes).look_up(table, key, look)
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
            let Writing { writes, reads, .. } = writing;
            let levels = epoch.levels(writes);
            match reads {
                Some(reads) => walk_noting(&levels, reads, table, range, direction, look),
                None => levels.walk(table, &range, direction, look),
            }
        })
    }

    fn count<K: Key, V: Row>(&self, table: Table<K, V>) -> Result<u64, StoreError> {
        self.with(|writing, epoch| {
            let table = epoch.tables.index(table.id())?;
            if let Some(count) = writing.counts.of(table) {
                return Ok(*count);
            }
            let count = epoch.levels(&writing.writes).count(table)?;
            if let Some(reads) = &mut writing.reads {
                reads.note_range(table, Vec::new(), None);
            }
            writing.counts.counted.push((table, count));
            Ok(count)
        })
    }
}
