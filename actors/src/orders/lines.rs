//! One unit more or less in a pending order. The rules are `souk_domain::with_unit`'s and
//! `souk_domain::without_unit`'s.

use super::Orders;
use super::change::require_order;
use super::{Order, write};
use crate::outbox::OrderEvent;
use crate::owner::Command;
use crate::store::Unit;
use crate::{Failure, ids};
use souk_domain::{
    AddedUnit, OrderId, OrderLine, OrderLineId, ProductId, order_total, require_changeable,
    with_unit, without_unit,
};

/// Add one unit, whose stock the sender MUST take in this turn, having checked
/// [`souk_domain::with_unit`] before. Tells `order.line_added`.
#[derive(Clone, Debug)]
pub struct AddOrderUnit {
    /// Which order.
    pub id: OrderId,
    /// What.
    pub added: AddedUnit,
}

impl Command for AddOrderUnit {
    type Owner = Orders;
    type Reply = Order;

    fn apply(self, unit: &Unit, _: &Orders) -> Result<Order, Failure> {
        let Self { id, added } = self;
        let added = &added;
        let before = require_order(unit, id)?;
        require_changeable(before.status, before.is_paid)?;
        let new_line = ids::next(unit, "order_line", OrderLineId::new)?;
        let lines = with_unit(&before.lines, added, new_line)?;
        put_lines(unit, id, &before, lines, OrderEvent::LineAdded)
    }
}

/// Take one unit out. Refuses what [`souk_domain::without_unit`] does. Tells
/// `order.line_removed`.
#[derive(Clone, Debug)]
pub struct RemoveOrderUnit {
    /// Which order.
    pub id: OrderId,
    /// What.
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
