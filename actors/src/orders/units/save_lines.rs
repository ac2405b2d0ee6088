//! Saving changed lines of an order.

use crate::Failure;
use crate::orders::Order;
use crate::orders::save::save_and_publish;
use crate::outbox::OrderEvent;
use crate::store::Unit;
use souk_domain::{OrderId, OrderLine, order_total};

pub(super) fn save_lines(
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
        // The payment was started for another amount, so it would pay too much or too little.
        after.payment = None;
    }
    save_and_publish(unit, id, before, &mut after, what)?;
    Ok(after)
}
