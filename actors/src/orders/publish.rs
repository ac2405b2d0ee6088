//! The events about an order.

use super::Order;
use crate::Failure;
use crate::outbox::{self, OrderEvent, Outgoing};
use crate::store::Unit;
use souk_domain::{OrderId, OrderStatus};

/// Appends an event about an order to the outbox.
pub(super) fn append_event(
    unit: &Unit,
    id: OrderId,
    order: &Order,
    what: OrderEvent,
    previous_status: Option<OrderStatus>,
) -> Result<(), Failure> {
    let snapshot = order.snapshot(previous_status);
    outbox::append(unit, Outgoing::Order { order: id, version: order.version, what, snapshot })
}
