//! Copies the store while it is in use: one committed state, into a new file with a seal.

use super::definition;
use super::file::{give_name, prepare};
use super::quiet::catch_quietly;
use crate::store::seal::{HEADER_BYTES, seal};
use crate::store::{Direction, OpenError, Read, Schema, Store, StoreError, TableId};
use redb::StorageBackend;
use redb::backends::FileBackend;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Why a copy failed. The unfinished file is removed.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A copy never replaces another file.
    #[error("{} is there already", .path.display())]
    Exists {
        /// The file's path.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("cannot write {}", .path.display())]
    Io {
        /// The file's path.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The new file cannot become a store.
    #[error("cannot begin the copy")]
    Begin(#[source] redb::DatabaseError),
    /// The new store cannot get its tables.
    #[error("cannot begin the copy")]
    Prepare(#[from] OpenError),
    /// A row cannot be read or written.
    #[error("cannot copy")]
    Store(#[from] StoreError),
    /// redb cannot read the store.
    #[error("the store is damaged: stop the shop and run `souk check`")]
    Damaged,
}

impl Store {
    /// Copies the last committed state into a new file at `path`, readable only by this user, with
    /// a seal that names `identity` as its origin. The file gets its name once it is complete and
    /// durable. Can take long; commits continue meanwhile.
    ///
    /// # Errors
    /// [`CopyError`].
    pub fn copy_to(&self, path: &Path, identity: &str) -> Result<(), CopyError> {
        if path.exists() {
            return Err(CopyError::Exists { path: path.to_owned() });
        }
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(format!(".{}", crate::random_hex(4)));
        let unfinished = PathBuf::from(unfinished);
        let io = |source| CopyError::Io { path: path.to_owned(), source };
        let copy = || self.copy_into(&unfinished, path, identity);
        let copied = catch_quietly(copy)
            .unwrap_or(Err(CopyError::Damaged))
            .and_then(|()| give_name(&unfinished, path).map_err(io));
        if copied.is_err() {
            // The file is either unusable or was never created.
            let _ = fs::remove_file(&unfinished);
        }
        copied
    }

    fn copy_into(&self, unfinished: &Path, path: &Path, identity: &str) -> Result<(), CopyError> {
        let io = |source| CopyError::Io { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        let file = options.open(unfinished).map_err(io)?;
        let backend = AfterHeader::new(file.try_clone().map_err(io)?).map_err(CopyError::Begin)?;
        let mut builder = redb::Builder::new();
        builder.set_cache_size(self.shared.limits.cache_bytes);
        let copy = builder.create_with_backend(backend).map_err(CopyError::Begin)?;
        self.copy_rows(&copy)?;
        // The copy must contain what redb writes when it closes.
        drop(copy);
        seal(&file, identity).map_err(io)
    }

    fn copy_rows(&self, copy: &redb::Database) -> Result<(), CopyError> {
        let names = self.shared.tables.names();
        let (kind, tables) = (self.shared.kind, names.to_vec());
        prepare(copy, &Schema { kind, tables, followed: Vec::new() })?;
        let snapshot = self.snapshot();
        let write = copy.begin_write().map_err(StoreError::from)?;
        for name in names {
            let mut table = write.open_table(definition(name)).map_err(StoreError::from)?;
            let mut failure = None;
            snapshot.walk(
                TableId::new(name),
                (Vec::new(), None),
                Direction::Ascending,
                &mut |key, value| match table.insert(key, value) {
                    Ok(_) => ControlFlow::Continue(()),
                    Err(error) => {
                        failure = Some(StoreError::from(error));
                        ControlFlow::Break(())
                    }
                },
            )?;
            failure.map_or(Ok(()), Err)?;
        }
        // Durable when it returns (redb's default).
        write.commit().map_err(StoreError::from)?;
        Ok(())
    }
}

/// The part of a file after the header of a copy, as a store.
#[derive(Debug)]
struct AfterHeader(FileBackend);

impl AfterHeader {
    fn new(file: File) -> Result<Self, redb::DatabaseError> {
        Ok(Self(FileBackend::new(file)?))
    }
}

/// Without locks: no other process knows the name of an unfinished copy.
impl StorageBackend for AfterHeader {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.len()?.saturating_sub(HEADER_BYTES))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(HEADER_BYTES + offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(HEADER_BYTES + len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(HEADER_BYTES + offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.0.close()
    }
}
