//! Expiry of guest carts. A turn uses the real clock, so the tests age the rows instead.
#![allow(clippy::unwrap_used)]

use super::find::find;
use super::save::{delete_ended, draft_guest_cart, save};
use super::stored::{BY_KEY, CARTS, GUESTS_BY_END};
use super::{CartHolder, CartKey, CartLine, CartOf, TABLES, check, prune_guest_carts};
use crate::Failure;
use crate::check::Findings;
use crate::store::{Opening, Read, Schema, Store, StoreKind, StoreLimits, Unit};
use souk_domain::{CartId, CartLineId, ProductId, Quantity, UnixMillis};

fn store() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let tables = [TABLES, crate::users::TABLES].concat();
    let schema = Schema::new(StoreKind::Shop, &tables);
    let limits = StoreLimits::default();
    let store = Store::open(directory.path(), &schema, Opening::OrMake, limits).unwrap();
    (directory, store)
}

fn fill(unit: &Unit, key: &CartKey) -> Result<CartId, Failure> {
    let (id, mut cart) = draft_guest_cart(unit, key.hash())?;
    cart.lines.push(CartLine {
        id: CartLineId::new(1).unwrap(),
        product: ProductId::new(1).unwrap(),
        quantity: Quantity::ONE,
        created_at: unit.now(),
    });
    save(unit, id, cart)?;
    Ok(id)
}

/// Makes a cart one that expired long ago.
fn age(unit: &Unit, id: CartId) -> Result<(), Failure> {
    let mut cart = unit.get(CARTS, &id)?.unwrap();
    if let CartHolder::Guest { ends_at, .. } = &mut cart.holder {
        unit.delete(GUESTS_BY_END, &(*ends_at, id))?;
        *ends_at = UnixMillis::new(1);
        unit.put(GUESTS_BY_END, &(*ends_at, id), &())?;
    }
    unit.put(CARTS, &id, &cart)?;
    Ok(())
}

fn require_sound(store: &Store) {
    let mut findings = Findings::default();
    check(&store.snapshot(), &mut findings).unwrap();
    assert!(findings.is_sound(), "{findings}");
}

#[tokio::test]
async fn carts_whose_time_is_over_are_forgotten_and_others_stay() {
    let (_directory, store) = store();
    let (old, young) = (CartKey::random(), CartKey::random());
    let keys = (old.clone(), young.clone());
    store
        .transact(move |unit| {
            let (old, young) = keys.clone();
            async move {
                let id = fill(&unit, &old)?;
                fill(&unit, &young)?;
                age(&unit, id)
            }
        })
        .await
        .unwrap();
    let now = crate::clock::now();
    assert!(super::of_guest(&*store.snapshot(), &old, now).unwrap().is_none(), "not shown");
    assert_eq!(store.snapshot().count(CARTS).unwrap(), 2, "but still there");
    require_sound(&store);

    assert!(!prune_guest_carts(&store).await.unwrap(), "nothing is left to prune");

    assert_eq!(store.snapshot().count(CARTS).unwrap(), 1);
    assert!(super::of_guest(&*store.snapshot(), &young, now).unwrap().is_some());
    require_sound(&store);
    assert!(!prune_guest_carts(&store).await.unwrap());
}

#[tokio::test]
async fn a_key_whose_cart_has_ended_begins_a_new_one() {
    let (_directory, store) = store();
    let key = CartKey::random();
    let asked = key.clone();
    let (first, second) = store
        .transact(move |unit| {
            let key = asked.clone();
            async move {
                let first = fill(&unit, &key)?;
                age(&unit, first)?;
                assert!(find(&unit, &CartOf::Guest(key.clone()))?.is_none());
                Ok((first, fill(&unit, &key)?))
            }
        })
        .await
        .unwrap();
    assert_ne!(first, second);
    assert_eq!(store.snapshot().count(CARTS).unwrap(), 1);
    require_sound(&store);

    store.transact(move |unit| async move { delete_ended(&unit, second) }).await.unwrap();
    for count in [store.snapshot().count(BY_KEY), store.snapshot().count(GUESTS_BY_END)] {
        assert_eq!(count.unwrap(), 0);
    }
    require_sound(&store);
}
