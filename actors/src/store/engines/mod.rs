//! The engines: where a sealed epoch becomes durable, and where committed states are read.
//!
//! An engine is an arm of [`Engine`] and a folder beside this file; turns, units and owners do not
//! know which one they use. [`redb`] keeps the rows in a file of this process. [`postgres`] keeps
//! them in a database that other processes write too, and a copy of them in a redb file, so that
//! every engine is read in the same way.

pub(super) mod postgres;
pub(super) mod redb;

pub(super) use postgres::PostgresEngine;
pub(super) use redb::{RedbEngine, RedbView};

use super::numbers::Blocks;
use super::{Shared, StoreError};
use std::sync::Arc;

/// Where the store keeps its rows.
pub(super) enum Engine {
    /// A file of this process.
    Redb(RedbEngine),
    /// A database of several processes.
    Postgres(PostgresEngine),
}

/// How the commit of an epoch ended.
pub(super) enum Outcome {
    /// All of it is durable, and the view shows it.
    Durable(Box<View>),
    /// Nothing of it happened.
    Refused(StoreError),
    /// All of it happened, or nothing.
    Unknown(StoreError),
}

impl Engine {
    /// The last committed state.
    pub(super) fn view(&self) -> Result<Box<View>, StoreError> {
        match self {
            Self::Redb(engine) => Ok(Box::new(View::Redb(engine.view()?))),
            Self::Postgres(engine) => Ok(Box::new(View::Redb(engine.view()?))),
        }
    }

    /// True if other processes may write the same store.
    pub(super) fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// The last epoch of the log that is in [`Self::view`]; 0 without a log.
    pub(super) fn position(&self) -> i64 {
        match self {
            Self::Redb(_) => 0,
            Self::Postgres(engine) => engine.position(),
        }
    }

    /// True while the database cannot be reached.
    pub(super) fn is_away(&self) -> bool {
        match self {
            Self::Redb(_) => false,
            Self::Postgres(engine) => engine.is_away(),
        }
    }

    /// This process's blocks of numbers, if other processes number rows too.
    pub(super) fn blocks(&self) -> Option<Arc<Blocks>> {
        match self {
            Self::Redb(_) => None,
            Self::Postgres(engine) => Some(engine.blocks()),
        }
    }

    /// Prepares for the turns of the next epoch.
    pub(super) async fn before_epoch(&self, shared: &Arc<Shared>) {
        match self {
            Self::Redb(_) => {}
            Self::Postgres(engine) => engine.before_epoch(shared).await,
        }
    }
}

/// A committed state of an engine.
pub(super) enum View {
    Redb(RedbView),
}
