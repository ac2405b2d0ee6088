//! User names: names that look the same count as the same name, and a name in the form of an e-mail
//! address is reserved for the user with that address.
//!
//! Earlier versions of the shop compared names by their lower-case letters alone. [`renew_keys`]
//! converts their keys when the shop opens. If two of their users have names that look the same,
//! the later user keeps the old key and can still log in.

use super::stored::{BY_USERNAME, KEY_RULES, USERS};
use crate::Failure;
use crate::store::{Direction, Read, Store, StoreError, Unit};
use souk_domain::{EmailAddress, Refusal, UserId, Username};
use std::ops::ControlFlow;

/// The version of the key rules: 1 is [`Username::unique_form`]. Stores without a version follow
/// [`earlier_key`].
const RULES: u64 = 1;

fn earlier_key(name: &Username) -> String {
    name.as_str().to_lowercase()
}

/// The user with this name or one that looks the same.
pub(super) fn holder(read: &impl Read, name: &Username) -> Result<Option<UserId>, StoreError> {
    Ok(match read.get(BY_USERNAME, &earlier_key(name))? {
        Some(holder) => Some(holder),
        None => read.get(BY_USERNAME, &name.unique_form())?,
    })
}

/// Rejects a name that a user other than `own` has, and one in the form of an address other than
/// `email`. Never rejects the address itself: its owner can register even if somebody took it as a
/// name before this rule existed.
pub(super) fn require_allowed(
    unit: &Unit,
    name: &Username,
    email: &EmailAddress,
    own: Option<UserId>,
) -> Result<(), Failure> {
    if *name == Username::of_email(email) {
        return Ok(());
    }
    if name.is_address_of_another(email) {
        return Err(Refusal::UsernameIsAnAddress.into());
    }
    match holder(unit, name)? {
        Some(holder) if Some(holder) != own => Err(Refusal::UsernameTaken.into()),
        _ => Ok(()),
    }
}

/// The name, or its first numbered variant that is free. Only an address needs a number.
pub(super) fn free(
    unit: &Unit,
    name: Username,
    email: &EmailAddress,
    own: UserId,
) -> Result<Username, Failure> {
    let is_free = |name: &Username| -> Result<bool, StoreError> {
        Ok(holder(unit, name)?.is_none_or(|holder| holder == own))
    };
    if is_free(&name)? {
        return Ok(name);
    }
    let address = Username::of_email(email);
    for number in std::iter::once(own.get()).chain(1..) {
        let numbered = address.numbered(number);
        if is_free(&numbered)? {
            return Ok(numbered);
        }
    }
    Err(Refusal::UsernameTaken.into())
}

/// Reserves a free name.
pub(super) fn put(unit: &Unit, name: &Username, user: UserId) -> Result<(), StoreError> {
    unit.put(BY_USERNAME, &name.unique_form(), &user)
}

/// Releases the name of a user.
pub(super) fn delete(unit: &Unit, name: &Username, user: UserId) -> Result<(), StoreError> {
    for key in [earlier_key(name), name.unique_form()] {
        if unit.get(BY_USERNAME, &key)? == Some(user) {
            unit.delete(BY_USERNAME, &key)?;
        }
    }
    Ok(())
}

/// Converts the keys of an earlier version to the current rules, once.
///
/// # Errors
/// [`Failure`] of the store.
pub(crate) async fn renew_keys(store: &Store) -> Result<(), Failure> {
    let snapshot = store.snapshot();
    if snapshot.get(KEY_RULES, &0)? == Some(RULES) {
        return Ok(());
    }
    let mut changed = Vec::new();
    let first = UserId::new(1).expect("1 is an id");
    snapshot.visit(USERS, &first, None, Direction::Ascending, |id, user| {
        if user.username.unique_form() != earlier_key(&user.username) {
            changed.push((id, user.username));
        }
        ControlFlow::Continue(())
    })?;
    drop(snapshot);
    store
        .transact(move |unit| {
            let changed = changed.clone();
            async move {
                for (id, name) in &changed {
                    // Another process may have changed the user meanwhile.
                    let is_unchanged =
                        unit.get(USERS, id)?.is_some_and(|user| user.username == *name);
                    if is_unchanged && unit.get(BY_USERNAME, &name.unique_form())?.is_none() {
                        delete(&unit, name, *id)?;
                        put(&unit, name, *id)?;
                    }
                }
                Ok(unit.put(KEY_RULES, &0, &RULES)?)
            }
        })
        .await
}

#[cfg(test)]
mod tests;
