//! One unit more or less in a pending order. The rules are `souk_domain::with_unit`'s and
//! `souk_domain::without_unit`'s.

use super::change::require_order;
use super::{Order, Orders, write};
use crate::outbox::OrderEvent;
use crate::owner::Command;
use crate::store::Unit;
use crate::{Failure, ids};
use souk_domain::{
    AddedUnit, OrderId, OrderLine, OrderLineId, ProductId, order_total, require_changeable,
    with_unit, without_unit,
};

/// Adds one unit to an order. The sender MUST take its stock in this turn, and check
/// [`souk_domain::with_unit`] before. Publishes `order.line_added`. Refuses an order that
/// [`souk_domain::require_changeable`] refuses.
#[derive(Clone, Debug)]
pub struct AddOrderUnit {
    /// The order.
    pub id: OrderId,
    /// The unit to add.
    pub added: AddedUnit,
}

impl Command for AddOrderUnit {
    type Owner = Orders;
    type Reply = Order;

    fn apply(self, unit: &Unit, _: &Orders) -> Result<Order, Failure> {
        let Self { id, added } = self;
        let before = require_order(unit, id)?;
        require_changeable(before.status, before.is_paid)?;
        let new_line = ids::next(unit, "order_line", OrderLineId::new)?;
        let lines = with_unit(&before.lines, &added, new_line)?;
        put_lines(unit, id, &before, lines, OrderEvent::LineAdded)
    }
}

/// Takes one unit out of an order. Publishes `order.line_removed`. Refuses what
/// [`souk_domain::require_changeable`] and [`souk_domain::without_unit`] refuse.
#[derive(Clone, Debug)]
pub struct RemoveOrderUnit {
    /// The order.
    pub id: OrderId,
    /// The product.
    pub product: ProductId,
}

impl Command for RemoveOrderUnit {
    type Owner = Orders;
    type Reply = Order;

    fn apply(self, unit: &Unit, _: &Orders) -> Result<Order, Failure> {
        let Self { id, product } = self;
        let before = require_order(unit, id)?;
        require_changeable(before.status, before.is_paid)?;
        let lines = without_unit(&before.lines, product)?;
        put_lines(unit, id, &before, lines, OrderEvent::LineRemoved)
    }
}

fn put_lines(
    unit: &Unit,
    id: OrderId,
    before: &Order,
    lines: Vec<OrderLine>,
    what: OrderEvent,
) -> Result<Order, Failure> {
    let mut after = before.clone();
    after.total = order_total(&lines)?;
    after.lines = lines;
    if after.total != before.total {
        // What was started for another amount would pay too much or too little.
        after.payment = None;
    }
    write::put(unit, id, before, &mut after, what)?;
    Ok(after)
}
