//! Guests' orders that were never paid. Guests are anonymous, so the number of these orders is
//! bounded. They are deleted some time after they ended: by age, and never to make room.

use super::Order;
use super::stored::{GUESTS_LISTED, GUESTS_UNPAID, ORDERS};
use crate::Failure;
use crate::check::Findings;
use crate::store::{Direction, Read, Snapshot, Store, StoreError, Unit};
use souk_domain::{Money, OrderId, OrderStatus, UnixMillis};
use std::ops::ControlFlow;

/// Orders that [`list_guests_unpaid`] handles in one turn.
const BATCH: usize = 500;

/// When an order ended or will expire; `None` for an order that has a customer, was paid, or is
/// delivered unpaid by the shop.
fn unpaid_end(order: &Order) -> Option<UnixMillis> {
    let was_paid = order.is_paid || order.refunded != Money::ZERO;
    if order.guest.is_none() || was_paid {
        return None;
    }
    match order.status {
        OrderStatus::Pending => Some(order.expires_at.unwrap_or(order.created_at)),
        OrderStatus::Cancelled => Some(order.updated_at),
        OrderStatus::Processing
        | OrderStatus::Completed
        | OrderStatus::Shipped
        | OrderStatus::Delivered => None,
    }
}

/// Updates the list after an order was placed, changed or deleted.
pub(super) fn relist(
    unit: &Unit,
    id: OrderId,
    before: Option<&Order>,
    after: Option<&Order>,
) -> Result<(), StoreError> {
    let (old, new) = (before.and_then(unpaid_end), after.and_then(unpaid_end));
    if old == new {
        return Ok(());
    }
    if let Some(end) = old {
        unit.delete(GUESTS_UNPAID, &(end, id))?;
    }
    if let Some(end) = new {
        unit.put(GUESTS_UNPAID, &(end, id), &())?;
    }
    Ok(())
}

/// Lists the orders that an earlier version did not list, once.
///
/// # Errors
/// [`Failure`] of the store. After a full disk, the next start continues.
pub(crate) async fn list_guests_unpaid(store: &Store) -> Result<(), Failure> {
    if store.snapshot().get(GUESTS_LISTED, &0)?.is_some() {
        return Ok(());
    }
    let mut next = OrderId::new(1);
    while let Some(first) = next {
        let listed = store.transact(move |unit| async move { list_batch(&unit, first) });
        next = match listed.await {
            Err(Failure::DiskFull | Failure::DiskReadOnly) => return Ok(()),
            listed => listed?,
        };
    }
    Ok(())
}

/// Lists one batch. Returns the start of the next batch; `None` after the last.
fn list_batch(unit: &Unit, first: OrderId) -> Result<Option<OrderId>, Failure> {
    let batch = unit.range(ORDERS, &first, None, Direction::Ascending, BATCH)?;
    for (id, order) in &batch {
        relist(unit, *id, None, Some(order))?;
    }
    let last = batch.last().filter(|_| batch.len() == BATCH);
    let next = last.and_then(|(id, _)| OrderId::new(id.get() + 1));
    if next.is_none() {
        unit.put(GUESTS_LISTED, &0, &())?;
    }
    Ok(next)
}

/// The number of guests' orders that were never paid.
///
/// # Errors
/// [`StoreError`].
pub fn guests_unpaid(read: &impl Read) -> Result<u64, StoreError> {
    read.count(GUESTS_UNPAID)
}

