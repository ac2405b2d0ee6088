//! The errors of the store itself.

use super::StoreKind;
use std::path::{Path, PathBuf};

/// A read or write that the store could not do; never caused by the request.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// An error of redb or the disk.
    #[error("the store failed")]
    Redb(#[source] Box<redb::Error>),
    /// A row that cannot be read: it is damaged, or has a version this program does not know.
    #[error("a row of table {table} cannot be read (version {version})")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The version byte found there.
        version: u8,
    },
    /// A row that cannot be written: a bug.
    #[error("a row of table {table} cannot be encoded")]
    Encode {
        /// The table.
        table: &'static str,
        /// The cause.
        #[source]
        source: postcard::Error,
    },
    /// The turn this unit belongs to has ended.
    #[error("the turn is over")]
    TurnOver,
    /// One turn wrote more than the bound.
    #[error("a turn wrote more than {max_turn_bytes} bytes")]
    TurnTooLarge {
        /// The bound, in bytes.
        max_turn_bytes: usize,
    },
    /// The writes that wait for the disk have reached their bound.
    #[error("more than {max_overlay_bytes} bytes wait to be written")]
    OverlayFull {
        /// The bound, in bytes.
        max_overlay_bytes: usize,
    },
    /// This process has no numbers of a kind left: the turn runs again once it has a new block.
    #[error("a block of numbers of kind {kind} is awaited")]
    NumbersAwaited {
        /// The kind.
        kind: &'static str,
    },
    /// The database cannot be reached, or refuses.
    #[error("the database is not available: {what}")]
    Away {
        /// What happened.
        what: String,
    },
    /// The id counter of a kind is exhausted.
    #[error("no ids left of kind {kind}")]
    NoIdsLeft {
        /// The kind.
        kind: &'static str,
    },
    /// Facts that must agree do not: a bug, or a damaged file.
    #[error("the store contradicts itself: {what}")]
    Contradiction {
        /// What was found.
        what: &'static str,
    },
}

impl StoreError {
    /// True if the disk failed.
    pub(super) fn is_of_the_disk(&self) -> bool {
        let Self::Redb(error) = self else { return false };
        matches!(**error, redb::Error::Io(_) | redb::Error::PreviousIo)
    }

    /// True if the turn has ended for this command, without fault of its owner.
    pub(crate) fn ends_the_turn(&self) -> bool {
        matches!(
            self,
            Self::TurnOver
                | Self::TurnTooLarge { .. }
                | Self::OverlayFull { .. }
                | Self::NumbersAwaited { .. }
        )
    }
}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self::Redb(Box::new(error.into()))
    }
}

/// Why a store could not be opened. The file is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It does not exist. Only the first start of a shop creates a store.
    #[error("there is no {kind} in {}", .directory.display())]
    Missing {
        /// The expected kind.
        kind: StoreKind,
        /// The directory that was searched.
        directory: PathBuf,
    },
    /// A Souk store of another kind.
    #[error("{path} is not the store of a {wanted}; it was left as it is")]
    OtherKind {
        /// The file's path.
        path: String,
        /// The expected kind.
        wanted: StoreKind,
    },
    /// Its checksums are wrong.
    #[error("{path} is damaged ({what}); it was left as it is: restore a copy")]
    Damaged {
        /// The file's path.
        path: String,
        /// The damage that was found.
        what: &'static str,
    },
    /// The directory or file cannot be used.
    #[error("cannot use {path}")]
    Io {
        /// The file's path.
        path: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// Another process has it open.
    #[error("{path} is in use by another process; stop it first")]
    InUse {
        /// The file's path.
        path: String,
    },
    /// Not a file that Souk wrote.
    #[error("{path} is not a Souk store, or it is damaged; it was left as it is")]
    Foreign {
        /// The file's path.
        path: String,
        /// redb's error.
        #[source]
        source: Box<redb::Error>,
    },
    /// A redb file of another program.
    #[error("the data file was not written by Souk; it was left as it is")]
    NotSouk,
    /// Written by a newer or unknown Souk.
    #[error(
        "the data file has schema version {found}; this program reads {known}: use the version of Souk that wrote it"
    )]
    UnknownSchema {
        /// The version in the file.
        found: u64,
        /// The version this program knows.
        known: u64,
    },
    /// The store opened but failed at once.
    #[error("the store failed while it was opened")]
    Store(#[from] StoreError),
    /// The database cannot be used.
    #[error("the setting `store` (SOUK_STORE): {0}")]
    Database(super::DatabaseError),
    /// The committer thread could not be started.
    #[error("cannot start the committer thread")]
    Thread(#[source] std::io::Error),
}

impl OpenError {
    /// The same error with the path that the operator knows.
    #[must_use]
    pub fn at(mut self, file: &Path) -> Self {
        match &mut self {
            Self::OtherKind { path, .. }
            | Self::Damaged { path, .. }
            | Self::Io { path, .. }
            | Self::InUse { path }
            | Self::Foreign { path, .. } => *path = file.display().to_string(),
            Self::Missing { .. }
            | Self::NotSouk
            | Self::UnknownSchema { .. }
            | Self::Store(_)
            | Self::Database(_)
            | Self::Thread(_) => {}
        }
        self
    }
}

// Not derived: the derived one would also make the cause a source, and messages would repeat it.
impl From<super::DatabaseError> for OpenError {
    fn from(error: super::DatabaseError) -> Self {
        Self::Database(error)
    }
}
