//! The engine that keeps the rows in one redb file.

mod copy;
mod file;
mod quiet;
mod room;
mod transfer;
mod untouched;

pub use copy::CopyError;
#[cfg(test)]
pub(in crate::store) use file::prepare;
pub(in crate::store) use file::{REDB_MAGIC, open_file};
#[cfg(test)]
pub(in crate::store) use quiet::catch_quietly;
pub(in crate::store) use room::Room;
#[cfg(test)]
pub(in crate::store) use room::RoomyDisk;
pub(in crate::store) use transfer::{FileEnd, unknown_tables};

use super::{Outcome, View};
use crate::store::committer::Sealed;
use crate::store::levels::is_empty;
use crate::store::table::{ByteRange, Look};
use crate::store::write_set::WriteSet;
use crate::store::{Direction, StoreError, Tables};
use redb::{Durability, ReadOnlyTable, ReadableDatabase, ReadableTableMetadata, TableDefinition};
use std::ops::Bound;
use std::sync::OnceLock;

type OpenTable = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// The definition of every table of rows.
pub(in crate::store) fn definition(
    table: &'static str,
) -> TableDefinition<'static, &'static [u8], &'static [u8]> {
    TableDefinition::new(table)
}

/// A redb file.
pub(in crate::store) struct RedbEngine {
    database: redb::Database,
    tables: Tables,
}

impl RedbEngine {
    /// `database` must have these tables.
    pub(in crate::store) fn new(database: redb::Database, tables: Tables) -> Self {
        Self { database, tables }
    }

    /// The last committed state.
    pub(super) fn view(&self) -> Result<RedbView, StoreError> {
        let transaction = self.database.begin_read()?;
        let tables = self.tables.clone();
        let open = tables.names().iter().map(|_| OnceLock::new()).collect();
        Ok(RedbView { transaction, tables, open })
    }

    /// Writes the epoch table by table, in the order of the keys: sequential keys change the fewest
    /// pages.
    pub(in crate::store) fn commit(&self, sealed: &Sealed) -> Outcome {
        let transaction = match self.write(&sealed.writes, Durability::Immediate) {
            Ok(transaction) => transaction,
            Err(error) => return Outcome::Refused(error),
        };
        if let Err(error) = transaction.commit() {
            return Outcome::Unknown(error.into());
        }
        match self.view() {
            Ok(view) => Outcome::Durable(Box::new(View::Redb(view))),
            Err(error) => Outcome::Unknown(error),
        }
    }

    /// Makes everything durable that was committed without being so.
    pub(in crate::store) fn sync(&self) -> Result<(), StoreError> {
        Ok(self.write(&WriteSet::new(0), Durability::Immediate)?.commit()?)
    }

    /// A transaction with these writes, which is not committed yet.
    pub(in crate::store) fn write(
        &self,
        writes: &WriteSet,
        durability: Durability,
    ) -> Result<redb::WriteTransaction, StoreError> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(durability)?;
        for (table, entries) in writes.written() {
            let mut table = transaction.open_table(definition(self.tables.name(table)))?;
            for (key, entry) in entries {
                match entry.row() {
                    Some(row) => drop(table.insert(key.as_slice(), row)?),
                    None => drop(table.remove(key.as_slice())?),
                }
            }
        }
        Ok(transaction)
    }
}

/// A committed state of the file. Its pages cannot be reused while it is held.
pub(in crate::store) struct RedbView {
    transaction: redb::ReadTransaction,
    tables: Tables,
    /// In the order of `tables`; the first reader of each table opens it. Opening costs as much as
    /// a look-up, and a view serves every query between two commits.
    open: Box<[OnceLock<OpenTable>]>,
}

impl RedbView {
    fn open(&self, table: usize) -> Result<&OpenTable, StoreError> {
        let open = &self.open[table];
        if let Some(open) = open.get() {
            return Ok(open);
        }
        let opened = self.transaction.open_table(definition(self.tables.name(table)))?;
        Ok(open.get_or_init(|| opened))
    }

    pub(in crate::store) fn look_up<R>(
        &self,
        table: usize,
        key: &[u8],
        look: impl FnOnce(Option<&[u8]>) -> R,
    ) -> Result<R, StoreError> {
        let value = self.open(table)?.get(key)?;
        Ok(look(value.as_ref().map(redb::AccessGuard::value)))
    }

    pub(in crate::store) fn walk(
        &self,
        table: usize,
        range: &ByteRange,
        direction: Direction,
        look: Look<'_>,
    ) -> Result<(), StoreError> {
        if is_empty(range) {
            return Ok(());
        }
        let from = Bound::Included(range.0.as_slice());
        let to = range.1.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut entries = self.open(table)?.range::<&[u8]>((from, to))?;
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

    pub(in crate::store) fn count(&self, table: usize) -> Result<u64, StoreError> {
        Ok(self.open(table)?.len()?)
    }
}
