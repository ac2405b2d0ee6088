//! Copies a whole store into another place, also from one engine to the other: all tables, as of one
//! committed state, and then compares them row by row.
//!
//! The copy appears in its place when it is complete and the same; before that nothing is there,
//! whatever happens.

use super::engines::postgres::DatabaseEnd;
use super::engines::redb::{FileEnd, unknown_tables};
use super::{
    Database, DatabaseError, Direction, OpenError, Opening, Schema, Snapshot, Store, StoreError,
    StoreLimits, Tables,
};
use std::fmt;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

/// Rows that are read at a time.
const ROWS_AT_ONCE: usize = 2_000;

/// The bytes of a key and its row.
pub(super) type RawRow = (Vec<u8>, Vec<u8>);

/// Where a store is, or is to be.
#[derive(Clone, Debug)]
pub enum TransferPlace {
    /// In a file in this directory.
    Directory(PathBuf),
    /// In a database.
    Database(Database),
}

impl fmt::Display for TransferPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(directory) => write!(f, "redb:{}", directory.display()),
            Self::Database(database) => database.fmt(f),
        }
    }
}

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferProgress {
    /// What is being done.
    pub step: TransferStep,
    /// Rows so far.
    pub done: u64,
    /// All rows.
    pub total: u64,
}

/// A part of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferStep {
    /// Rows are written.
    Copying,
    /// Rows are read again from both places and compared.
    Comparing,
}

/// A finished copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transferred {
    /// The rows that were copied and compared.
    pub rows: u64,
    /// Connections of Souk to the database that was copied; what they change from now on is not in
    /// the copy.
    pub connections_at_source: u64,
}

/// Why nothing was copied. The place is as it was.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The store cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A database cannot be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A copy never replaces a store.
    #[error(
        "{place} is not empty ({what}); it was left as it is: a copy needs a place without a shop"
    )]
    NotEmpty {
        /// The place.
        place: TransferPlace,
        /// What is there.
        what: String,
    },
    /// It has rows that would be lost.
    #[error(
        "{place} has the table {table}, which this version of Souk does not know: copy it with the \
         version that wrote it"
    )]
    UnknownTable {
        /// The place.
        place: TransferPlace,
        /// The table.
        table: String,
    },
    /// A row cannot be read or written.
    #[error("cannot copy the rows")]
    Store(#[from] StoreError),
    /// The file of the copy cannot be used.
    #[error("cannot use {}", .path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The copy is not the same as the store.
    #[error("the copy is not the same, and nothing of it was kept: {0}")]
    Differs(Difference),
}

/// The first difference between a store and its copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    table: &'static str,
    key: Vec<u8>,
    what: &'static str,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key.iter().map(|octet| format!("{octet:02x}")).collect::<String>();
        write!(f, "table {}, key 0x{key}: {}", self.table, self.what)
    }
}

/// Copies the store in `from` to `to`, which must be empty. Calls `progress` after every few rows.
///
/// Drop the future to give up: nothing is then at `to`.
///
/// # Errors
/// [`TransferError`].
pub async fn transfer(
    schema: &Schema,
    from: &TransferPlace,
    to: &TransferPlace,
    mut progress: impl FnMut(TransferProgress),
) -> Result<Transferred, TransferError> {
    let source = Source::open(schema, from).await?;
    let mut target = Target::make(schema, to).await?;
    let tables = Tables::of(&schema.tables);
    let (total, mut done) = (source.count(tables.len()).await?, 0);
    for table in 0..tables.len() {
        let mut from = Vec::new();
        loop {
            progress(TransferProgress { step: TransferStep::Copying, done, total });
            let rows = source.rows(table, &from).await?;
            let Some(next) = key_after(&rows) else { break };
            target.put(table, &rows).await?;
            (from, done) = (next, done + count_of(&rows));
            // The caller may give up here.
            tokio::task::yield_now().await;
        }
    }
    progress(TransferProgress { step: TransferStep::Copying, done, total });
    target.end_writing().await?;
    let (rows, mut compared) = (done, 0);
    for table in 0..tables.len() {
        let mut from = Vec::new();
        loop {
            progress(TransferProgress {
                step: TransferStep::Comparing,
                done: compared,
                total: rows,
            });
            let (original, copy) =
                (source.rows(table, &from).await?, target.rows(table, &from).await?);
            if let Some((key, what)) = first_difference(&original, &copy) {
                let (table, key) = (tables.name(table), key.to_vec());
                return Err(TransferError::Differs(Difference { table, key, what }));
            }
            let Some(next) = key_after(&original) else { break };
            (from, compared) = (next, compared + count_of(&original));
            tokio::task::yield_now().await;
        }
    }
    progress(TransferProgress { step: TransferStep::Comparing, done: compared, total: rows });
    let connections_at_source = source.connections().await?;
    target.complete().await?;
    Ok(Transferred { rows, connections_at_source })
}

/// Refuses a place that cannot take a copy, and changes nothing.
///
/// # Errors
/// [`TransferError`].
pub async fn require_empty(schema: &Schema, place: &TransferPlace) -> Result<(), TransferError> {
    Target::make(schema, place).await.map(drop)
}

/// The smallest key after the last of these rows; `None` without rows.
fn key_after(rows: &[RawRow]) -> Option<Vec<u8>> {
    rows.last().map(|(key, _)| [key.as_slice(), &[0]].concat())
}

fn count_of(rows: &[RawRow]) -> u64 {
    u64::try_from(rows.len()).unwrap_or(u64::MAX)
}

