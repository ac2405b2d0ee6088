//! Adding one unit to a pending order. `souk_domain::with_unit` has the rule.

use super::save_lines::save_lines;
use crate::orders::{Order, Orders, require_order};
use crate::outbox::OrderEvent;
use crate::owner::Command;
use crate::store::Unit;
use crate::{Failure, ids};
use souk_domain::{AddedUnit, OrderId, OrderLineId, require_changeable, with_unit};

/// Adds one unit to an order. The sender MUST take its stock in this turn, after checking
/// [`souk_domain::with_unit`]. Publishes `order.line_added`. Rejects an order that
/// [`souk_domain::require_changeable`] rejects.
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
        save_lines(unit, id, &before, lines, OrderEvent::LineAdded)
    }
}
