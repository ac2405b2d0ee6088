//! Opening or creating the file: checks that it is ours, its kind, and its schema version.

use super::definition;
use super::quiet::catch_quietly;
use super::room::{Room, RoomyDisk};
use super::untouched::UntouchedFile;
use crate::store::{
    OpenError, Opening, SCHEMA_VERSION, Schema, Store, StoreError, StoreLimits, counters,
};
use redb::backends::FileBackend;
use redb::{ReadableDatabase, TableDefinition};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::{fs, io};

pub(super) const ABOUT_NAME: &str = "souk.about";
const ABOUT: TableDefinition<'_, &str, u64> = TableDefinition::new(ABOUT_NAME);
const VERSION: &str = "schema_version";
/// The key of the store's kind ([`StoreKind`]).
const KIND: &str = "kind";

/// Only the shop's own user may read its data.
const DIRECTORY_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// The first bytes of every redb file.
pub(in crate::store) const REDB_MAGIC: &[u8] = b"redb\x1A\x0A\xA9\x0D\x0A";

/// Opens the store's file in `directory`. Writes nothing to it until it is known to be ours.
pub(in crate::store) fn open_file(
    directory: &Path,
    schema: &Schema,
    opening: Opening,
    limits: &StoreLimits,
    room: &Room,
) -> Result<redb::Database, OpenError> {
    let path = directory.join(Store::FILE_NAME);
    let is_there = path.try_exists().map_err(|source| unusable(&path, source))?;
    match opening {
        _ if is_there => open_existing(&path, schema, opening, limits, room),
        Opening::OrMake => match make(directory, &path, schema, limits, room) {
            // Another process created it meanwhile.
            Err(_) if path.exists() => open_existing(&path, schema, opening, limits, room),
            made => made,
        },
        Opening::Existing | Opening::Proven => {
            Err(OpenError::Missing { kind: schema.kind, directory: directory.to_owned() })
        }
    }
}

fn unusable(path: &Path, source: io::Error) -> OpenError {
    OpenError::Io { path: path.display().to_string(), source }
}

/// Creates a store under a temporary name and renames it when it is complete. So an empty or
/// truncated file is always damaged, never new.
fn make(
    directory: &Path,
    path: &Path,
    schema: &Schema,
    limits: &StoreLimits,
    room: &Room,
) -> Result<redb::Database, OpenError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(DIRECTORY_MODE);
    builder.create(directory).map_err(|source| unusable(directory, source))?;
    let name = format!(".{}.{}", Store::FILE_NAME, crate::random_hex(4));
    let unfinished = directory.join(name);
    let made = make_unfinished(&unfinished, schema, limits, room).and_then(|database| {
        give_name(&unfinished, path).map_err(|source| unusable(path, source))?;
        Ok(database)
    });
    // Remove the temporary name: the file has its final name, or is unusable.
    let _ = fs::remove_file(&unfinished);
    made
}

fn make_unfinished(
    path: &Path,
    schema: &Schema,
    limits: &StoreLimits,
    room: &Room,
) -> Result<redb::Database, OpenError> {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(FILE_MODE);
    let file = options.open(path).map_err(|source| unusable(path, source))?;
    let mut builder = redb::Builder::new();
    builder.set_cache_size(limits.cache_bytes);
    let shown = path.display().to_string();
    let redb = |error| OpenFailure::Redb(error).name(&shown);
    let disk = RoomyDisk::new(FileBackend::new(file).map_err(redb)?, room.clone());
    let database = builder.create_with_backend(disk).map_err(redb)?;
    prepare(&database, schema)?;
    Ok(database)
}

/// Renames a finished file to its final name, durably. Never replaces another file.
pub(in crate::store) fn give_name(unfinished: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(unfinished, path) {
        Ok(()) => fs::remove_file(unfinished)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
        // The file system does not support links.
        Err(_) if !path.try_exists()? => fs::rename(unfinished, path)?,
        Err(error) => return Err(error),
    }
    let directory = path.parent().filter(|it| *it != Path::new("")).unwrap_or(Path::new("."));
    fs::File::open(directory)?.sync_all()
}

fn open_existing(
    path: &Path,
    schema: &Schema,
    opening: Opening,
    limits: &StoreLimits,
    room: &Room,
) -> Result<redb::Database, OpenError> {
    let shown = path.display().to_string();
    refuse_foreign_magic(path, &shown)?;
    let mut options = fs::OpenOptions::new();
    let file = options.read(true).write(true).open(path).map_err(|it| unusable(path, it))?;
    let open = || open_untouched(file, schema, opening, limits, room);
    let opened = catch_quietly(open).unwrap_or_else(|| {
        let damage = redb::StorageError::Corrupted("unreadable structure".to_owned());
        Err(OpenFailure::Redb(redb::DatabaseError::Storage(damage)))
    });
    let (database, file) = opened.map_err(|failure| failure.name(&shown))?;
    file.release().map_err(|source| unusable(path, source))?;
    Ok(database)
}

