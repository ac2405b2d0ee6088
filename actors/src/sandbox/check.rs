//! The invariants of the sandbox's books.

use super::stored::{BY_KEY, CHECKOUT_BY_KEY, CHECKOUTS, INTENTS};
use crate::check::Findings;
use crate::store::{Direction, Read, Snapshot, StoreError};
use std::collections::HashSet;
use std::ops::ControlFlow;

/// Checks that every intent belongs to one key or one checkout, every checkout to one key, and that
/// no refund exceeds its intent.
pub(crate) fn check(snapshot: &Snapshot, findings: &mut Findings) -> Result<(), StoreError> {
    let mut behind_checkouts = HashSet::new();
    let first = String::new();
    snapshot.visit(CHECKOUTS, &first, None, Direction::Ascending, |id, row| {
        if let Some(intent) = row.intent {
            let is_first = behind_checkouts.insert(intent);
            findings.require(is_first, || format!("checkout {id} shares its intent"));
            findings.require(!row.is_expired, || format!("checkout {id} expired and was paid"));
        }
        ControlFlow::Continue(())
    })?;
    let mut intents = 0_usize;
    snapshot.visit(INTENTS, &first, None, Direction::Ascending, |id, row| {
        intents += 1;
        let went_back = row.refunded();
        findings.require(went_back <= row.amount, || {
            format!("sandbox intent {id} gave back {went_back:?} of {:?}", row.amount)
        });
        ControlFlow::Continue(())
    })?;
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let by_key = snapshot.count(BY_KEY)?;
    let indexes_agree = by_key + count(behind_checkouts.len()) == count(intents)
        && snapshot.count(CHECKOUT_BY_KEY)? == snapshot.count(CHECKOUTS)?;
    findings.require(indexes_agree, || "stray entries in the sandbox's indexes".into());
    Ok(())
}
