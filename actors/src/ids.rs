//! Ids counted per kind; a number is never given twice, not even after a deletion.

use crate::Failure;
use crate::store::{Read, StoreError, Table, Unit};

const LAST: Table<String, u64> = Table::new("ids.last");

pub(crate) const TABLES: &[&str] = &[LAST.name()];

/// The next id of a kind, from 1.
pub(crate) fn next<T>(
    unit: &Unit,
    kind: &'static str,
    make: impl Fn(u64) -> Option<T>,
) -> Result<T, Failure> {
    let key = kind.to_owned();
    let number = unit.get(LAST, &key)?.unwrap_or(0) + 1;
    let id = make(number).ok_or(StoreError::NoIdsLeft { kind })?;
    unit.put(LAST, &key, &number)?;
    Ok(id)
}
