//! A file as the target of a copy of a whole store. It gets its name when it is complete, so an end
//! that is dropped has made nothing.

use super::file::{give_name, prepare};
use super::{RedbEngine, View, definition};
use crate::store::kept::{Following, KeptCell};
use crate::store::transfer::{RawRow, TransferError, TransferPlace};
use crate::store::{OpenError, Opening, Schema, Snapshot, Store, StoreError, StoreLimits, Tables};
use redb::{TableHandle, WriteTransaction};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Memory for the pages of the file.
const CACHE_BYTES: usize = 64 << 20;

/// Tables of a store in a file that this program does not know.
pub(in crate::store) fn unknown_tables(snapshot: &Snapshot) -> Result<Vec<String>, StoreError> {
    let View::Redb(view) = snapshot.view();
    let known = |name: &str| name == super::file::ABOUT_NAME || view.tables.names().contains(&name);
    let tables = view.transaction.list_tables()?;
    Ok(tables.map(|table| table.name().to_owned()).filter(|name| !known(name)).collect())
}

/// A file that is being written.
pub(in crate::store) struct FileEnd {
    unfinished: PathBuf,
    path: PathBuf,
    tables: Tables,
    writing: Option<WriteTransaction>,
    engine: Option<RedbEngine>,
    written: Option<Snapshot>,
    // Dropped last: it removes what the others use.
    _directory: UnfinishedDirectory,
}

/// The directory of a file that is being written.
struct UnfinishedDirectory {
    directory: PathBuf,
    /// True if the directory was made for the file.
    is_made: bool,
    unfinished: PathBuf,
}

impl Drop for UnfinishedDirectory {
    fn drop(&mut self) {
        // It has its final name, or is useless.
        let _ = fs::remove_file(&self.unfinished);
        if self.is_made {
            // Fails, as it should, if the store is in it.
            let _ = fs::remove_dir(&self.directory);
        }
    }
}

impl FileEnd {
    /// Begins to write a store for a directory that has none.
    pub(in crate::store) fn make(directory: &Path, schema: &Schema) -> Result<Self, TransferError> {
        let path = directory.join(Store::FILE_NAME);
        let unfinished = directory.join(format!(".{}.copy", Store::FILE_NAME));
        let io = |path: &Path| {
            let path = path.to_owned();
            |source| TransferError::Io { path, source }
        };
        if path.try_exists().map_err(io(&path))? {
            return Err(refuse_existing(directory, schema));
        }
        let is_made = !directory.try_exists().map_err(io(directory))?;
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(io(directory))?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&unfinished).map_err(io(&unfinished))?;
        let again = file.try_clone().map_err(io(&unfinished))?;
        let backend = match redb::backends::FileBackend::new(file) {
            Ok(backend) => backend,
            // Another copy is being written.
            Err(redb::DatabaseError::DatabaseAlreadyOpen) => {
                return Err(OpenError::InUse { path: unfinished.display().to_string() }.into());
            }
            Err(error) => return Err(StoreError::from(error).into()),
        };
        let made = UnfinishedDirectory {
            directory: directory.to_owned(),
            is_made,
            unfinished: unfinished.clone(),
        };
        // A copy that was killed may have left something.
        again.set_len(0).map_err(io(&unfinished))?;
        let mut builder = redb::Builder::new();
        builder.set_cache_size(CACHE_BYTES);
        let database = builder.create_with_backend(backend).map_err(StoreError::from)?;
        prepare(&database, schema)?;
        let writing = database.begin_write().map_err(StoreError::from)?;
        let tables = Tables::of(&schema.tables);
        let engine = Some(RedbEngine::new(database, tables.clone()));
        let writing = Some(writing);
        Ok(Self { unfinished, path, tables, writing, engine, written: None, _directory: made })
    }

    /// Writes rows of a table.
    pub(in crate::store) fn put(
        &mut self,
        table: usize,
        rows: &[RawRow],
    ) -> Result<(), StoreError> {
        let writing = self.writing.as_ref().ok_or(StoreError::TurnOver)?;
        let mut table = writing.open_table(definition(self.tables.name(table)))?;
        for (key, row) in rows {
            table.insert(key.as_slice(), row.as_slice())?;
        }
        Ok(())
    }

    /// Makes everything durable. The rows can then be read.
    pub(in crate::store) fn end_writing(&mut self) -> Result<(), StoreError> {
        let (Some(writing), Some(engine)) = (self.writing.take(), &self.engine) else {
            return Err(StoreError::TurnOver);
        };
        // Durable when it returns (redb's default).
        writing.commit()?;
        let kept = KeptCell::first(Following::new(&[]));
        let view = Box::new(View::Redb(engine.view()?));
        self.written = Some(Snapshot::new((0, 0), self.tables.clone(), view, kept));
        Ok(())
    }

    /// The rows that were written.
    pub(in crate::store) fn written(&self) -> Result<&Snapshot, StoreError> {
        self.written.as_ref().ok_or(StoreError::TurnOver)
    }

    /// Gives the file its name.
    pub(in crate::store) fn complete(mut self) -> Result<(), TransferError> {
        let io = |source: io::Error| TransferError::Io { path: self.path.clone(), source };
        // redb writes once more when it is closed.
        self.written = None;
        self.engine = None;
        fs::File::open(&self.unfinished).and_then(|file| file.sync_all()).map_err(io)?;
        give_name(&self.unfinished, &self.path).map_err(io)
    }
}

fn refuse_existing(directory: &Path, schema: &Schema) -> TransferError {
    match Store::open(directory, schema, Opening::Existing, StoreLimits::default()) {
        Err(error @ OpenError::InUse { .. }) => error.into(),
        _ => {
            let place = TransferPlace::Directory(directory.to_owned());
            let what = format!("{} is there", Store::FILE_NAME);
            TransferError::NotEmpty { place, what }
        }
    }
}
