//! Copying the store while it is in use: one committed state, into a new file.

use super::snapshot::definition;
use super::{Direction, OpenError, Read, Store, StoreError, schema};
use std::fs::{self, File, OpenOptions};
use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Why there is no copy. What was begun is removed.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A copy never takes the place of another file.
    #[error("{} is there already", .path.display())]
    Exists {
        /// Which file.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("cannot write {}", .path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The new file cannot be made a store.
    #[error("cannot begin the copy")]
    Begin(#[source] redb::DatabaseError),
    /// Nor get its tables.
    #[error("cannot begin the copy")]
    Prepare(#[from] OpenError),
    /// A row cannot be read or written.
    #[error("cannot copy")]
    Store(#[from] StoreError),
}

impl Store {
    /// Copies the last committed state into a new file at `path`, readable by this user only. The
    /// file has its name once it is whole and durable. Takes its time; commits go on meanwhile.
    ///
    /// # Errors
    /// [`CopyError`].
    pub fn copy_to(&self, path: &Path) -> Result<(), CopyError> {
        if path.exists() {
            return Err(CopyError::Exists { path: path.to_owned() });
        }
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(format!(".{}", crate::random_hex(4)));
        let unfinished = PathBuf::from(unfinished);
        let copied = self.copy_into(&unfinished).and_then(|()| name(&unfinished, path));
        if copied.is_err() {
            // Whatever is left of it is of no use; nothing is left if it could not be made.
            let _ = fs::remove_file(&unfinished);
        }
        copied
    }

    fn copy_into(&self, path: &Path) -> Result<(), CopyError> {
        let io = |source| CopyError::Io { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).mode(0o600).open(path);
        let mut builder = redb::Builder::new();
        builder.set_cache_size(self.shared.limits.cache_bytes);
        let copy = builder.create_file(file.map_err(io)?).map_err(CopyError::Begin)?;
        let names = self.shared.table_names.all();
        schema::prepare(&copy, names)?;
        let snapshot = self.snapshot();
        let write = copy.begin_write().map_err(StoreError::from)?;
        for name in names {
            let mut table = write.open_table(definition(name)).map_err(StoreError::from)?;
            let mut failure = None;
            snapshot.walk(name, (Vec::new(), None), Direction::Ascending, &mut |key, value| {
                match table.insert(key, value) {
                    Ok(_) => ControlFlow::Continue(()),
                    Err(error) => {
                        failure = Some(StoreError::from(error));
                        ControlFlow::Break(())
                    }
                }
            })?;
            failure.map_or(Ok(()), Err)?;
        }
        // Durable when it returns (redb's default).
        write.commit().map_err(StoreError::from)?;
        Ok(())
    }
}

fn name(unfinished: &Path, path: &Path) -> Result<(), CopyError> {
    let io = |source| CopyError::Io { path: path.to_owned(), source };
    // Unlike a rename, a link never takes the place of a file that came meanwhile.
    fs::hard_link(unfinished, path).map_err(io)?;
    fs::remove_file(unfinished).map_err(io)?;
    let directory = path.parent().filter(|it| *it != Path::new("")).unwrap_or(Path::new("."));
    File::open(directory).and_then(|it| it.sync_all()).map_err(io)
}
