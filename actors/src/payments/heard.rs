//! Messages of the gateway that were heard, so that each counts once. A gateway repeats a message
//! for days, and an operator can have it sent again for weeks
//! (<https://docs.stripe.com/webhooks>), which is longer than the answers to clients are kept.

use super::Payments;
use super::rows::{HEARD, HEARD_BY_TIME};
use crate::Failure;
use crate::owner::Command;
use crate::store::{Direction, Read, Store, Unit};
use souk_domain::UnixMillis;
use std::ops::ControlFlow;
use std::time::Duration;

/// How long a message is remembered.
pub const HEARD_KEPT: Duration = Duration::from_secs(40 * 24 * 60 * 60);
/// Messages forgotten in one turn of [`prune_heard`].
const MAX_PRUNED_PER_TURN: usize = 500;

/// Notes that a message of the gateway was heard; replies false if it was heard before.
#[derive(Clone, Debug)]
pub struct RecordHeard {
    /// The message's id.
    pub event: String,
}

impl Command for RecordHeard {
    type Owner = Payments;
    type Reply = bool;

    fn apply(self, unit: &Unit, _: &Payments) -> Result<bool, Failure> {
        let Self { event } = self;
        if unit.get(HEARD, &event)?.is_some() {
            return Ok(false);
        }
        unit.put(HEARD, &event, &())?;
        unit.put(HEARD_BY_TIME, &(unit.now(), event), &())?;
        Ok(true)
    }
}

/// Forgets messages older than [`HEARD_KEPT`]; true if more may be left.
///
/// # Errors
/// [`Failure`] of the store.
pub async fn prune_heard(store: &Store) -> Result<bool, Failure> {
    let start = (UnixMillis::new(0), String::new());
    let end = (crate::clock::now().before(HEARD_KEPT), String::new());
    let mut old = Vec::new();
    store.snapshot().visit(
        HEARD_BY_TIME,
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
                    unit.delete(HEARD_BY_TIME, key)?;
                    unit.delete(HEARD, &key.1)?;
                }
                Ok(())
            }
        })
        .await?;
    Ok(may_have_more)
}
