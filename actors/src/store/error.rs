//! What can go wrong with the store itself.

use super::StoreKind;
use std::path::{Path, PathBuf};

/// A read or write that the store could not do: never the request's fault.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// redb or the disk below it.
    #[error("the store failed")]
    Redb(#[source] Box<redb::Error>),
    /// A row that cannot be read: damage, or a version this program does not know.
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
        /// Why.
        #[source]
        source: postcard::Error,
    },
    /// The turn this unit belongs to has ended.
    #[error("the turn is over")]
    TurnOver,
    /// One turn wrote more than it may.
    #[error("a turn wrote more than {max_turn_bytes} bytes")]
    TurnTooLarge {
        /// The bound.
        max_turn_bytes: usize,
    },
    /// The counter of a kind of id ran out.
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

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self::Redb(Box::new(error.into()))
    }
}

/// Why a store could not be opened. The file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is not there, and only who opens a shop for the first time makes one.
    #[error("there is no {kind} in {}", .directory.display())]
    Missing {
        /// What was looked for.
        kind: StoreKind,
        /// Where.
        directory: PathBuf,
    },
    /// A store of Souk that keeps something else.
    #[error("{path} is not the store of a {wanted}; it was left as it is")]
    OtherKind {
        /// Which file.
        path: String,
        /// What it should keep.
        wanted: StoreKind,
    },
    /// Its checksums are wrong.
    #[error("{path} is damaged ({what}); it was left as it is: restore a copy")]
    Damaged {
        /// Which file.
        path: String,
        /// What was found.
        what: &'static str,
    },
    /// The directory or file cannot be used.
    #[error("cannot use {path}")]
    Io {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another process has it open.
    #[error("{path} is in use by another process; stop it first")]
    InUse {
        /// Which file.
        path: String,
    },
    /// Not a file that Souk wrote.
    #[error("{path} is not a Souk store, or it is damaged; it was left as it is")]
    Foreign {
        /// Which file.
        path: String,
        /// What redb says.
        #[source]
        source: Box<redb::Error>,
    },
    /// A redb file of some other program.
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
    /// The committer thread could not be started.
    #[error("cannot start the committer thread")]
    Thread(#[source] std::io::Error),
}

impl OpenError {
    /// The same about a file that the reader knows under another name.
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
            | Self::Thread(_) => {}
        }
        self
    }
}
