//! Recording an attempt to send an order to the CRM.

use super::CrmDelivery;
use super::waiting::put;
use crate::Failure;
use crate::orders::save::save;
use crate::orders::stored::{CRM, ORDERS};
use crate::orders::{CrmSync, Orders};
use crate::owner::Command;
use crate::store::{Read, Unit};
use souk_domain::{OrderId, UnixMillis};

/// Records the result of an attempt to send an order to the CRM. Does nothing if the attempt was
/// for an earlier completion of the order, or the order no longer waits.
#[derive(Clone, Debug)]
pub struct RecordCrmTry {
    /// The order.
    pub id: OrderId,
    /// The version of the completion that was sent; a later one must still be sent.
    pub version: u64,
    /// The result.
    pub outcome: CrmTry,
}

/// The result of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrmTry {
    /// The CRM accepted it.
    Taken,
    /// It failed and is retried at this time.
    Again(UnixMillis),
    /// It failed and is not retried.
    GivenUp,
}

impl Command for RecordCrmTry {
    type Owner = Orders;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Orders) -> Result<(), Failure> {
        let Self { id, version, outcome } = self;
        let Some(delivery) = unit.get(CRM, &id)? else { return Ok(()) };
        let Some(before) = unit.get(ORDERS, &id)? else { return Ok(()) };
        if delivery.version != version || delivery.next_try.is_none() {
            return Ok(());
        }
        let tries = delivery.tries.saturating_add(1);
        let (delivery, sync) = match outcome {
            CrmTry::Taken => (None, CrmSync::Success),
            CrmTry::Again(at) => {
                (Some(CrmDelivery { tries, next_try: Some(at), ..delivery }), CrmSync::Pending)
            }
            CrmTry::GivenUp => {
                (Some(CrmDelivery { tries, next_try: None, ..delivery }), CrmSync::Failed)
            }
        };
        put(unit, id, delivery)?;
        if before.crm_sync != Some(sync) {
            let mut after = before.clone();
            after.crm_sync = Some(sync);
            save(unit, id, &before, &mut after)?;
        }
        Ok(())
    }
}
