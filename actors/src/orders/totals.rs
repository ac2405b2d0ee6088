//! The totals over all orders.

use super::Order;
use super::stored::SUMMARY;
use crate::Failure;
use crate::store::{Read, Unit};

/// Updates the totals after an order was placed (`before` is `None`), changed, or deleted (`after`
/// is `None`). The only place that writes this row, which every order changes.
pub(super) fn recount(
    unit: &Unit,
    before: Option<&Order>,
    after: Option<&Order>,
) -> Result<(), Failure> {
    let old = unit.get(SUMMARY, &0)?.unwrap_or_default();
    let mut new = old;
    if let Some(order) = before {
        new.subtract(order);
    }
    if let Some(order) = after {
        new.add(order);
    }
    if new != old {
        unit.put(SUMMARY, &0, &new)?;
    }
    Ok(())
}