fn first_difference<'a>(
    original: &'a [RawRow],
    copy: &'a [RawRow],
) -> Option<(&'a [u8], &'static str)> {
    for (original, copy) in original.iter().zip(copy) {
        if original.0 != copy.0 {
            return Some(if original.0 < copy.0 {
                (&original.0, "the row is missing in the copy")
            } else {
                (&copy.0, "the row is only in the copy")
            });
        }
        if original.1 != copy.1 {
            return Some((&original.0, "the row is another in the copy"));
        }
    }
    let (longer, what) = if original.len() > copy.len() {
        (original, "the row is missing in the copy")
    } else {
        (copy, "the row is only in the copy")
    };
    longer.get(original.len().min(copy.len())).map(|(key, _)| (key.as_slice(), what))
}

/// One committed state of a store that is copied.
enum Source {
    File {
        /// Keeps others from opening it.
        _store: Store,
        snapshot: Arc<Snapshot>,
    },
    Database(Box<DatabaseEnd>),
}

impl Source {
    async fn open(schema: &Schema, place: &TransferPlace) -> Result<Self, TransferError> {
        let (source, unknown) = match place {
            TransferPlace::Directory(directory) => {
                let limits = StoreLimits::default();
                let store = Store::open(directory, schema, Opening::Proven, limits)?;
                let snapshot = store.snapshot();
                let unknown = unknown_tables(&snapshot)?;
                (Self::File { _store: store, snapshot }, unknown)
            }
            TransferPlace::Database(database) => {
                let source = DatabaseEnd::source(database, schema).await?;
                let unknown = source.unknown_tables(schema).await?;
                (Self::Database(Box::new(source)), unknown)
            }
        };
        match unknown.into_iter().next() {
            Some(table) => Err(TransferError::UnknownTable { place: place.clone(), table }),
            None => Ok(source),
        }
    }

    async fn count(&self, tables: usize) -> Result<u64, TransferError> {
        match self {
            Self::File { snapshot, .. } => {
                let counts = (0..tables).map(|table| snapshot.count_in(table));
                Ok(counts.sum::<Result<u64, _>>()?)
            }
            Self::Database(source) => Ok(source.count().await?),
        }
    }

    /// Rows of a table from this key on.
    async fn rows(&self, table: usize, from: &[u8]) -> Result<Vec<RawRow>, TransferError> {
        match self {
            Self::File { snapshot, .. } => Ok(rows_of(snapshot, table, from)?),
            Self::Database(source) => Ok(source.rows(table, from, ROWS_AT_ONCE).await?),
        }
    }

    async fn connections(&self) -> Result<u64, TransferError> {
        match self {
            Self::File { .. } => Ok(0),
            Self::Database(source) => Ok(source.connections().await?),
        }
    }
}

fn rows_of(snapshot: &Snapshot, table: usize, from: &[u8]) -> Result<Vec<RawRow>, StoreError> {
    let mut rows = Vec::new();
    let range = (from.to_vec(), None);
    snapshot.walk_in(table, &range, Direction::Ascending, &mut |key, row| {
        rows.push((key.to_vec(), row.to_vec()));
        if rows.len() < ROWS_AT_ONCE { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(rows)
}

/// A copy that is not complete yet. Dropped, it leaves nothing behind.
enum Target {
    File(Box<FileEnd>),
    Database(Box<DatabaseEnd>),
}

impl Target {
    async fn make(schema: &Schema, place: &TransferPlace) -> Result<Self, TransferError> {
        match place {
            TransferPlace::Directory(directory) => {
                Ok(Self::File(Box::new(FileEnd::make(directory, schema)?)))
            }
            TransferPlace::Database(database) => {
                let (target, found) = DatabaseEnd::target(database, schema).await?;
                match found {
                    None => Ok(Self::Database(Box::new(target))),
                    Some(what) => Err(TransferError::NotEmpty { place: place.clone(), what }),
                }
            }
        }
    }

    async fn put(&mut self, table: usize, rows: &[RawRow]) -> Result<(), TransferError> {
        match self {
            Self::File(target) => Ok(target.put(table, rows)?),
            Self::Database(target) => Ok(target.put(table, rows).await?),
        }
    }

    async fn end_writing(&mut self) -> Result<(), TransferError> {
        match self {
            Self::File(target) => Ok(target.end_writing()?),
            Self::Database(target) => Ok(target.end_writing().await?),
        }
    }

    async fn rows(&self, table: usize, from: &[u8]) -> Result<Vec<RawRow>, TransferError> {
        match self {
            Self::File(target) => Ok(rows_of(target.written()?, table, from)?),
            Self::Database(target) => Ok(target.rows(table, from, ROWS_AT_ONCE).await?),
        }
    }

    async fn complete(self) -> Result<(), TransferError> {
        match self {
            Self::File(target) => target.complete(),
            Self::Database(target) => Ok(target.complete().await?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[(u8, u8)]) -> Vec<RawRow> {
        rows.iter().map(|(key, row)| (vec![*key], vec![*row])).collect()
    }

    #[test]
    fn the_first_difference_is_named() {
        let original = rows(&[(1, 1), (2, 2), (4, 4)]);
        let missing = "the row is missing in the copy";
        let added = "the row is only in the copy";
        for (copy, expected) in [
            (rows(&[(1, 1), (2, 2), (4, 4)]), None),
            (rows(&[(1, 1), (2, 3), (4, 5)]), Some((2, "the row is another in the copy"))),
            (rows(&[(1, 1), (4, 4)]), Some((2, missing))),
            (rows(&[(1, 1), (2, 2)]), Some((4, missing))),
            (rows(&[]), Some((1, missing))),
            (rows(&[(1, 1), (2, 2), (3, 3), (4, 4)]), Some((3, added))),
            (rows(&[(1, 1), (2, 2), (4, 4), (5, 5)]), Some((5, added))),
        ] {
            let found = first_difference(&original, &copy).map(|(key, what)| (key[0], what));
            assert_eq!(found, expected, "{copy:?}");
        }
    }
}
