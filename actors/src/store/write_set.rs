//! The writes of an epoch, in memory.

use super::Direction;
use super::table::ByteRange;
use std::collections::{BTreeMap, btree_map};
use std::iter::Peekable;
use std::ops::Bound;

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

/// The writes of an epoch: per table, the newest entry of each key that was written. The writes of
/// the present turn can be undone.
#[derive(Debug)]
pub(super) struct WriteSet {
    tables: Box<[BTreeMap<Vec<u8>, Entry>]>,
    bytes: usize,
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
