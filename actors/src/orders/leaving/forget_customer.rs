//! Removing a user from their orders.

use super::FormerCustomer;
use super::kept_recipients::{is_on_its_way, keep_for_delivery, wipe};
use crate::Failure;
use crate::orders::Orders;
use crate::orders::save::save;
use crate::orders::stored::{BY_CUSTOMER, ORDERS, TO_FORGET};
use crate::owner::Command;
use crate::store::{Direction, Read, StoreError, Unit};
use souk_domain::UserId;

/// Orders per turn; housekeeping handles the rest in further turns.
const MAX_ORDERS_PER_TURN: usize = 200;

/// Removes a user from their orders: the customer and the addresses, except where a paid order must
/// still be delivered. If there are many orders, some are left for later turns, and
/// [`super::to_forget`] lists the user until all are done. Publishes nothing; `user.closed` covers
/// it.
#[derive(Clone, Debug)]
pub struct ForgetCustomer {
    /// The user who closes the account.
    pub customer: UserId,
    /// What the deliveries need, in the turn that closes the account; `None` in later turns, which
    /// read what the first one stored.
    pub former_customer: Option<FormerCustomer>,
}

impl Command for ForgetCustomer {
    type Owner = Orders;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Orders) -> Result<(), Failure> {
        let Self { customer, former_customer } = self;
        let former_customer = match former_customer {
            Some(former_customer) => former_customer,
            None => unit.get(TO_FORGET, &customer)?.unwrap_or_default(),
        };
        let rows = unit.under(BY_CUSTOMER, &customer, Direction::Ascending, MAX_ORDERS_PER_TURN)?;
        for (id, ()) in &rows {
            let contradiction =
                StoreError::Contradiction { what: "a customer's order is not there" };
            let before = unit.get(ORDERS, id)?.ok_or(contradiction)?;
            let mut after = before.clone();
            after.customer = None;
            if is_on_its_way(&before) {
                keep_for_delivery(unit, *id, &mut after, &former_customer)?;
            } else {
                wipe(&mut after);
            }
            save(unit, *id, &before, &mut after)?;
            unit.delete(BY_CUSTOMER, &(customer, *id))?;
        }
        if rows.len() == MAX_ORDERS_PER_TURN {
            unit.put(TO_FORGET, &customer, &former_customer)?;
        } else {
            unit.delete(TO_FORGET, &customer)?;
        }
        Ok(())
    }
}
