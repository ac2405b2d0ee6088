//! Removing one unit from a pending order. `souk_domain::without_unit` has the rule.

use super::save_lines::save_lines;
use crate::Failure;
use crate::orders::{Order, Orders, require_order};
use crate::outbox::OrderEvent;
use crate::owner::Command;
use crate::store::Unit;
use souk_domain::{OrderId, ProductId, require_changeable, without_unit};

/// Removes one unit from an order. Publishes `order.line_removed`. Rejects what
/// [`souk_domain::require_changeable`] and [`souk_domain::without_unit`] reject.
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
        save_lines(unit, id, &before, lines, OrderEvent::LineRemoved)
    }
}
