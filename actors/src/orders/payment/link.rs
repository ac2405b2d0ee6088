//! Linking an order to its payment.

use crate::Failure;
use crate::orders::save::save;
use crate::orders::{Order, Orders, PaymentLink, require_order};
use crate::owner::Command;
use crate::store::Unit;
use souk_domain::{OrderAction, OrderId, OrderStatus, Refusal};

/// Records the payment that was started for an order. Rejects an order that is paid or not pending.
#[derive(Clone, Debug)]
pub struct LinkPayment {
    /// The order.
    pub id: OrderId,
    /// The payment.
    pub link: PaymentLink,
}

impl Command for LinkPayment {
    type Owner = Orders;
    type Reply = Order;

    fn apply(self, unit: &Unit, _: &Orders) -> Result<Order, Failure> {
        let Self { id, link } = self;
        let before = require_order(unit, id)?;
        if before.payment.as_ref() == Some(&link) {
            return Ok(before);
        }
        if before.status != OrderStatus::Pending || before.is_paid {
            return Err(Refusal::OrderNotPending { action: OrderAction::Pay }.into());
        }
        let mut after = before.clone();
        after.payment = Some(link);
        save(unit, id, &before, &mut after)?;
        Ok(after)
    }
}
