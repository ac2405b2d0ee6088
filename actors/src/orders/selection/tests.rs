//! Filtered lists of orders against a plain filter of the rows.

use super::*;
use crate::orders::examples;
use crate::orders::lists::OrderLists;
use crate::orders::stored::TABLES;
use crate::store::{Kept, Opening, Schema, Store, StoreKind, StoreLimits};
use fastrand::Rng;

const STATES: [OrderStatus; 3] =
    [OrderStatus::Pending, OrderStatus::Completed, OrderStatus::Cancelled];
const HOUR: i64 = 3_600_000;

fn id(number: u64) -> OrderId {
    OrderId::new(number).expect("an id")
}

fn store(directory: &tempfile::TempDir) -> Store {
    let tables = [TABLES, users::TABLES].concat();
    let schema = Schema::new(StoreKind::Shop, &tables).following(OrderLists::TABLES);
    Store::open(directory.path(), &schema, Opening::OrMake, StoreLimits::default()).expect("opens")
}

async fn commit(store: &Store, orders: Vec<(OrderId, Order)>) {
    let committed = store.transact(move |unit| {
        let orders = orders.clone();
        async move {
            for (id, order) in &orders {
                unit.put(ORDERS, id, order)?;
                if let Some(customer) = order.customer {
                    unit.put(BY_CUSTOMER, &(customer, *id), &())?;
                }
            }
            Ok(())
        }
    });
    committed.await.expect("committed");
}

/// An order about every hour, by clocks that differ by up to ten hours.
fn orders(count: u64, rng: &mut Rng) -> Vec<(OrderId, Order)> {
    let order = |number: u64| {
        let time = number.cast_signed() * HOUR + rng.i64(-5..5) * HOUR;
        let order = Order {
            number: format!("ORD-{number:010}"),
            customer: UserId::new(rng.u64(0..3)),
            status: STATES[rng.usize(..3)],
            is_paid: rng.bool(),
            recipient: None,
            created_at: UnixMillis::new(time.max(0)),
            ..examples::any_order()
        };
        (id(number), order)
    };
    // Some orders were deleted.
    (1..=count).map(order).filter(|(id, _)| id.get() % 7 != 3).collect()
}

/// All orders of a list, and how many pages it took.
fn walked(
    snapshot: &Snapshot,
    filter: &OrderFilter,
    direction: Direction,
    limit: usize,
) -> (Vec<OrderId>, usize) {
    let (mut found, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = select(snapshot, filter, direction, after, limit).expect("read");
        assert!(page.orders.len() <= limit);
        found.extend(page.orders.iter().map(|(id, _)| *id));
        pages += 1;
        after = page.next;
        if after.is_none() {
            return (found, pages);
        }
    }
}

#[tokio::test]
async fn lists_are_those_of_a_plain_filter() {
    let mut rng = Rng::with_seed(11);
    let directory = tempfile::tempdir().expect("a directory");
    let store = store(&directory);
    let nothing = store.snapshot();
    assert_eq!(walked(&nothing, &OrderFilter::default(), Direction::Descending, 1).0, []);
    let rows = orders(400, &mut rng);
    commit(&store, rows.clone()).await;
    let snapshot = store.snapshot();
    for _ in 0..200 {
        let mut bound = || rng.bool().then(|| UnixMillis::new(rng.i64(-20..420) * HOUR));
        let created_at = Between { least: bound(), most: bound() };
        let search = rng.u8(..4).eq(&0).then(|| SearchTerms::parse("ord-00000001")).flatten();
        let filter = OrderFilter {
            status: rng.bool().then(|| STATES[rng.usize(..3)]),
            is_paid: rng.bool().then(|| rng.bool()),
            created_at,
            customer: UserId::new(rng.u64(0..3)),
            search,
        };
        let is_wanted = |order: &Order| {
            filter.status.is_none_or(|wanted| order.status == wanted)
                && filter.is_paid.is_none_or(|wanted| order.is_paid == wanted)
                && filter.created_at.holds(&order.created_at)
                && filter.customer.is_none_or(|wanted| order.customer == Some(wanted))
                && filter
                    .search
                    .as_ref()
                    .is_none_or(|terms| terms.are_in(&order.number.to_lowercase()))
        };
        let wanted = rows.iter().filter(|(_, order)| is_wanted(order));
        let mut expected: Vec<_> = wanted.map(|(id, _)| *id).collect();
        let limit = rng.usize(1..60);
        assert_eq!(
            walked(&snapshot, &filter, Direction::Ascending, limit).0,
            expected,
            "{filter:?}"
        );
        expected.reverse();
        assert_eq!(
            walked(&snapshot, &filter, Direction::Descending, limit).0,
            expected,
            "{filter:?}"
        );
    }
}

#[tokio::test]
async fn one_request_looks_at_a_bounded_number_of_orders() {
    let mut rng = Rng::with_seed(12);
    let directory = tempfile::tempdir().expect("a directory");
    let store = store(&directory);
    let mut rows = orders(3_000, &mut rng);
    for (_, order) in &mut rows {
        order.status = OrderStatus::Pending;
    }
    rows[0].1.status = OrderStatus::Shipped;
    commit(&store, rows).await;
    let snapshot = store.snapshot();

    let shipped = OrderFilter { status: Some(OrderStatus::Shipped), ..OrderFilter::default() };
    let (found, pages) = walked(&snapshot, &shipped, Direction::Descending, 10);
    assert_eq!((found, pages), (vec![id(1)], 2));
    // A time alone needs no long walk, wherever it is.
    let hour = |number: i64| UnixMillis::new(number * HOUR);
    let created_at = Between { least: Some(hour(90)), most: Some(hour(110)) };
    let filter = OrderFilter { created_at, ..shipped };
    assert_eq!(walked(&snapshot, &filter, Direction::Descending, 10), (vec![], 1));
    assert_eq!(walked(&snapshot, &filter, Direction::Ascending, 10), (vec![], 1));
}
