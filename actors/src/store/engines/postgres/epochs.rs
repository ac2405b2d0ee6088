//! An epoch in the database's log.

use crate::store::write_set::{Entry, WriteSet};
use std::collections::HashMap;
use tokio_postgres::Row;

/// An epoch as it is logged. Its tables are the database's numbers for them.
#[derive(Debug)]
pub(super) struct LoggedEpoch {
    /// Counts the epochs of the database, from 1, without a gap.
    pub(super) number: i64,
    /// What the process that committed it calls it; never reused.
    pub(super) tag: i64,
    /// The last number in the log when it was read.
    pub(super) log_end: i64,
    tables: Vec<i16>,
    keys: Vec<Vec<u8>>,
    rows: Vec<Option<Vec<u8>>>,
}

impl LoggedEpoch {
    pub(super) fn of(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            number: row.try_get(0)?,
            tag: row.try_get(1)?,
            tables: row.try_get(2)?,
            keys: row.try_get(3)?,
            rows: row.try_get(4)?,
            log_end: row.try_get(5)?,
        })
    }

    /// Its writes. Rows of tables that this program does not know are left out: a newer version may
    /// run beside it.
    pub(super) fn writes(self, indexes: &TableNumbers) -> WriteSet {
        let mut writes = WriteSet::new(indexes.numbers.len());
        for ((table, key), row) in self.tables.into_iter().zip(self.keys).zip(self.rows) {
            if let Some(table) = indexes.index(table) {
                writes.write(table, key, row.map_or(Entry::Deleted, Entry::Put));
            }
        }
        writes.begin_turn();
        writes
    }
}

/// The numbers that the database has for the tables.
#[derive(Debug)]
pub(super) struct TableNumbers {
    /// By the index of the table.
    pub(super) numbers: Vec<i16>,
    indexes: HashMap<i16, usize>,
}

impl TableNumbers {
    pub(super) fn new(numbers: Vec<i16>) -> Self {
        let indexes = numbers.iter().enumerate().map(|(index, number)| (*number, index)).collect();
        Self { numbers, indexes }
    }

    /// The index of the table with this number; `None` if this program does not know it.
    pub(super) fn index(&self, number: i16) -> Option<usize> {
        self.indexes.get(&number).copied()
    }
}
