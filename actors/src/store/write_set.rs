//! The writes of an epoch, in memory.

use super::table::ByteRange;
use super::{Direction, StoreError};
use std::collections::{BTreeMap, btree_map};
use std::fmt;
use std::iter::Peekable;
use std::ops::Bound;
use std::sync::Arc;

/// The memory that an entry takes besides its key and value, in bytes: about what a map's node and
/// two allocations cost.
const ENTRY_BYTES: usize = 64;

/// What an epoch wrote under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A row.
    Put(Vec<u8>),
    /// The row was deleted.
    Deleted,
}

impl Entry {
    fn bytes(&self) -> usize {
        match self {
            Self::Put(value) => value.len(),
            Self::Deleted => 0,
        }
    }

    /// The row; `None` if it was deleted.
    pub(super) fn row(&self) -> Option<&[u8]> {
        match self {
            Self::Put(value) => Some(value),
            Self::Deleted => None,
        }
    }
}

/// What a key held before a write of the present turn.
#[derive(Debug)]
struct Undo {
    table: usize,
    key: Vec<u8>,
    before: Option<Entry>,
}

/// Computes a row from the one before it, in bytes.
pub(super) type Recompute = Arc<dyn Fn(Option<&[u8]>) -> Result<Vec<u8>, StoreError> + Send + Sync>;

/// A row that was computed from the one before it, and is computed again if that one is another when
/// the epoch is committed.
#[derive(Clone)]
pub(super) struct Merge {
    pub(super) table: usize,
    pub(super) key: Vec<u8>,
    pub(super) recompute: Recompute,
}

impl fmt::Debug for Merge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merge").field("table", &self.table).finish_non_exhaustive()
    }
}

/// The rows that an epoch appended to a table, whose keys are consecutive numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Appended {
    pub(super) table: usize,
    /// The counter of the numbers.
    pub(super) kind: &'static str,
    /// The last number before the epoch.
    pub(super) last_before: u64,
}

/// The writes of an epoch: per table, the newest entry of each key that was written. The writes of
/// the present turn can be undone.
#[derive(Debug)]
pub(super) struct WriteSet {
    tables: Box<[BTreeMap<Vec<u8>, Entry>]>,
    bytes: usize,
    /// Oldest first.
    merges: Vec<Merge>,
    /// The length of `merges` before the present turn.
    merges_before_turn: usize,
    appended: Vec<Appended>,
    /// The writes of the present turn, oldest first.
    undo: Vec<Undo>,
    /// [`Self::bytes`] before the present turn.
    bytes_before_turn: usize,
}

impl WriteSet {
    /// An empty set for this many tables.
    pub(super) fn new(tables: usize) -> Self {
        Self {
            tables: std::iter::repeat_with(BTreeMap::new).take(tables).collect(),
            bytes: 0,
            merges: Vec::new(),
            merges_before_turn: 0,
            appended: Vec::new(),
            undo: Vec::new(),
            bytes_before_turn: 0,
        }
    }

    /// True if nothing was written.
    pub(super) fn is_empty(&self) -> bool {
        self.tables.iter().all(BTreeMap::is_empty)
    }

    /// The memory that the entries take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The same before the present turn.
    pub(super) fn bytes_before_turn(&self) -> usize {
        self.bytes_before_turn
    }

    /// The entry of a key; `None` if this epoch did not write it.
    pub(super) fn get(&self, table: usize, key: &[u8]) -> Option<&Entry> {
        self.tables.get(table)?.get(key)
    }

    /// Begins a turn: what was written before it stays.
    pub(super) fn begin_turn(&mut self) {
        for Undo { key, before, .. } in self.undo.drain(..) {
            if let Some(before) = before {
                self.bytes -= key.len() + before.bytes() + ENTRY_BYTES;
            }
        }
        self.bytes_before_turn = self.bytes;
        self.merges_before_turn = self.merges.len();
    }

    /// Notes how an entry was computed.
    pub(super) fn note_merge(&mut self, merge: Merge) {
        self.merges.push(merge);
    }

