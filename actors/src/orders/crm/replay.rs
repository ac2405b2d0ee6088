//! Sending an order to the CRM again.

use super::waiting::schedule;
use crate::Failure;
use crate::orders::Orders;
use crate::orders::save::save;
use crate::orders::stored::ORDERS;
use crate::owner::Command;
use crate::store::{Read, Unit};
use souk_domain::{Missing, OrderId, Refusal, StockHolding};

/// Sends a completed order to the CRM again, with its earlier message id. An order that was
/// completed before a CRM was configured is sent for the first time. Rejects an order that was
/// never completed.
#[derive(Clone, Debug)]
pub struct ReplayCrm {
    /// The order.
    pub id: OrderId,
}

impl Command for ReplayCrm {
    type Owner = Orders;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Orders) -> Result<(), Failure> {
        let Self { id } = self;
        let before = unit.get(ORDERS, &id)?.ok_or(Refusal::NotFound(Missing::Order))?;
        let mut after = before.clone();
        if after.crm_version == 0 {
            if !before.is_paid && before.status.holding() != StockHolding::Sold {
                return Err(Refusal::NotFound(Missing::Order).into());
            }
            after.crm_version = before.version;
        }
        schedule(unit, id, &mut after)?;
        save(unit, id, &before, &mut after)
    }
}
