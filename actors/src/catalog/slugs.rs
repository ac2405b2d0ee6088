//! Slugs: each is unique among the categories or among the products.

use crate::Failure;
use crate::store::{Read, Row, Table, Unit};
use souk_domain::slug_of;
use std::fmt::Display;

/// The slug of the name. If another row has it, appends the id, and if necessary a number.
pub(super) fn free_slug<Id: Row + PartialEq + Display>(
    unit: &Unit,
    taken: Table<String, Id>,
    name: &str,
    id: Id,
) -> Result<String, Failure> {
    let plain = slug_of(name);
    let mut slug = plain.clone();
    let mut number = 1_u64;
    while unit.get(taken, &slug)?.is_some_and(|holder| holder != id) {
        slug = match number {
            1 => format!("{plain}-{id}"),
            _ => format!("{plain}-{id}-{number}"),
        };
        number += 1;
    }
    Ok(slug)
}
