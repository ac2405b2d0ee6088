//! Deleting expired guest carts.

use super::save::delete_ended;
use super::stored::GUESTS_BY_END;
use crate::Failure;
use crate::store::{Direction, Read, Store};
use souk_domain::{CartId, UnixMillis};

/// Most carts deleted by one turn of [`prune_guest_carts`].
const MAX_CARTS_PRUNED_PER_TURN: usize = 500;

/// Deletes guest carts whose lifetime after the last change is over. Returns true if more may be
/// left.
///
/// # Errors
/// [`Failure`] of the store.
pub async fn prune_guest_carts(store: &Store) -> Result<bool, Failure> {
    let first = (UnixMillis::new(0), CartId::new(1).expect("1 is an id"));
    let now = (crate::clock::now(), first.1);
    let snapshot = store.snapshot();
    let is_due =
        !snapshot.range(GUESTS_BY_END, &first, Some(&now), Direction::Ascending, 1)?.is_empty();
    if !is_due {
        return Ok(false);
    }
    store
        .transact(move |unit| async move {
            let limit = MAX_CARTS_PRUNED_PER_TURN;
            let ended =
                unit.range(GUESTS_BY_END, &first, Some(&now), Direction::Ascending, limit)?;
            for ((_, id), ()) in &ended {
                delete_ended(&unit, *id)?;
            }
            Ok(ended.len() == limit)
        })
        .await
}
