//! Queries about addresses, and the changes that several commands share.

use super::{ADDRESSES_MAX, Address};
use crate::Failure;
use crate::check::Findings;
use crate::store::{Direction, Read, Snapshot, StoreError, Unit};
use crate::users::stored::ADDRESSES;
use crate::users::user;
use souk_domain::{AddressId, UserId};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// An address of a user.
///
/// # Errors
/// [`StoreError`].
pub fn address(
    read: &impl Read,
    user: UserId,
    id: AddressId,
) -> Result<Option<Address>, StoreError> {
    read.get(ADDRESSES, &(user, id))
}

/// All addresses of a user, oldest first; at most [`ADDRESSES_MAX`].
///
/// # Errors
/// [`StoreError`].
pub fn addresses(read: &impl Read, user: UserId) -> Result<Vec<(AddressId, Address)>, StoreError> {
    let mut found = Vec::new();
    read.visit_under(ADDRESSES, &user, Direction::Ascending, |id: AddressId, address| {
        found.push((id, address));
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Before another address becomes the default.
pub(in crate::users) fn clear_default(unit: &Unit, user: UserId) -> Result<(), Failure> {
    for (id, mut address) in addresses(unit, user)? {
        if address.is_default {
            address.is_default = false;
            address.version += 1;
            address.updated_at = unit.now();
            unit.put(ADDRESSES, &(user, id), &address)?;
        }
    }
    Ok(())
}

/// Deletes the book of a closed account.
pub(in crate::users) fn delete_all(unit: &Unit, user: UserId) -> Result<(), Failure> {
    for (id, _) in addresses(unit, user)? {
        unit.delete(ADDRESSES, &(user, id))?;
    }
    Ok(())
}

/// Checks that every address belongs to a user, who has at most one default and not too many.
pub(in crate::users) fn check(
    snapshot: &Snapshot,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let first = (UserId::new(1).expect("1 is an id"), AddressId::new(1).expect("1 is an id"));
    let mut books: BTreeMap<UserId, (usize, usize)> = BTreeMap::new();
    snapshot.visit(ADDRESSES, &first, None, Direction::Ascending, |(user, _), address| {
        let (count, defaults) = books.entry(user).or_default();
        *count += 1;
        *defaults += usize::from(address.is_default);
        ControlFlow::Continue(())
    })?;
    for (id, (count, defaults)) in books {
        let user_exists = user(snapshot, id)?.is_some();
        findings.require(user_exists, || format!("an address is of user {id}, who does not exist"));
        findings.require(count <= ADDRESSES_MAX, || format!("user {id} has {count} addresses"));
        findings.require(defaults <= 1, || format!("user {id} has {defaults} default addresses"));
    }
    Ok(())
}