/// Guests' orders that were cancelled before `before` and never paid, oldest first, at most
/// `limit`.
///
/// # Errors
/// [`StoreError`].
pub fn unpaid_due(
    snapshot: &Snapshot,
    before: UnixMillis,
    limit: usize,
) -> Result<Vec<OrderId>, StoreError> {
    let first = OrderId::new(1).expect("1 is an id");
    let (from, to) = ((UnixMillis::new(0), first), (before, first));
    let (mut due, mut failure) = (Vec::new(), None);
    snapshot.visit(GUESTS_UNPAID, &from, Some(&to), Direction::Ascending, |(_, id), ()| {
        match snapshot.get(ORDERS, &id) {
            Ok(order) if order.as_ref().is_some_and(|it| is_due_unpaid(it, before)) => due.push(id),
            // An order whose payment is in doubt waits for the gateway and does not block others.
            Ok(_) => {}
            Err(error) => failure = Some(error),
        }
        let goes_on = failure.is_none() && due.len() < limit;
        if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    failure.map_or(Ok(due), Err)
}

/// True for a guest's order that was cancelled before `before` and never paid.
pub(crate) fn is_due_unpaid(order: &Order, before: UnixMillis) -> bool {
    order.status == OrderStatus::Cancelled && unpaid_end(order).is_some_and(|end| end < before)
}

/// Checks that the list has exactly the orders that belong on it.
pub(super) fn check(snapshot: &Snapshot, findings: &mut Findings) -> Result<(), StoreError> {
    if snapshot.get(GUESTS_LISTED, &0)?.is_none() {
        // The next start lists the orders of an earlier version.
        return Ok(());
    }
    let first = OrderId::new(1).expect("1 is an id");
    let mut expected = Vec::new();
    snapshot.visit(ORDERS, &first, None, Direction::Ascending, |id, order| {
        expected.extend(unpaid_end(&order).map(|end| (end, id)));
        ControlFlow::Continue(())
    })?;
    for (end, id) in &expected {
        let is_listed = snapshot.get(GUESTS_UNPAID, &(*end, *id))?.is_some();
        findings.require(is_listed, || {
            format!("order {id} of a guest is not listed among the unpaid ones")
        });
    }
    let agrees = snapshot.count(GUESTS_UNPAID)? == expected.len() as u64;
    findings.require(agrees, || "stray entries of guests' unpaid orders".into());
    findings.counted("guests' unpaid orders", guests_unpaid(snapshot)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::place::{OrderDraft, PlaceOrder, PricedLine};
    use super::super::{OrderNotices, Orders};
    use super::*;
    use crate::carts::CartKey;
    use crate::owner::Command;
    use souk_domain::{ProductId, Quantity};
    use std::time::Duration;

    const ORDERS_MADE: usize = BATCH + 20;

    fn placed(unit: &Unit, is_guests: bool) -> Result<OrderId, Failure> {
        let draft = OrderDraft {
            customer: None,
            guest: is_guests.then(|| CartKey::random().hash()),
            recipient: None,
            contact: None,
            shipping_address: String::new(),
            billing_address: String::new(),
            time_to_live: Duration::from_secs(60),
        };
        let line = PricedLine {
            product: ProductId::new(1).expect("positive"),
            product_name: "Lamp".to_owned(),
            unit_price: Money::from_minor_units(100),
            quantity: Quantity::ONE,
        };
        let command = PlaceOrder { draft, lines: vec![line] };
        Ok(command.apply(unit, &Orders { notices: OrderNotices::Off })?.0)
    }

    fn findings(store: &Store) -> Findings {
        let mut findings = Findings::default();
        check(&store.snapshot(), &mut findings).expect("read");
        findings
    }

    /// A store as left by a version without the list.
    async fn store_without_the_list(directory: &tempfile::TempDir) -> Store {
        let store = Store::made_in(directory.path(), &crate::tables());
        store
            .transact(|unit| async move {
                for number in 0..ORDERS_MADE {
                    let id = placed(&unit, number % 2 == 0)?;
                    let order = unit.get(ORDERS, &id)?;
                    relist(&unit, id, order.as_ref(), None)?;
                }
                Ok(())
            })
            .await
            .expect("placed");
        store
    }

    #[tokio::test]
    async fn orders_of_an_earlier_version_are_listed_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = store_without_the_list(&directory).await;
        let count = || guests_unpaid(&*store.snapshot()).expect("read");
        assert_eq!(count(), 0);
        assert!(findings(&store).is_sound(), "an earlier version broke no rule");
        for _ in 0..2 {
            list_guests_unpaid(&store).await.expect("listed");
            assert_eq!(count(), ORDERS_MADE as u64 / 2);
            assert!(findings(&store).is_sound(), "{}", findings(&store));
        }
    }

    #[tokio::test]
    async fn a_missing_and_a_stray_entry_are_found() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = store_without_the_list(&directory).await;
        list_guests_unpaid(&store).await.expect("listed");
        let spoil = |unit: Unit| async move {
            let id = placed(&unit, true)?;
            let order = unit.get(ORDERS, &id)?;
            relist(&unit, id, order.as_ref(), None)
                .and_then(|()| unit.put(GUESTS_UNPAID, &(UnixMillis::new(7), id), &()))?;
            unit.put(GUESTS_UNPAID, &(UnixMillis::new(8), id), &())?;
            Ok(())
        };
        store.transact(spoil).await.expect("written");
        assert_eq!(findings(&store).violations().len(), 2, "{}", findings(&store));
    }
}
