//! The copy of all rows that a process keeps in a redb file of its own.
//!
//! Reads find every row here, without a round trip. It follows the database's log of epochs, one
//! after another, and each state of it is exactly the state of the database after one of them
//! ([`LocalCopy::position`]). It is only a cache: a file that is lost, older, or of another database
//! is filled again.

use super::database::{Database, DatabaseError};
use super::epochs::TableNumbers;
use super::schema::Prepared;
use super::session::{connect, refused};
use crate::store::engines::redb::{RedbEngine, definition};
use crate::store::reads::ReadSet;
use crate::store::write_set::WriteSet;
use crate::store::{Opening, Schema, StoreError, Tables};
use futures_util::TryStreamExt;
use redb::{Durability, ReadableDatabase, TableDefinition};
use std::collections::VecDeque;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::pin::pin;

/// What the file is a copy of: `store` ([`Prepared::copied`]), and `position` (number and tag of
/// the last epoch in it).
const ABOUT: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("souk.copy");
const STORE: &str = "store";
const POSITION: &str = "position";
/// The name of the file.
const FILE_NAME: &str = "souk.copy.redb";
/// Keys of the latest epochs that are remembered, to see which turns they overtook.
const REMEMBERED_KEYS: usize = 200_000;
/// Rows that are filled in per transaction of the file.
const ROWS_AT_ONCE: usize = 50_000;

/// The place of a copy in the database's log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// The number of the last epoch in the copy; 0 before the first.
    pub(super) number: i64,
    /// Its tag.
    pub(super) tag: i64,
}

impl Position {
    fn bytes(self) -> Vec<u8> {
        [self.number.to_be_bytes(), self.tag.to_be_bytes()].concat()
    }

    fn of(bytes: &[u8]) -> Option<Self> {
        let number = i64::from_be_bytes(bytes.get(..8)?.try_into().ok()?);
        let tag = i64::from_be_bytes(bytes.get(8..)?.try_into().ok()?);
        Some(Self { number, tag })
    }
}

/// The keys that an epoch wrote.
struct Written {
    number: i64,
    keys: Vec<(usize, Box<[u8]>)>,
}

/// The copy.
pub(super) struct LocalCopy {
    pub(super) engine: RedbEngine,
    position: Position,
    recent: VecDeque<Written>,
    remembered: usize,
}

impl LocalCopy {
    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// Applies epochs that follow the last one. Durable with the next [`Self::make_durable`], or
    /// repeated after a crash.
    pub(super) fn apply(&mut self, writes: &WriteSet, to: Position) -> Result<(), StoreError> {
        let transaction = self.engine.write(writes, Durability::None)?;
        transaction.open_table(ABOUT)?.insert(POSITION, to.bytes().as_slice())?;
        transaction.commit()?;
        self.position = to;
        Ok(())
    }

    /// Remembers which keys an epoch wrote.
    pub(super) fn remember(&mut self, number: i64, writes: &WriteSet) {
        let keys = writes.written().flat_map(|(table, entries)| {
            entries.keys().map(move |key| (table, key.clone().into_boxed_slice()))
        });
        let keys: Vec<_> = keys.collect();
        self.remembered += keys.len();
        self.recent.push_back(Written { number, keys });
        while self.remembered > REMEMBERED_KEYS
            && let Some(oldest) = self.recent.pop_front()
        {
            self.remembered -= oldest.keys.len();
        }
    }

    /// True if an epoch after `since` changed what was read, or may have.
    pub(super) fn was_overtaken(&self, reads: &ReadSet, since: i64) -> bool {
        if since >= self.position.number || reads.is_empty() {
            return false;
        }
        let forgot_some = self.recent.front().is_none_or(|oldest| oldest.number > since + 1);
        let later = self.recent.iter().filter(|epoch| epoch.number > since);
        forgot_some
            || later.flat_map(|epoch| &epoch.keys).any(|(table, key)| reads.has_read(*table, key))
    }

    /// Makes what was applied durable, so that the next start has less to follow.
    pub(super) fn make_durable(&self) -> Result<(), StoreError> {
        self.engine.sync()
    }
}

