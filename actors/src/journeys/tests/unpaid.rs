//! Unpaid orders of guests: listed while they are kept, and deleted by age alone.

use super::{lamp, open, ordering, pay, require_sound};
use crate::carts::CartKey;
use crate::orders::{self, OrderDraft, UpdateOrder};
use crate::shop::Shop;
use crate::{catalog, clock, housekeeping};
use souk_domain::{CartLines, OrderId, OrderStatus, ProductId, Quantity, Role};
use std::time::Duration;

async fn place_for_guest(shop: &Shop, product: ProductId) -> OrderId {
    let draft = OrderDraft {
        customer: None,
        guest: Some(CartKey::random().hash()),
        contact: None,
        recipient: None,
        shipping_address: "1 Main St".to_owned(),
        billing_address: "1 Main St".to_owned(),
        time_to_live: Duration::from_secs(60),
    };
    let lines = CartLines::collect([(product, Quantity::ONE)]).expect("a line");
    let placed = shop.turn(move |turn| async move { ordering::place(&turn, draft, lines).await });
    placed.await.expect("placed").id
}

async fn cancel(shop: &Shop, id: OrderId) {
    let cancelled =
        shop.turn(move |turn| async move { ordering::cancel(&turn, id, "", None).await });
    cancelled.await.expect("cancelled");
}

async fn set_status(shop: &Shop, id: OrderId, status: OrderStatus) {
    let updated = shop.turn(move |turn| async move {
        let command = UpdateOrder {
            id,
            customer: None,
            by: Role::Administrator,
            status: Some(status),
            shipping_address: None,
            billing_address: None,
            contact: None,
        };
        ordering::update(&turn, command).await
    });
    updated.await.expect("updated");
}

fn unpaid(shop: &Shop) -> u64 {
    orders::guests_unpaid(&*shop.store.snapshot()).expect("read")
}

fn is_kept(shop: &Shop, id: OrderId) -> bool {
    orders::order(&*shop.store.snapshot(), id).expect("read").is_some()
}

#[tokio::test]
async fn a_guest_order_is_listed_until_it_is_paid_processed_or_deleted() {
    let (_directory, shop) = open().await;
    let lamp = lamp(&shop).await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(place_for_guest(&shop, lamp).await);
    }
    assert_eq!(unpaid(&shop), 4);

    pay(&shop, ids[0]).await;
    assert_eq!(unpaid(&shop), 3, "one is paid");
    set_status(&shop, ids[1], OrderStatus::Processing).await;
    assert_eq!(unpaid(&shop), 2, "the shop delivers one unpaid");
    cancel(&shop, ids[2]).await;
    assert_eq!(unpaid(&shop), 2, "one that was called off is still kept");
    require_sound(&shop);
    for id in [ids[2], ids[3]] {
        let delete =
            shop.turn(
                move |turn| async move { ordering::delete(&turn, id, Role::Administrator).await },
            );
        delete.await.expect("deleted");
    }
    assert_eq!(unpaid(&shop), 0);
    // An order that was once paid stays out of the list, even after a refund.
    cancel(&shop, ids[0]).await;
    housekeeping::catch_up(&shop).await;
    assert_eq!(unpaid(&shop), 0);
    cancel(&shop, ids[1]).await;
    assert_eq!(unpaid(&shop), 1, "called off and never paid");
    require_sound(&shop);
}

#[tokio::test]
async fn only_old_unpaid_orders_are_deleted() {
    let (_directory, shop) = open().await;
    let lamp = lamp(&shop).await;
    let kept_for = shop.settings.guest_unpaid_kept_for;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(place_for_guest(&shop, lamp).await);
    }
    let [cancelled, again, pending, refunded] = ids[..] else { panic!("four orders") };
    pay(&shop, refunded).await;
    let before = clock::now();
    for id in [cancelled, again, refunded] {
        cancel(&shop, id).await;
    }
    housekeeping::catch_up(&shop).await;
    let after = clock::now();

    let early = before.after(kept_for);
    assert!(!housekeeping::delete_unpaid(&shop, early).await.expect("looked"));
    assert!(ids.iter().all(|id| is_kept(&shop, *id)), "their time is not over");
    let late = after.after(kept_for + Duration::from_millis(1));
    assert!(!housekeeping::delete_unpaid(&shop, late).await.expect("deleted"));
    let kept: Vec<bool> = ids.iter().map(|id| is_kept(&shop, *id)).collect();
    assert_eq!(kept, [false, false, true, true]);
    assert_eq!((unpaid(&shop), is_kept(&shop, pending)), (1, true));
    let snapshot = shop.store.snapshot();
    let lamps = catalog::product_views(&*snapshot, &[lamp]).expect("read");
    assert_eq!(lamps[0].sellable, 9, "the stock came back once");
    require_sound(&shop);
}
