//! Deleting old messages of the gateway.

use crate::Failure;
use crate::payments::stored::{RECEIVED, RECEIVED_BY_TIME};
use crate::store::{Direction, Read, Store};
use souk_domain::UnixMillis;
use std::ops::ControlFlow;
use std::time::Duration;

/// How long a message is kept.
pub const GATEWAY_MESSAGES_KEPT: Duration = Duration::from_secs(40 * 24 * 60 * 60);

/// Most messages deleted in one turn of [`prune_gateway_messages`].
const MAX_PRUNED_PER_TURN: usize = 500;

/// Deletes messages older than [`GATEWAY_MESSAGES_KEPT`]. Returns true if more may be left.
///
/// # Errors
/// [`Failure`] of the store.
pub async fn prune_gateway_messages(store: &Store) -> Result<bool, Failure> {
    let start = (UnixMillis::new(0), String::new());
    let end = (crate::clock::now().before(GATEWAY_MESSAGES_KEPT), String::new());
    let mut old = Vec::new();
    store.snapshot().visit(
        RECEIVED_BY_TIME,
        &start,
        Some(&end),
        Direction::Ascending,
        |key, ()| {
            old.push(key);
            match old.len() < MAX_PRUNED_PER_TURN {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        },
    )?;
    if old.is_empty() {
        return Ok(false);
    }
    let may_have_more = old.len() == MAX_PRUNED_PER_TURN;
    store
        .transact(move |unit| {
            let old = old.clone();
            async move {
                for key in &old {
                    unit.delete(RECEIVED_BY_TIME, key)?;
                    unit.delete(RECEIVED, &key.1)?;
                }
                Ok(())
            }
        })
        .await?;
    Ok(may_have_more)
}