/// Where and how a copy is opened.
pub(super) struct Opened<'a> {
    pub(super) directory: &'a Path,
    pub(super) schema: &'a Schema,
    pub(super) opening: Opening,
    pub(super) cache_bytes: usize,
}

impl Opened<'_> {
    /// Opens the copy, and fills it if it cannot follow the log from where it is.
    pub(super) async fn open(
        &self,
        database: &Database,
        prepared: &Prepared,
    ) -> Result<LocalCopy, DatabaseError> {
        let path = self.directory.join(FILE_NAME);
        let failed = |path: &Path, error: redb::Error| DatabaseError::Copy {
            path: path.to_owned(),
            source: Box::new(error),
        };
        let mut builder = fs::DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(self.directory);
        made.map_err(|error| failed(self.directory, redb::Error::Io(error)))?;
        let (path, file) = match self.create_shared(&path) {
            Ok(Some(file)) => (path, file),
            Ok(None) => {
                let path = self.directory.join(format!(".{FILE_NAME}.{}", crate::random_hex(4)));
                let file = self.create(&path).map_err(|error| failed(&path, error.into()))?;
                // It is gone with this process, however that ends.
                let removed = fs::remove_file(&path).map_err(redb::Error::Io);
                removed.map_err(|error| failed(&path, error))?;
                (path, file)
            }
            Err(error) if is_damaged(&error) => {
                let removed = fs::remove_file(&path).map_err(redb::Error::Io);
                removed.map_err(|error| failed(&path, error))?;
                let file = self.create(&path).map_err(|it| failed(&path, it.into()))?;
                (path, file)
            }
            Err(error) => return Err(failed(&path, error.into())),
        };
        let tables = Tables::of(&self.schema.tables);
        let fill = Fill { database, prepared, tables: &tables };
        let position = match fill.usable_position(&file).await? {
            Some(position) => position,
            None => fill.fill(&file, &path).await?,
        };
        let engine = RedbEngine::new(file, tables);
        Ok(LocalCopy { engine, position, recent: VecDeque::new(), remembered: 0 })
    }

    /// The file that is kept for the next process; `None` if it is not to be used.
    fn create_shared(&self, path: &Path) -> Result<Option<redb::Database>, redb::DatabaseError> {
        // What is to be proven is what the database has, not what an earlier copy had.
        if self.opening == Opening::Proven {
            return Ok(None);
        }
        match self.create(path) {
            // A shop is open with it.
            Err(redb::DatabaseError::DatabaseAlreadyOpen) => Ok(None),
            created => created.map(Some),
        }
    }

    fn create(&self, path: &Path) -> Result<redb::Database, redb::DatabaseError> {
        let mut options = fs::OpenOptions::new();
        let file =
            options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
        let file = file.map_err(|error| redb::DatabaseError::Storage(error.into()))?;
        redb::Builder::new().set_cache_size(self.cache_bytes).create_file(file)
    }
}

fn is_damaged(error: &redb::DatabaseError) -> bool {
    match error {
        redb::DatabaseError::RepairAborted | redb::DatabaseError::UpgradeRequired(_) => true,
        redb::DatabaseError::Storage(redb::StorageError::Corrupted(_)) => true,
        redb::DatabaseError::Storage(redb::StorageError::Io(error)) => {
            matches!(
                error.kind(),
                std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof
            )
        }
        _ => false,
    }
}

/// What fills a copy.
struct Fill<'a> {
    database: &'a Database,
    prepared: &'a Prepared,
    tables: &'a Tables,
}

