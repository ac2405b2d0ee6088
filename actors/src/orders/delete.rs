//! Deleting an order.

use super::publish::append_event;
use super::stored::{BY_CUSTOMER, BY_EXPIRY, GONE, ORDERS};
use super::{Order, Orders, crm, leaving, require_order, totals, unpaid};
use crate::Failure;
use crate::catalog::StockMove;
use crate::outbox::OrderEvent;
use crate::owner::Command;
use crate::store::Unit;
use souk_domain::{OrderAction, OrderId, OrderStatus, Refusal, Role, StockHolding};

/// Deletes an order. Publishes `order.deleted`. Rejects a customer whose order is not pending.
#[derive(Clone, Debug)]
pub struct DeleteOrder {
    /// The order.
    pub id: OrderId,
    /// The caller's role.
    pub by: Role,
}

/// A deleted order.
#[derive(Clone, Debug)]
pub struct Deleted {
    /// The order before the deletion.
    pub order: Order,
    /// How its stock moves; none moves if the goods were shipped.
    pub stock: StockMove,
    /// True if the goods were shipped, so that the shop keeps the money.
    pub goods_have_left: bool,
}

impl Command for DeleteOrder {
    type Owner = Orders;
    type Reply = Deleted;

    fn apply(self, unit: &Unit, _: &Orders) -> Result<Deleted, Failure> {
        let Self { id, by } = self;
        let mut order = require_order(unit, id)?;
        if by == Role::Customer && order.status != OrderStatus::Pending {
            return Err(Refusal::OrderNotPending { action: OrderAction::Delete }.into());
        }
        unit.delete(ORDERS, &id)?;
        unpaid::relist(unit, id, Some(&order), None)?;
        if let Some(customer) = order.customer {
            unit.delete(BY_CUSTOMER, &(customer, id))?;
        }
        if let Some(expires_at) = order.expires_at.take() {
            unit.delete(BY_EXPIRY, &(expires_at, id))?;
        }
        crm::unschedule(unit, id)?;
        leaving::unlist(unit, id)?;
        totals::recount(unit, Some(&order), None)?;
        let from = order.status.holding();
        let goods_are_here = order.status.is_before_shipping();
        let goods_have_left = order.status.holding() == StockHolding::Sold && !goods_are_here;
        let previous_status = goods_are_here.then_some(order.status);
        if goods_are_here {
            order.status = OrderStatus::Cancelled;
        }
        order.version += 1;
        order.updated_at = unit.now();
        if order.status.holding() != StockHolding::Released {
            // Only its stock must stay accounted for; its customer and addresses are not kept.
            let (customer, recipient) = (None, None);
            let (shipping_address, billing_address) = (String::new(), String::new());
            let gone =
                Order { customer, recipient, shipping_address, billing_address, ..order.clone() };
            unit.put(GONE, &id, &gone)?;
        }
        append_event(unit, id, &order, OrderEvent::Deleted, previous_status)?;
        let stock = StockMove { from, to: order.status.holding() };
        Ok(Deleted { order, stock, goods_have_left })
    }
}
