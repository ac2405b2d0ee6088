//! Taking a person out of their orders (contracts README, "Users": orders stay, without them).

use super::rows::{BY_CUSTOMER, ORDERS, TO_FORGET};
use super::write;
use crate::Failure;
use crate::store::{Direction, Read, StoreError, Unit};
use souk_domain::UserId;

/// Orders one turn goes through; whoever has more is forgotten by housekeeping, turn by turn.
const MAX_ORDERS_PER_TURN: usize = 200;

pub(super) fn forget_customer(unit: &Unit, customer: UserId) -> Result<(), Failure> {
    let rows = unit.under(BY_CUSTOMER, &customer, Direction::Ascending, MAX_ORDERS_PER_TURN)?;
    for (id, ()) in &rows {
        let contradiction = StoreError::Contradiction { what: "a customer's order is not there" };
        let before = unit.get(ORDERS, id)?.ok_or(contradiction)?;
        let mut after = before.clone();
        after.customer = None;
        after.recipient = None;
        after.shipping_address.clear();
        after.billing_address.clear();
        write::put_silently(unit, *id, &before, &mut after)?;
        unit.delete(BY_CUSTOMER, &(customer, *id))?;
    }
    if rows.len() == MAX_ORDERS_PER_TURN {
        unit.put(TO_FORGET, &customer, &())?;
    } else {
        unit.delete(TO_FORGET, &customer)?;
    }
    Ok(())
}
