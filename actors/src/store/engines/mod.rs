//! The engines: where a sealed epoch becomes durable, and where committed states are read.
//!
//! Today there is one, redb. Another one gets an arm in each of the enums here and a file beside
//! this one; turns, units and owners stay as they are.

pub(super) mod redb;

pub(super) use redb::{RedbEngine, RedbView};

use super::StoreError;
use super::committer::Sealed;

/// Where the store keeps its rows.
pub(super) enum Engine {
    /// A file of this process.
    Redb(RedbEngine),
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
        }
    }

    /// Makes an epoch durable. Blocks the thread.
    pub(super) fn commit(&self, sealed: &Sealed) -> Outcome {
        match self {
            Self::Redb(engine) => engine.commit(sealed),
        }
    }
}

/// A committed state of an engine.
pub(super) enum View {
    Redb(RedbView),
}
