//! Where a store's rows are.

use super::{Database, OpenError, Opening, Schema, Store, StoreLimits};
use std::path::{Path, PathBuf};

/// Where a store's rows are.
#[derive(Clone, Debug)]
pub enum StorePlace {
    /// In a file in this directory, of one process.
    Directory(PathBuf),
    /// In a database, which several processes may use.
    Database {
        /// The database.
        database: Database,
        /// Where this process keeps its copy of the rows. It is only a cache.
        copy: PathBuf,
        /// Whether [`Opening::OrMake`] makes tables that are missing; otherwise only
        /// [`super::migrate`] does.
        makes_tables: bool,
    },
}

impl StorePlace {
    /// Opens the store.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(
        &self,
        schema: &Schema,
        opening: Opening,
        limits: StoreLimits,
    ) -> Result<Store, OpenError> {
        match self {
            Self::Directory(directory) => Store::open(directory, schema, opening, limits),
            Self::Database { database, copy, makes_tables } => {
                let opening = match opening {
                    Opening::OrMake if !makes_tables => Opening::Existing,
                    opening => opening,
                };
                Store::open_database(database, copy, schema, opening, limits)
            }
        }
    }

    /// The directory, for messages and for what is beside the store.
    #[must_use]
    pub fn directory(&self) -> &Path {
        match self {
            Self::Directory(directory) => directory,
            Self::Database { copy, .. } => copy,
        }
    }
}

impl From<&Path> for StorePlace {
    fn from(directory: &Path) -> Self {
        Self::Directory(directory.to_owned())
    }
}

impl From<&PathBuf> for StorePlace {
    fn from(directory: &PathBuf) -> Self {
        Self::Directory(directory.clone())
    }
}
