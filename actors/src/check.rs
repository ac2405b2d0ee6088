//! The offline proof that a store keeps every invariant (`souk check`).

use crate::store::{Snapshot, StoreError};
use crate::{carts, catalog, idempotency, orders, payments, sandbox, users, webhooks};
use std::fmt;

/// What a check found.
#[derive(Debug, Default)]
pub struct Findings {
    violations: Vec<String>,
    counts: Vec<(&'static str, u64)>,
}

impl Findings {
    /// Violations beyond this many are counted, not listed.
    const MAX_LISTED: usize = 1_000;

    pub(crate) fn require(&mut self, holds: bool, violation: impl FnOnce() -> String) {
        if !holds && self.violations.len() < Self::MAX_LISTED {
            self.violations.push(violation());
        }
    }

    pub(crate) fn counted(&mut self, what: &'static str, count: u64) {
        self.counts.push((what, count));
    }

    /// What was counted, and how many there are.
    #[must_use]
    pub fn counts(&self) -> &[(&'static str, u64)] {
        &self.counts
    }

    /// What does not hold, a sentence each.
    #[must_use]
    pub fn violations(&self) -> &[String] {
        &self.violations
    }

    /// True if every invariant holds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.violations.is_empty()
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, count) in &self.counts {
            writeln!(f, "{count:>12} {what}")?;
        }
        for violation in &self.violations {
            writeln!(f, "violation: {violation}")?;
        }
        if self.is_sound() {
            write!(f, "every invariant holds")
        } else {
            write!(f, "{} violations", self.violations.len())
        }
    }
}

/// Checks every owner's invariants and those between owners.
///
/// # Errors
/// [`StoreError`] if a row cannot be read.
pub fn check(snapshot: &Snapshot) -> Result<Findings, StoreError> {
    let mut findings = Findings::default();
    users::check(snapshot, &mut findings)?;
    carts::check(snapshot, &mut findings)?;
    let taken = orders::check(snapshot, &mut findings)?;
    catalog::check(snapshot, &taken, &mut findings)?;
    payments::check(snapshot, &mut findings)?;
    sandbox::check(snapshot, &mut findings)?;
    webhooks::check(snapshot, &mut findings)?;
    idempotency::check(snapshot, &mut findings)?;
    Ok(findings)
}