    /// How entries were computed, oldest first.
    pub(super) fn merges(&self) -> &[Merge] {
        &self.merges
    }

    /// Notes that rows were appended to a table.
    pub(super) fn note_appended(&mut self, appended: Appended) {
        // It stays noted if its turn is rolled back: nothing then lies after `last_before`.
        if !self.appended.iter().any(|known| known.table == appended.table) {
            self.appended.push(appended);
        }
    }

    /// The tables to which rows were appended.
    pub(super) fn appended(&self) -> &[Appended] {
        &self.appended
    }

    /// Moves the entries after a key, which are numbered, up by `shift` numbers.
    pub(super) fn renumber(&mut self, table: usize, after: u64, shift: u64) {
        let mut moved =
            self.tables[table].split_off(after.saturating_add(1).to_be_bytes().as_slice());
        while let Some((key, entry)) = moved.pop_last() {
            let number = <[u8; 8]>::try_from(key.as_slice()).map(u64::from_be_bytes);
            // The keys of such a table are all eight bytes.
            let number = number.unwrap_or(after).saturating_add(shift);
            self.tables[table].insert(number.to_be_bytes().to_vec(), entry);
        }
    }

    /// Adds the entries of a later epoch.
    pub(super) fn add(&mut self, later: Self) {
        self.bytes += later.bytes;
        for (table, entries) in later.tables.into_iter().enumerate() {
            self.tables[table].extend(entries);
        }
    }

    /// Writes an entry.
    pub(super) fn write(&mut self, table: usize, key: Vec<u8>, entry: Entry) {
        self.bytes += key.len() + entry.bytes() + ENTRY_BYTES;
        // An entry that was replaced stays in memory until the turn has ended.
        let before = self.tables[table].insert(key.clone(), entry);
        self.undo.push(Undo { table, key, before });
    }

    /// True if the present turn wrote something.
    pub(super) fn has_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    /// Undoes the writes of the present turn.
    pub(super) fn roll_back(&mut self) {
        while let Some(Undo { table, key, before }) = self.undo.pop() {
            match before {
                Some(before) => self.tables[table].insert(key, before),
                None => self.tables[table].remove(&key),
            };
        }
        self.bytes = self.bytes_before_turn;
        self.merges.truncate(self.merges_before_turn);
    }

    /// A copy of the entries, which remembers how they were computed.
    pub(super) fn copy(&self) -> Self {
        Self {
            tables: self.tables.clone(),
            merges: self.merges.clone(),
            appended: self.appended.clone(),
            undo: Vec::new(),
            ..*self
        }
    }

    /// The tables that were written, with their entries in the order of their keys.
    pub(super) fn written(&self) -> impl Iterator<Item = (usize, &BTreeMap<Vec<u8>, Entry>)> {
        self.tables.iter().enumerate().filter(|(_, entries)| !entries.is_empty())
    }

    /// The entries of a range, which must not be empty or reversed.
    pub(super) fn range(
        &self,
        table: usize,
        range: &ByteRange,
        direction: Direction,
    ) -> Entries<'_> {
        let from = Bound::Included(range.0.as_slice());
        let to = range.1.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let range = self.tables[table].range::<[u8], _>((from, to));
        EntriesOf { range, direction }.peekable()
    }
}

/// Entries of one set in one direction.
pub(super) type Entries<'a> = Peekable<EntriesOf<'a>>;

/// The entries of a range of one set, in one direction.
pub(super) struct EntriesOf<'a> {
    range: btree_map::Range<'a, Vec<u8>, Entry>,
    direction: Direction,
}

impl<'a> Iterator for EntriesOf<'a> {
    type Item = (&'a [u8], &'a Entry);

    fn next(&mut self) -> Option<Self::Item> {
        let next = match self.direction {
            Direction::Ascending => self.range.next(),
            Direction::Descending => self.range.next_back(),
        };
        next.map(|(key, entry)| (key.as_slice(), entry))
    }
}