fn open_untouched(
    file: fs::File,
    schema: &Schema,
    opening: Opening,
    limits: &StoreLimits,
    room: &Room,
) -> Result<(redb::Database, UntouchedFile), OpenFailure> {
    let file = UntouchedFile::new(file).map_err(OpenFailure::Redb)?;
    let mut builder = redb::Builder::new();
    builder.set_cache_size(limits.cache_bytes);
    let disk = RoomyDisk::new(file.clone(), room.clone());
    let mut database = builder.create_with_backend(disk).map_err(OpenFailure::Redb)?;
    if matches!(find(&database).map_err(ours)?, Found::Nothing) {
        return Err(OpenFailure::Ours(OpenError::NotSouk));
    }
    if opening == Opening::Proven {
        match database.check_integrity() {
            Ok(true) => {}
            Ok(false) => return Err(OpenFailure::Damaged("its pages do not fit together")),
            Err(redb::DatabaseError::Storage(redb::StorageError::Corrupted(_))) => {
                return Err(OpenFailure::Damaged("a checksum is wrong"));
            }
            Err(error) => return Err(OpenFailure::Redb(error)),
        }
    }
    prepare(&database, schema).map_err(OpenFailure::Ours)?;
    Ok((database, file))
}

fn ours(error: StoreError) -> OpenFailure {
    OpenFailure::Ours(error.into())
}

enum OpenFailure {
    Redb(redb::DatabaseError),
    Ours(OpenError),
    Damaged(&'static str),
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
            Self::Ours(error) => error.at(Path::new(shown)),
            Self::Damaged(what) => OpenError::Damaged { path, what },
        }
    }
}

/// Checks before redb does: redb would create a new store over a file that is too short.
fn refuse_foreign_magic(path: &Path, shown: &str) -> Result<(), OpenError> {
    let io = |source| OpenError::Io { path: shown.to_owned(), source };
    let mut start = Vec::new();
    let file = std::fs::File::open(path).map_err(io)?;
    let wanted = u64::try_from(REDB_MAGIC.len()).expect("a few octets");
    std::io::Read::read_to_end(&mut std::io::Read::take(file, wanted), &mut start).map_err(io)?;
    if start == REDB_MAGIC {
        return Ok(());
    }
    let what = if start.is_empty() { "the file is empty" } else { "no redb header" };
    let source = Box::new(redb::Error::Corrupted(what.to_owned()));
    Err(OpenError::Foreign { path: shown.to_owned(), source })
}

/// Checks the version and kind of a store, and adds missing parts. A database without any table
/// becomes a store.
pub(in crate::store) fn prepare(
    database: &redb::Database,
    schema: &Schema,
) -> Result<(), OpenError> {
    let is_marked = match find(database)? {
        Found::Nothing => false,
        Found::SomethingElse => return Err(OpenError::NotSouk),
        Found::Store { version, .. } if version != SCHEMA_VERSION => {
            return Err(OpenError::UnknownSchema { found: version, known: SCHEMA_VERSION });
        }
        Found::Store { mark: Some(mark), .. } if mark == schema.kind.mark() => true,
        // Stores of the first versions have no mark: their tables show their kind.
        Found::Store { mark: None, .. } if has_table_of(database, schema)? => false,
        Found::Store { .. } => {
            return Err(OpenError::OtherKind { path: String::new(), wanted: schema.kind });
        }
    };
    if is_marked && has_every_table(database, schema)? {
        return Ok(());
    }
    let write = database.begin_write().map_err(StoreError::from)?;
    let prepared = (|| -> Result<(), StoreError> {
        let mut about = write.open_table(ABOUT)?;
        about.insert(VERSION, SCHEMA_VERSION)?;
        about.insert(KIND, schema.kind.mark())?;
        for table in &schema.tables {
            write.open_table(definition(table))?;
        }
        Ok(())
    })();
    prepared?;
    write.commit().map_err(StoreError::from)?;
    Ok(())
}

enum Found {
    /// The database has no tables.
    Nothing,
    SomethingElse,
    Store {
        version: u64,
        mark: Option<u64>,
    },
}

fn find(database: &redb::Database) -> Result<Found, StoreError> {
    let read = database.begin_read()?;
    match read.open_table(ABOUT) {
        Ok(about) => {
            let number = |key| about.get(key).map(|it| it.map(|it| it.value()));
            let (version, mark) = (number(VERSION)?, number(KIND)?);
            Ok(version.map_or(Found::SomethingElse, |version| Found::Store { version, mark }))
        }
        Err(redb::TableError::TableDoesNotExist(_)) => {
            let is_empty = read.list_tables()?.next().is_none()
                && read.list_multimap_tables()?.next().is_none();
            Ok(if is_empty { Found::Nothing } else { Found::SomethingElse })
        }
        Err(redb::TableError::Storage(error)) => Err(error.into()),
        // A table with that name, but with other types.
        Err(_) => Ok(Found::SomethingElse),
    }
}

fn has_every_table(database: &redb::Database, schema: &Schema) -> Result<bool, StoreError> {
    let read = database.begin_read()?;
    for table in &schema.tables {
        if !has_table(&read, table)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// True if it has a table that only this kind of store has.
fn has_table_of(database: &redb::Database, schema: &Schema) -> Result<bool, StoreError> {
    let read = database.begin_read()?;
    for table in schema.tables.iter().filter(|table| !counters::TABLES.contains(table)) {
        if has_table(&read, table)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn has_table(read: &redb::ReadTransaction, table: &'static str) -> Result<bool, StoreError> {
    match read.open_table(definition(table)) {
        Ok(_) => Ok(true),
        Err(redb::TableError::TableDoesNotExist(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
