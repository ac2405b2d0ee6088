//! A committed state of the store, read on the caller's task.

use super::counters;
use super::table::{ByteRange, Look};
use super::{Direction, Key, Read, Row, StoreError, Table};
use redb::{
    ReadOnlyTable, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition,
};
use std::ops::Bound;
use std::sync::{Arc, OnceLock};

type OpenTable = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// The names of all tables, sorted for binary search.
#[derive(Clone)]
pub(super) struct TableNames(Arc<[&'static str]>);

impl TableNames {
    pub(super) fn of(tables: &[&'static str]) -> Self {
        let mut names = tables.to_vec();
        names.sort_unstable();
        Self(names.into())
    }

    /// The names of all tables.
    pub(super) fn all(&self) -> &[&'static str] {
        &self.0
    }
}

/// The state after a commit. It never changes and never waits for a writer.
pub struct Snapshot {
    transaction: redb::ReadTransaction,
    names: TableNames,
    /// In the order of `names`; the first reader of each table opens it. Opening costs as much as a
    /// look-up, and a snapshot serves every query between two commits.
    open: Box<[OnceLock<OpenTable>]>,
}

impl Snapshot {
    pub(super) fn of(database: &redb::Database, names: &TableNames) -> Result<Self, StoreError> {
        Ok(Self {
            transaction: database.begin_read()?,
            names: names.clone(),
            open: names.0.iter().map(|_| OnceLock::new()).collect(),
        })
    }

    /// The last number of a kind that was used; 0 before the first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn last_number(&self, kind: &str) -> Result<u64, StoreError> {
        counters::last(self, kind)
    }

    fn open(&self, table: &'static str) -> Result<&OpenTable, StoreError> {
        let unknown = |_| StoreError::Contradiction { what: "a table outside of the schema" };
        let place = self.names.0.binary_search(&table).map_err(unknown)?;
        let place = &self.open[place];
        if let Some(open) = place.get() {
            return Ok(open);
        }
        let opened = self.transaction.open_table(definition(table))?;
        Ok(place.get_or_init(|| opened))
    }
}

pub(super) fn definition(
    table: &'static str,
) -> TableDefinition<'static, &'static [u8], &'static [u8]> {
    TableDefinition::new(table)
}

impl Read for Snapshot {
    fn look_up<R>(
        &self,
        table: &'static str,
        key: &[u8],
        look: impl FnOnce(Option<&[u8]>) -> R,
    ) -> Result<R, StoreError> {
        let table = self.open(table)?;
        let value = table.get(key)?;
        Ok(look(value.as_ref().map(redb::AccessGuard::value)))
    }

    fn walk(
        &self,
        table: &'static str,
        range: ByteRange,
        direction: Direction,
        look: Look<'_>,
    ) -> Result<(), StoreError> {
        walk_table(self.open(table)?, &range, direction, look)
    }

    fn count<K: Key, V: Row>(&self, table: Table<K, V>) -> Result<u64, StoreError> {
        Ok(self.open(table.name())?.len()?)
    }
}

pub(super) fn walk_table(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    range: &ByteRange,
    direction: Direction,
    look: Look<'_>,
) -> Result<(), StoreError> {
    let from = Bound::Included(range.0.as_slice());
    let to = range.1.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
    if range.1.as_deref().is_some_and(|to| to <= range.0.as_slice()) {
        return Ok(());
    }
    let mut entries = table.range::<&[u8]>((from, to))?;
    loop {
        let next = match direction {
            Direction::Ascending => entries.next(),
            Direction::Descending => entries.next_back(),
        };
        let Some(entry) = next else { return Ok(()) };
        let (key, value) = entry?;
        if look(key.value(), value.value()).is_break() {
            return Ok(());
        }
    }
}
