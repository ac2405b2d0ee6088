//! The recipients that orders of closed accounts keep until the goods arrive.

use super::FormerCustomer;
use crate::check::Findings;
use crate::orders::stored::{KEPT_RECIPIENTS, ORDERS, RECIPIENTS_DUE};
use crate::orders::{Order, Recipient};
use crate::store::{Direction, Read, Snapshot, StoreError, Unit};
use souk_domain::{OrderId, OrderStatus, UnixMillis};
use std::ops::ControlFlow;
use std::time::Duration;

/// How long the recipient of a paid order is kept after the account was closed.
pub const KEPT_FOR: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// True if the order is paid and must still be delivered.
pub(super) fn is_on_its_way(order: &Order) -> bool {
    let has_ended = matches!(order.status, OrderStatus::Delivered | OrderStatus::Cancelled);
    order.is_paid && !has_ended
}

/// Stores name, address and phone number, and the latest time to wipe them.
pub(super) fn keep_for_delivery(
    unit: &Unit,
    id: OrderId,
    order: &mut Order,
    former_customer: &FormerCustomer,
) -> Result<(), StoreError> {
    let has_address = !order.shipping_address.is_empty();
    let part = |text: &String| if has_address { String::new() } else { text.clone() };
    let recipient = order.recipient.take().unwrap_or_else(|| Recipient {
        first_name: former_customer.first_name.clone(),
        last_name: former_customer.last_name.clone(),
        phone_number: former_customer.phone_number.clone(),
        email: String::new(),
        // An order without an address of its own goes to the customer's address.
        city: part(&former_customer.city),
        postcode: part(&former_customer.postcode),
        notes: String::new(),
    });
    if !has_address {
        order.shipping_address.clone_from(&former_customer.address);
    }
    order.recipient = Some(Recipient { email: String::new(), notes: String::new(), ..recipient });
    order.billing_address.clear();
    let due = unit.now().after(KEPT_FOR);
    unit.put(KEPT_RECIPIENTS, &id, &due)?;
    unit.put(RECIPIENTS_DUE, &(due, id), &())
}

pub(super) fn wipe(order: &mut Order) {
    order.recipient = None;
    order.shipping_address.clear();
    order.billing_address.clear();
}

/// Wipes the kept recipient once the order is delivered, cancelled or no longer paid. Called before
/// every write of an order.
pub(in crate::orders) fn wipe_if_done(
    unit: &Unit,
    id: OrderId,
    order: &mut Order,
) -> Result<(), StoreError> {
    if !order.is_of_closed_account() || is_on_its_way(order) {
        return Ok(());
    }
    if unlist(unit, id)? {
        wipe(order);
    }
    Ok(())
}

/// Removes an order from the list of kept recipients; true if it was listed.
pub(in crate::orders) fn unlist(unit: &Unit, id: OrderId) -> Result<bool, StoreError> {
    let Some(due) = unit.get(KEPT_RECIPIENTS, &id)? else { return Ok(false) };
    unit.delete(RECIPIENTS_DUE, &(due, id))?;
    unit.delete(KEPT_RECIPIENTS, &id)
}

/// Orders of closed accounts whose recipient must be wiped at `now`, at most `limit`.
///
/// # Errors
/// [`StoreError`].
pub fn recipients_due(
    snapshot: &Snapshot,
    now: UnixMillis,
    limit: usize,
) -> Result<Vec<OrderId>, StoreError> {
    let first = OrderId::new(1).expect("1 is an id");
    let (from, to) = ((UnixMillis::new(0), first), (now, first));
    let rows = snapshot.range(RECIPIENTS_DUE, &from, Some(&to), Direction::Ascending, limit)?;
    Ok(rows.into_iter().map(|((_, id), ())| id).collect())
}

/// Checks that only undelivered orders keep the recipient of a closed account, without an e-mail
/// address, and that each of them is scheduled to be wiped.
pub(in crate::orders) fn check(
    snapshot: &Snapshot,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let first = OrderId::new(1).expect("1 is an id");
    let mut keeping = Vec::new();
    snapshot.visit(ORDERS, &first, None, Direction::Ascending, |id, order| {
        if order.is_of_closed_account()
            && let Some(recipient) = &order.recipient
        {
            keeping.push((id, is_on_its_way(&order), recipient.email.is_empty()));
        }
        ControlFlow::Continue(())
    })?;
    for (id, is_on_its_way, has_no_email) in &keeping {
        findings.require(*is_on_its_way && *has_no_email, || {
            format!("order {id} keeps more of a closed account than its delivery needs")
        });
        let due = snapshot.get(KEPT_RECIPIENTS, id)?;
        let is_due = match due {
            Some(due) => snapshot.get(RECIPIENTS_DUE, &(due, *id))?.is_some(),
            None => false,
        };
        findings.require(is_due, || format!("the recipient of order {id} will not be wiped"));
    }
    let count = u64::try_from(keeping.len()).unwrap_or(u64::MAX);
    let agrees =
        snapshot.count(KEPT_RECIPIENTS)? == count && snapshot.count(RECIPIENTS_DUE)? == count;
    findings.require(agrees, || "stray entries of recipients that are to be wiped".into());
    Ok(())
}
