//! What a store is: its kind, its tables and the version of both.

use super::counters;
use std::fmt;

/// The schema version this program reads and writes. It changes when tables or keys do; rows have
/// versions of their own.
pub const SCHEMA_VERSION: u64 = 1;

/// The kind of a store. It is marked in the file, so that one store is never taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// A shop.
    Shop,
    /// The lines of the log service.
    Log,
    /// The record of sent mails.
    SentMails,
}

impl StoreKind {
    /// The mark in the file; it never changes.
    pub(super) fn mark(self) -> u64 {
        match self {
            Self::Shop => 1,
            Self::Log => 2,
            Self::SentMails => 3,
        }
    }
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shop => "shop",
            Self::Log => "log",
            Self::SentMails => "memory of sent mails",
        })
    }
}

/// The kind of a store and the names of all its tables.
#[derive(Clone, Debug)]
pub struct Schema {
    pub(super) kind: StoreKind,
    pub(super) tables: Vec<&'static str>,
    /// The tables of [`super::Kept`].
    pub(super) followed: Vec<&'static str>,
}

impl Schema {
    /// A store of this kind with these tables and the ones every store has.
    #[must_use]
    pub fn new(kind: StoreKind, tables: &[&'static str]) -> Self {
        Self { kind, tables: [counters::TABLES, tables].concat(), followed: Vec::new() }
    }

    /// The same schema, whose store notes which keys of these tables its commits touch.
    #[must_use]
    pub fn following(self, tables: &[&'static str]) -> Self {
        Self { followed: tables.to_vec(), ..self }
    }
}

/// How to open a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// The store must exist. Nothing is created, not even the directory.
    Existing,
    /// Like `Existing`, but compares the checksum of every page first, which takes as long as
    /// reading the whole file. For reading a store that may be damaged. Of a database, every row is
    /// read again, into a copy for this process alone.
    Proven,
    /// Creates the store if it does not exist.
    OrMake,
}
