//! A condition for every turn that is taken through one handle of a store.

use super::{Store, Unit};
use crate::Failure;
use std::sync::Arc;

/// What a guarded turn checks before its work.
type Check = dyn Fn(&Unit) -> Result<(), Failure> + Send + Sync;

/// A condition that is checked in the turn, before the turn's work. Whatever it reads is part of
/// what the turn read, so on a shared store the commit validates it too.
#[derive(Clone)]
pub struct Guard(Arc<Check>);

impl Guard {
    /// A guard that refuses a turn with the failure of `check`. It may run more than once for a
    /// turn.
    #[must_use]
    pub fn new(check: impl Fn(&Unit) -> Result<(), Failure> + Send + Sync + 'static) -> Self {
        Self(Arc::new(check))
    }

    /// Checks the condition in the turn of `unit`.
    pub(super) fn check(&self, unit: &Unit) -> Result<(), Failure> {
        (self.0)(unit)
    }
}

impl Store {
    /// Another handle of the same store. Every turn taken through it and its clones checks `guard`
    /// first, and has no effect if the guard refuses.
    #[must_use]
    pub fn guarded(&self, guard: Guard) -> Self {
        Self { guard: Some(guard), ..self.clone() }
    }
}
