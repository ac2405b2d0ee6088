//! The personal data that orders keep after an account is closed, and for how long.

use super::{accounts, ann, lamp, open, ordering, pay, place, require_sound};
use crate::orders::{self, Contact, KEPT_FOR, Order, OrderDraft, Recipient};
use crate::shop::Shop;
use crate::users::{ProfileDetails, UpdateProfile};
use crate::{clock, housekeeping};
use souk_domain::{CartLines, OrderId, ProductId, Quantity, UserId};
use std::time::Duration;

/// Registers Ann with a complete profile.
async fn ann_at_home(shop: &Shop) -> UserId {
    let user = ann(shop).await;
    let text = |text: &str| Some(Some(text.to_owned()));
    let command = UpdateProfile {
        user,
        username: None,
        email: None,
        first_name: Some("Ann".to_owned()),
        last_name: Some("Archer".to_owned()),
        details: ProfileDetails {
            phone_number: text("+1 555 0100"),
            city: text("Fez"),
            address: text("9 Home St"),
            postcode: text("30000"),
        },
    };
    let update = shop.turn(move |turn| async move { turn.ask(command).await });
    update.await.expect("updated");
    user
}

/// Places an order with this address and, if given, its own recipient.
async fn place_for(
    shop: &Shop,
    customer: UserId,
    product: ProductId,
    recipient: Option<Recipient>,
    shipping_address: &str,
) -> OrderId {
    let draft = OrderDraft {
        customer: Some(customer),
        guest: None,
        contact: Some(Contact { email: "ann@example.com".to_owned(), name: String::new() }),
        recipient,
        shipping_address: shipping_address.to_owned(),
        billing_address: "1 Bank St".to_owned(),
        time_to_live: Duration::from_secs(60),
    };
    let lines = CartLines::collect([(product, Quantity::ONE)]).expect("a line");
    let placed = shop.turn(move |turn| async move { ordering::place(&turn, draft, lines).await });
    placed.await.expect("placed").id
}

async fn close(shop: &Shop, user: UserId) {
    let close = shop.turn(move |turn| async move { accounts::close(&turn, user).await });
    close.await.expect("closed");
}

fn order(shop: &Shop, id: OrderId) -> Order {
    orders::order(&*shop.store.snapshot(), id).expect("read").expect("kept")
}

fn eve() -> Recipient {
    Recipient {
        first_name: "Eve".to_owned(),
        last_name: "Eames".to_owned(),
        phone_number: "+1 555 0199".to_owned(),
        email: "eve@example.com".to_owned(),
        city: "Rabat".to_owned(),
        postcode: "10000".to_owned(),
        notes: "A present".to_owned(),
    }
}

#[tokio::test]
async fn a_paid_order_keeps_who_gets_it_and_where_and_nothing_else() {
    let (_directory, shop) = open().await;
    let (ann, lamp) = (ann_at_home(&shop).await, lamp(&shop).await);
    let own = place(&shop, ann, lamp).await.expect("placed");
    let gift = place_for(&shop, ann, lamp, Some(eve()), "5 Her St").await;
    let nowhere = place_for(&shop, ann, lamp, None, "").await;
    let unpaid = place_for(&shop, ann, lamp, Some(eve()), "5 Her St").await;
    for id in [own, gift, nowhere] {
        pay(&shop, id).await;
    }

    close(&shop, ann).await;

    let archer = |city: &str, postcode: &str| Recipient {
        first_name: "Ann".to_owned(),
        last_name: "Archer".to_owned(),
        phone_number: "+1 555 0100".to_owned(),
        email: String::new(),
        city: city.to_owned(),
        postcode: postcode.to_owned(),
        notes: String::new(),
    };
    let eves = Recipient { email: String::new(), notes: String::new(), ..eve() };
    for (id, recipient, address) in [
        (own, Some(archer("", "")), "1 Main St"),
        (gift, Some(eves), "5 Her St"),
        // Without an address of its own, the order goes to the customer's address.
        (nowhere, Some(archer("Fez", "30000")), "9 Home St"),
        (unpaid, None, ""),
    ] {
        let order = order(&shop, id);
        assert_eq!((order.recipient, order.shipping_address.as_str()), (recipient, address));
        assert_eq!((order.customer, order.billing_address.as_str()), (None, ""));
    }
    require_sound(&shop);
}

#[tokio::test]
async fn recipients_of_undelivered_orders_are_wiped_in_time() {
    let (_directory, shop) = open().await;
    let (ann, lamp) = (ann_at_home(&shop).await, lamp(&shop).await);
    let id = place(&shop, ann, lamp).await.expect("placed");
    pay(&shop, id).await;
    let before = clock::now();
    close(&shop, ann).await;
    let after = clock::now();

    housekeeping::wipe_recipients(&shop, before.after(KEPT_FOR)).await.expect("looked");
    assert!(order(&shop, id).recipient.is_some(), "their time is not over");
    require_sound(&shop);
    let over = after.after(KEPT_FOR + Duration::from_millis(1));
    housekeeping::wipe_recipients(&shop, over).await.expect("wiped");
    let order = order(&shop, id);
    assert_eq!((order.recipient, order.shipping_address.as_str()), (None, ""));
    require_sound(&shop);
}