impl Fill<'_> {
    /// The position of a copy that can follow the log from there.
    async fn usable_position(
        &self,
        file: &redb::Database,
    ) -> Result<Option<Position>, DatabaseError> {
        let Some(position) = self.position_of(file).ok().flatten() else { return Ok(None) };
        let client = connect(self.database).await?;
        // The epoch itself must still be logged: its tag proves that both have the same past.
        let known = "SELECT tag FROM souk_epochs WHERE no = $1";
        let known = client.query_opt(known, &[&position.number]).await;
        let known = known.map_err(|error| refused(self.database, &error))?;
        Ok(known.is_some_and(|row| row.get::<_, i64>(0) == position.tag).then_some(position))
    }

    fn position_of(&self, file: &redb::Database) -> Result<Option<Position>, redb::Error> {
        let read = file.begin_read()?;
        let about = read.open_table(ABOUT)?;
        let store = about.get(STORE)?;
        if store.is_none_or(|store| store.value() != self.prepared.copied().as_bytes()) {
            return Ok(None);
        }
        for table in self.tables.names() {
            read.open_table(definition(table))?;
        }
        Ok(about.get(POSITION)?.and_then(|position| Position::of(position.value())))
    }

    /// Replaces all rows of the copy by those of the database.
    async fn fill(&self, file: &redb::Database, path: &Path) -> Result<Position, DatabaseError> {
        const LAST: &str = "SELECT last, coalesce((SELECT tag FROM souk_epochs WHERE no = last), 0)
            FROM souk_epoch WHERE shop = 1";
        let refused = |error: tokio_postgres::Error| refused(self.database, &error);
        let failed = |error: redb::Error| DatabaseError::Copy {
            path: path.to_owned(),
            source: Box::new(error),
        };
        self.empty(file).map_err(failed)?;
        let client = connect(self.database).await?;
        let begin = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;
            BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        client.batch_execute(begin).await.map_err(refused)?;
        let last = client.query_one(LAST, &[]).await.map_err(refused)?;
        let position = Position { number: last.get(0), tag: last.get(1) };
        let no_values: [&str; 0] = [];
        let rows = client.query_raw("SELECT t, k, v FROM souk_kv ORDER BY t, k", no_values).await;
        let mut rows = pin!(rows.map_err(refused)?);
        let mut chunk = Vec::new();
        while let Some(row) = rows.try_next().await.map_err(refused)? {
            let (table, key, value): (i16, Vec<u8>, Vec<u8>) = (row.get(0), row.get(1), row.get(2));
            chunk.extend(self.prepared.tables.index(table).map(|table| (table, key, value)));
            if chunk.len() >= ROWS_AT_ONCE {
                self.put(file, &mut chunk, None).map_err(failed)?;
            }
        }
        self.put(file, &mut chunk, Some(position)).map_err(failed)?;
        Ok(position)
    }

    fn empty(&self, file: &redb::Database) -> Result<(), redb::Error> {
        let write = file.begin_write()?;
        write.delete_table(ABOUT)?;
        for table in self.tables.names() {
            write.delete_table(definition(table))?;
        }
        for table in self.tables.names() {
            write.open_table(definition(table))?;
        }
        write.commit()?;
        Ok(())
    }

    /// Puts rows into the file; with a position, the copy is complete and durable.
    fn put(
        &self,
        file: &redb::Database,
        rows: &mut Vec<(usize, Vec<u8>, Vec<u8>)>,
        complete: Option<Position>,
    ) -> Result<(), redb::Error> {
        let mut write = file.begin_write()?;
        write.set_durability(if complete.is_some() {
            Durability::Immediate
        } else {
            Durability::None
        })?;
        let mut rest = std::mem::take(rows).into_iter().peekable();
        while let Some((table, key, value)) = rest.next() {
            let mut open = write.open_table(definition(self.tables.name(table)))?;
            open.insert(key.as_slice(), value.as_slice())?;
            while let Some((_, key, value)) = rest.next_if(|(next, ..)| *next == table) {
                open.insert(key.as_slice(), value.as_slice())?;
            }
        }
        if let Some(position) = complete {
            let mut about = write.open_table(ABOUT)?;
            about.insert(STORE, self.prepared.copied().as_bytes())?;
            about.insert(POSITION, position.bytes().as_slice())?;
        }
        write.commit()?;
        Ok(())
    }
}

/// The writes of several epochs as one, with the position after them.
pub(super) fn together(
    epochs: Vec<super::epochs::LoggedEpoch>,
    tables: &TableNumbers,
    mut each: impl FnMut(i64, &WriteSet),
) -> Option<(WriteSet, Position)> {
    let mut all: Option<(WriteSet, Position)> = None;
    for epoch in epochs {
        let to = Position { number: epoch.number, tag: epoch.tag };
        let writes = epoch.writes(tables);
        each(to.number, &writes);
        match &mut all {
            Some((earlier, position)) => {
                earlier.add(writes);
                *position = to;
            }
            None => all = Some((writes, to)),
        }
    }
    all
}
