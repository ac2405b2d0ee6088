//! Opening the file: whose it is, which schema it has.

use super::room::{Room, RoomyDisk};
use super::snapshot::definition;
use super::untouched::UntouchedFile;
use super::{OpenError, StoreError, StoreLimits};
use redb::{ReadableDatabase, TableDefinition};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// The schema this program reads and writes. Rows have versions of their own; this one changes
/// when tables or keys do.
pub const SCHEMA_VERSION: u64 = 1;

const ABOUT: TableDefinition<'_, &str, u64> = TableDefinition::new("souk.about");
const VERSION: &str = "schema_version";

/// The first octets of every redb file.
const REDB_MAGIC: &[u8] = b"redb\x1A\x0A\xA9\x0D\x0A";

/// Opens the file, or makes it. Until it is known to be ours, nothing is written to it.
pub(super) fn open_file(
    path: &Path,
    limits: &StoreLimits,
    room: &Room,
) -> Result<redb::Database, OpenError> {
    let shown = path.display().to_string();
    let io = |source| OpenError::Io { path: shown.clone(), source };
    let directory = path.parent().filter(|it| *it != Path::new("")).unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory).map_err(io)?;
    let is_new = !path.exists();
    if !is_new {
        refuse_foreign_magic(path, &shown)?;
    }
    let mut options = std::fs::OpenOptions::new();
    let file =
        options.read(true).write(true).create(true).truncate(false).open(path).map_err(io)?;
    // redb reports damage it did not expect by panicking in places; for a file at the door that
    // is one more way of saying that it is damaged.
    let open = AssertUnwindSafe(|| open_untouched(file, limits, room));
    let opened = catch_unwind(open).unwrap_or_else(|_| {
        let damage = redb::StorageError::Corrupted("unreadable structure".to_owned());
        Err(OpenFailure::Redb(redb::DatabaseError::Storage(damage)))
    });
    let (database, file) = opened.map_err(|failure| failure.name(&shown))?;
    file.release().map_err(io)?;
    if is_new {
        // A file is only as durable as its name.
        std::fs::File::open(directory).and_then(|it| it.sync_all()).map_err(io)?;
    }
    Ok(database)
}

fn open_untouched(
    file: std::fs::File,
    limits: &StoreLimits,
    room: &Room,
) -> Result<(redb::Database, UntouchedFile), OpenFailure> {
    let file = UntouchedFile::new(file).map_err(OpenFailure::Redb)?;
    let mut builder = redb::Builder::new();
    builder.set_cache_size(limits.cache_bytes);
    let disk = RoomyDisk::new(file.clone(), room.clone());
    let database = builder.create_with_backend(disk).map_err(OpenFailure::Redb)?;
    find_ours(&database).map_err(OpenFailure::Ours)?;
    Ok((database, file))
}

enum OpenFailure {
    Redb(redb::DatabaseError),
    Ours(OpenError),
}

impl OpenFailure {
    fn name(self, shown: &str) -> OpenError {
        let path = shown.to_owned();
        match self {
            Self::Redb(redb::DatabaseError::DatabaseAlreadyOpen) => OpenError::InUse { path },
            Self::Redb(redb::DatabaseError::Storage(redb::StorageError::Io(source)))
                if source.kind() != std::io::ErrorKind::InvalidData
                    && source.kind() != std::io::ErrorKind::UnexpectedEof =>
            {
                OpenError::Io { path, source }
            }
            Self::Redb(error) => OpenError::Foreign { path, source: Box::new(error.into()) },
            Self::Ours(OpenError::Store(StoreError::Redb(source))) => {
                OpenError::Foreign { path, source }
            }
            Self::Ours(error) => error,
        }
    }
}

/// Looks before redb does: redb would make a new store over a file too short to be one.
fn refuse_foreign_magic(path: &Path, shown: &str) -> Result<(), OpenError> {
    let io = |source| OpenError::Io { path: shown.to_owned(), source };
    let mut start = Vec::new();
    let file = std::fs::File::open(path).map_err(io)?;
    let wanted = u64::try_from(REDB_MAGIC.len()).expect("a few octets");
    std::io::Read::read_to_end(&mut std::io::Read::take(file, wanted), &mut start).map_err(io)?;
    if start.is_empty() || start == REDB_MAGIC {
        return Ok(());
    }
    let source = Box::new(redb::Error::Corrupted("no redb header".to_owned()));
    Err(OpenError::Foreign { path: shown.to_owned(), source })
}

/// Checks the schema version, or writes it with every table into a new file.
pub(super) fn prepare(database: &redb::Database, tables: &[&'static str]) -> Result<(), OpenError> {
    find_ours(database)?;
    if has_every_table(database, tables)? {
        return Ok(());
    }
    let write = database.begin_write().map_err(StoreError::from)?;
    let prepared = (|| -> Result<(), StoreError> {
        write.open_table(ABOUT)?.insert(VERSION, SCHEMA_VERSION)?;
        for table in tables {
            write.open_table(definition(table))?;
        }
        Ok(())
    })();
    prepared?;
    write.commit().map_err(StoreError::from)?;
    Ok(())
}

/// Refuses a store of another program or schema; one without any table is new.
fn find_ours(database: &redb::Database) -> Result<(), OpenError> {
    match found_version(database)? {
        Found::Nothing | Found::Version(SCHEMA_VERSION) => Ok(()),
        Found::Version(found) => Err(OpenError::UnknownSchema { found, known: SCHEMA_VERSION }),
        Found::SomethingElse => Err(OpenError::NotSouk),
    }
}

enum Found {
    Nothing,
    SomethingElse,
    Version(u64),
}

fn found_version(database: &redb::Database) -> Result<Found, StoreError> {
    let read = database.begin_read()?;
    match read.open_table(ABOUT) {
        Ok(about) => Ok(match about.get(VERSION)? {
            Some(version) => Found::Version(version.value()),
            None => Found::SomethingElse,
        }),
        Err(redb::TableError::TableDoesNotExist(_)) => {
            let is_empty = read.list_tables()?.next().is_none()
                && read.list_multimap_tables()?.next().is_none();
            Ok(if is_empty { Found::Nothing } else { Found::SomethingElse })
        }
        Err(redb::TableError::Storage(error)) => Err(error.into()),
        // A table of that name, and of other types.
        Err(_) => Ok(Found::SomethingElse),
    }
}

fn has_every_table(database: &redb::Database, tables: &[&'static str]) -> Result<bool, StoreError> {
    let read = database.begin_read()?;
    for table in tables {
        match read.open_table(definition(table)) {
            Ok(_) => {}
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
    match read.open_table(ABOUT) {
        Ok(_) => Ok(true),
        Err(redb::TableError::TableDoesNotExist(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
