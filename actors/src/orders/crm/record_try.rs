//! Recording a try to send an order to the CRM.

use super::CrmDelivery;
use super::waiting::put;
use crate::Failure;
use crate::orders::save::save;
use crate::orders::stored::{CRM, ORDERS};
use crate::orders::{CrmSync, Orders};
use crate::owner::Command;
use crate::store::{Read, Unit};
use souk_domain::{OrderId, UnixMillis};

/// Records how a try to send an order to the CRM went. Does nothing if the try was about an earlier
/// completion of the order, or nobody waits for it any more.
#[derive(Clone, Debug)]
pub struct RecordCrmTry {
    /// The order.
    pub id: OrderId,
    /// The version of the completion that was sent; a later one is still to be sent.
    pub version: u64,
    /// How it went.
    pub outcome: CrmTry,
}

/// How a try went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrmTry {
    /// The CRM took it.
    Taken,
    /// It did not, and is asked again at this time.
    Again(UnixMillis),
    /// It did not, and is not asked again.
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
