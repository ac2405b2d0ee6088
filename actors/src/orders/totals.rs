//! The totals over all orders.

use super::Order;
use super::order::Counted;
use super::stored::SUMMARY;
use crate::Failure;
use crate::store::Unit;

/// Updates the totals after an order was placed (`before` is `None`), changed, or deleted (`after`
/// is `None`). The only place that writes this row, which every order changes.
pub(super) fn recount(
    unit: &Unit,
    before: Option<&Order>,
    after: Option<&Order>,
) -> Result<(), Failure> {
    let (before, after) = (before.map(Counted::of), after.map(Counted::of));
    if before != after {
        // Computed from the row before it alone, so that orders of several processes can commit.
        unit.merge(SUMMARY, &0, move |summary| {
            let mut summary = summary.unwrap_or_default();
            if let Some(before) = before {
                summary.subtract(before);
            }
            if let Some(after) = after {
                summary.add(after);
            }
            summary
        })?;
    }
    Ok(())
}
