//! Ids counted per kind. A number is never reused, not even after a deletion.

use crate::Failure;
use crate::store::{StoreError, Unit};

/// The next id of a kind, from 1.
pub(crate) fn next<T>(
    unit: &Unit,
    kind: &'static str,
    make: impl Fn(u64) -> Option<T>,
) -> Result<T, Failure> {
    let number = unit.next_number(kind)?;
    Ok(make(number).ok_or(StoreError::NoIdsLeft { kind })?)
}
