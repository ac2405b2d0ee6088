//! The offline check of every invariant of a store (`souk check`).

use crate::store::{Snapshot, StoreError};
use crate::{carts, catalog, idempotency, leases, orders, payments, sandbox, users, webhooks};
use std::fmt;

/// The results of a check.
#[derive(Debug, Default)]
pub struct Findings {
    violations: Vec<String>,
    /// The number of violations beyond the bound of the list.
    unlisted: usize,
    counts: Vec<(&'static str, u64)>,
}

impl Findings {
    /// Violations beyond this many are counted, not listed.
    const MAX_LISTED: usize = 1_000;

    pub(crate) fn require(&mut self, holds: bool, violation: impl FnOnce() -> String) {
        if holds {
            return;
        }
        match self.violations.len() < Self::MAX_LISTED {
            true => self.violations.push(violation()),
            false => self.unlisted += 1,
        }
    }

    pub(crate) fn counted(&mut self, what: &'static str, count: u64) {
        self.counts.push((what, count));
    }

    /// The counted kinds, with their numbers.
    #[must_use]
    pub fn counts(&self) -> &[(&'static str, u64)] {
        &self.counts
    }

    /// The number of violations, listed or not.
    #[must_use]
    pub fn total(&self) -> usize {
        self.violations.len() + self.unlisted
    }

    /// The violated invariants, a sentence each; at most a thousand.
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
            if self.unlisted > 0 {
                writeln!(f, "and {} more violations that are not listed", self.unlisted)?;
            }
            write!(f, "{} violations", self.total())
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
    leases::check(snapshot, &mut findings)?;
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::Findings;

    #[test]
    fn counts_the_violations_that_it_does_not_list() {
        let mut findings = Findings::default();
        for number in 0..Findings::MAX_LISTED + 5 {
            findings.require(number % 2 == 2, || format!("number {number}"));
        }
        assert_eq!(findings.violations().len(), Findings::MAX_LISTED);
        assert_eq!(findings.total(), Findings::MAX_LISTED + 5);
        let text = findings.to_string();
        assert!(text.ends_with("and 5 more violations that are not listed\n1005 violations"));
    }
}
