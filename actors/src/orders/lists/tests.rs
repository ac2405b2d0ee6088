//! Pages from fences against plain walks of the rows.

use super::*;
use crate::orders::examples;
use crate::orders::stored::TABLES;
use crate::orders::{ids, ids_of_customer};
use crate::store::{Opening, Schema, Store, StoreKind, StoreLimits};
use fastrand::Rng;

#[derive(Clone, Copy)]
enum Change {
    Place(u64, u64),
    Touch(u64),
    Delete(u64, u64),
}

fn order(number: u64) -> OrderId {
    OrderId::new(number).expect("an id")
}

fn user(number: u64) -> UserId {
    UserId::new(number).expect("an id")
}

async fn commit(store: &Store, changes: Vec<Change>) {
    let committed = store.transact(move |unit| {
        let changes = changes.clone();
        async move {
            for change in changes {
                match change {
                    Change::Place(id, customer) => {
                        unit.put(ORDERS, &order(id), &examples::any_order())?;
                        unit.put(BY_CUSTOMER, &(user(customer), order(id)), &())?;
                    }
                    Change::Touch(id) => unit.put(ORDERS, &order(id), &examples::any_order())?,
                    Change::Delete(id, customer) => {
                        unit.delete(ORDERS, &order(id))?;
                        unit.delete(BY_CUSTOMER, &(user(customer), order(id)))?;
                    }
                }
            }
            Ok(())
        }
    });
    committed.await.expect("committed");
}

/// Compares random pages with the orders there should be: id and customer, oldest first.
fn compare(snapshot: &Snapshot, expected: &[(u64, u64)], rng: &mut Rng) {
    let page = |orders: Vec<OrderId>, offset: u64, limit: usize| {
        let skipped = usize::try_from(offset).expect("small");
        let page: Vec<_> = orders.iter().rev().skip(skipped).take(limit).copied().collect();
        (orders.len() as u64, page)
    };
    for _ in 0..6 {
        let offset = if rng.bool() { 0 } else { rng.u64(0..expected.len() as u64 + 5) };
        let limit = rng.usize(0..30);
        let all = expected.iter().map(|(id, _)| order(*id)).collect();
        assert_eq!(ids(snapshot, offset, limit).expect("read"), page(all, offset, limit));
        for customer in 1..=3 {
            let own = expected.iter().filter(|(_, whose)| *whose == customer);
            let own = own.map(|(id, _)| order(*id)).collect();
            let found = ids_of_customer(snapshot, user(customer), offset, limit).expect("read");
            assert_eq!(found, page(own, offset, limit), "{customer} from {offset}");
        }
    }
}

#[tokio::test]
async fn pages_are_those_of_a_plain_walk_after_every_commit() {
    let mut rng = Rng::with_seed(3);
    let directory = tempfile::tempdir().expect("a directory");
    let schema = Schema::new(StoreKind::Shop, TABLES).following(OrderLists::TABLES);
    let limits = StoreLimits::default();
    let store = Store::open(directory.path(), &schema, Opening::OrMake, limits).expect("opens");
    let (mut expected, mut last, mut earlier) = (Vec::new(), 0, Vec::new());
    for round in 0..50 {
        let mut changes = Vec::new();
        let placed = if round < 10 { 150 } else { rng.usize(0..3) };
        for _ in 0..placed {
            last += rng.u64(1..4);
            let customer = *rng.choice(&[1, 1, 1, 1, 2, 2, 2, 3]).expect("one");
            expected.push((last, customer));
            changes.push(Change::Place(last, customer));
        }
        if round > 10 && rng.bool() {
            let (id, customer) = expected.remove(rng.usize(..expected.len()));
            changes.push(Change::Delete(id, customer));
            changes.push(Change::Touch(expected[rng.usize(..expected.len())].0));
        }
        commit(&store, changes).await;
        let snapshot = store.snapshot();
        compare(&snapshot, &expected, &mut rng);
        if round % 10 == 0 {
            earlier.push((snapshot, expected.clone()));
        }
        let (old, had) = &earlier[rng.usize(..earlier.len())];
        compare(old, had, &mut rng);
    }
    let snapshot = store.snapshot();
    let lists = snapshot.kept::<OrderLists>().expect("kept");
    let lists = lists.lists();
    let kept = [Whose::Everybody, Whose::Customer(user(1)), Whose::Customer(user(3))];
    let kept = kept.map(|whose| lists.kept.contains_key(&whose));
    assert_eq!(kept, [true, true, false], "the third list is short");
}
