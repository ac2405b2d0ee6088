//! Wiping a kept recipient.

use super::kept_recipients::{unlist, wipe};
use crate::Failure;
use crate::orders::Orders;
use crate::orders::save::save;
use crate::orders::stored::ORDERS;
use crate::owner::Command;
use crate::store::{Read, Unit};
use souk_domain::OrderId;

/// Wipes the recipient that the order of a closed account kept for its delivery, because
/// [`super::KEPT_FOR`] is over. Does nothing if the order does not exist or keeps none.
#[derive(Clone, Debug)]
pub struct WipeRecipient {
    /// The order.
    pub id: OrderId,
}

impl Command for WipeRecipient {
    type Owner = Orders;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Orders) -> Result<(), Failure> {
        let Self { id } = self;
        let Some(before) = unit.get(ORDERS, &id)? else { return Ok(()) };
        if unlist(unit, id)? {
            let mut after = before.clone();
            wipe(&mut after);
            save(unit, id, &before, &mut after)?;
        }
        Ok(())
    }
}
