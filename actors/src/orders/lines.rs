//! One unit more or less in a pending order. The rules are `souk_domain::with_unit`'s and
//! `souk_domain::without_unit`'s.

use super::change::show;
use super::{Order, write};
use crate::outbox::OrderEvent;
use crate::store::Unit;
use crate::{Failure, ids};
use souk_domain::{
    AddedUnit, OrderId, OrderLine, OrderLineId, ProductId, order_total, require_changeable,
    with_unit, without_unit,
};

pub(super) fn add_unit(unit: &Unit, id: OrderId, added: &AddedUnit) -> Result<Order, Failure> {
    let before = show(unit, id)?;
    require_changeable(before.status, before.is_paid)?;
    let new_line = ids::next(unit, "order_line", OrderLineId::new)?;
    let lines = with_unit(&before.lines, added, new_line)?;
    put_lines(unit, id, &before, lines, OrderEvent::LineAdded)
}

pub(super) fn remove_unit(unit: &Unit, id: OrderId, product: ProductId) -> Result<Order, Failure> {
    let before = show(unit, id)?;
    require_changeable(before.status, before.is_paid)?;
    let lines = without_unit(&before.lines, product)?;
    put_lines(unit, id, &before, lines, OrderEvent::LineRemoved)
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
