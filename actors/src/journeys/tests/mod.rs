//! Interleavings between two turns that no client can trigger reliably.

mod in_turn;
mod leaving;
mod money;
mod saga;
mod unpaid;

use super::{accounts, order_lines, ordering, paying};
use crate::catalog::{self, ProductDraft};
use crate::orders::{self, Contact, OrderDraft, UpdateOrder};
use crate::payments;
use crate::shop::{Shop, ShopSettings};
use crate::store::StoreLimits;
use crate::users::Register;
use crate::{Failure, check};
use paying::Settled;
use souk_domain::{
    CartLines, Currency, EmailAddress, Missing, Money, OrderId, Password, Pricing, ProductId,
    Quantity, Refusal, Role, UserId, Username,
};
use std::time::Duration;

async fn open() -> (tempfile::TempDir, Shop) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let settings = ShopSettings {
        currency: Currency::USD,
        order_time_to_live: Duration::from_secs(60),
        low_stock_threshold: 5,
        order_notices: crate::orders::OrderNotices::Each,
        order_digest_every: Duration::from_secs(3_600),
        guest_unpaid_kept_for: Duration::from_secs(30 * 24 * 60 * 60),
        store: StoreLimits::default(),
    };
    let shop = Shop::open_or_make(directory.path(), settings).await.expect("a shop");
    (directory, shop)
}

async fn ann(shop: &Shop) -> UserId {
    let password = Password::choose("a-good-password".to_owned()).expect("long enough");
    let command = Register {
        username: Username::parse("ann").expect("a name"),
        email: EmailAddress::parse("ann@example.com").expect("an address"),
        password: shop.hasher.hash(password).await.expect("hashed"),
        role: Role::Customer,
        first_name: String::new(),
        last_name: String::new(),
    };
    let add =
        shop.turn(move |turn| async move { accounts::add_person(&turn, command, None).await });
    add.await.expect("registered").0
}

async fn lamp(shop: &Shop) -> ProductId {
    let draft = ProductDraft {
        name: "Lamp".to_owned(),
        description: String::new(),
        category: None,
        pricing: Pricing::flat(Money::from_minor_units(1000)),
        image: None,
        available: true,
        stock: 10,
    };
    let create =
        shop.turn(move |turn| async move { turn.ask(catalog::CreateProduct { draft }).await });
    create.await.expect("created").id
}

async fn place(shop: &Shop, customer: UserId, product: ProductId) -> Result<OrderId, Failure> {
    let draft = OrderDraft {
        customer: Some(customer),
        guest: None,
        recipient: None,
        contact: Some(Contact { email: "ann@example.com".to_owned(), name: String::new() }),
        shipping_address: "1 Main St".to_owned(),
        billing_address: "1 Main St".to_owned(),
        time_to_live: Duration::from_secs(60),
    };
    let lines = CartLines::collect([(product, Quantity::ONE)]).expect("a line");
    let placed = shop.turn(move |turn| async move { ordering::place(&turn, draft, lines).await });
    Ok(placed.await?.id)
}

async fn pay(shop: &Shop, id: OrderId) {
    let order = paying::start(shop, id).await.expect("a payment");
    let card = Some("pm_card_visa".to_owned());
    let news = paying::ask_gateway(shop, id, &order, card).await.expect("charged");
    let settled = shop.turn(move |turn| async move { paying::settle(&turn, news).await });
    assert!(matches!(settled.await.expect("booked"), Settled::Paid(_)));
}

fn require_sound(shop: &Shop) {
    let findings = check::check(&shop.store.snapshot()).expect("a readable store");
    assert!(findings.is_sound(), "{findings}");
}

#[tokio::test]
async fn money_taken_for_a_changed_order_is_refunded() {
    let (_directory, shop) = open().await;
    let (ann, lamp) = (ann(&shop).await, lamp(&shop).await);
    let id = place(&shop, ann, lamp).await.expect("placed");
    let order = paying::start(&shop, id).await.expect("a payment");
    let old = order.payment.as_ref().expect("linked").payment;

    let card = Some("pm_card_visa".to_owned());
    let news = paying::ask_gateway(&shop, id, &order, card).await.expect("charged");
    let add = shop.turn(move |turn| async move { order_lines::add_unit(&turn, id, lamp).await });
    add.await.expect("still pending");
    let settled = shop.turn(move |turn| async move { paying::settle(&turn, news).await });

    assert!(matches!(settled.await.expect("booked"), Settled::Superseded));
    require_sound(&shop);
    let due = payments::refunds_due(&*shop.store.snapshot(), 10).expect("read");
    assert_eq!(due.iter().map(|(id, _, _)| *id).collect::<Vec<_>>(), [old]);

    // The customer pays the order's new total before the old payment is refunded.
    let order = paying::start(&shop, id).await.expect("a new payment");
    assert_ne!(order.payment.as_ref().expect("linked").payment, old);
    let card = Some("pm_card_visa".to_owned());
    let news = paying::ask_gateway(&shop, id, &order, card).await.expect("charged");
    let settled = shop.turn(move |turn| async move { paying::settle(&turn, news).await });
    assert!(matches!(settled.await.expect("booked"), Settled::Paid(_)));
    paying::make_refund(&shop, old, due[0].1).await.expect("given back");

    let order = orders::order(&*shop.store.snapshot(), id).expect("read").expect("there");
    assert!(order.is_paid, "the refund of the old payment leaves the new one alone");
    assert_eq!(order.total, Money::from_minor_units(2000));
    require_sound(&shop);
}

#[tokio::test]
async fn a_payment_begun_before_the_order_changed_cannot_be_linked_to_it() {
    let (_directory, shop) = open().await;
    let (ann, lamp) = (ann(&shop).await, lamp(&shop).await);
    let id = place(&shop, ann, lamp).await.expect("placed");
    let (payment, intent) = paying::prepare(&shop, id).await.expect("an intent");
    let add = shop.turn(move |turn| async move { order_lines::add_unit(&turn, id, lamp).await });
    add.await.expect("still pending");

    let link = shop.turn(move |turn| async move { paying::link(&turn, id, payment, intent).await });

    assert!(matches!(link.await, Err(Failure::Refused(Refusal::PaymentNotStarted))));
    assert_eq!(shop.store.stats().rollbacks, 0, "it was refused before anything was written");
    require_sound(&shop);
}

#[tokio::test]
async fn an_account_closed_meanwhile_leaves_no_order_and_kills_no_owner() {
    let (_directory, shop) = open().await;
    let (ann, lamp) = (ann(&shop).await, lamp(&shop).await);
    let close = shop.turn(move |turn| async move { accounts::close(&turn, ann).await });
    close.await.expect("closed");

    let placed = place(&shop, ann, lamp).await;

    assert!(matches!(placed, Err(Failure::Refused(Refusal::NotFound(_)))), "{placed:?}");
    assert_eq!(shop.store.stats().rollbacks, 0);
    require_sound(&shop);
}

#[tokio::test]
async fn an_address_sent_after_the_account_was_closed_is_not_kept() {
    let (_directory, shop) = open().await;
    let (ann, lamp) = (ann(&shop).await, lamp(&shop).await);
    let id = place(&shop, ann, lamp).await.expect("placed");
    let command = UpdateOrder {
        id,
        customer: Some(ann),
        by: Role::Customer,
        status: None,
        shipping_address: Some("2 New St".to_owned()),
        billing_address: None,
        contact: None,
    };

    let close = shop.turn(move |turn| async move { accounts::close(&turn, ann).await });
    close.await.expect("closed");
    let update = shop.turn(move |turn| async move { ordering::update(&turn, command).await });

    let refusal = update.await.map(drop);
    assert!(matches!(refusal, Err(Failure::Refused(Refusal::NotFound(Missing::Order)))));
    let order = orders::order(&*shop.store.snapshot(), id).expect("read").expect("kept");
    assert_eq!((order.customer, order.shipping_address.as_str()), (None, ""));
    require_sound(&shop);
}

#[tokio::test]
async fn an_order_that_changed_and_changed_back_accepts_only_its_current_payment() {
    let (_directory, shop) = open().await;
    let (ann, lamp) = (ann(&shop).await, lamp(&shop).await);
    let id = place(&shop, ann, lamp).await.expect("placed");
    let (old, old_intent) = paying::prepare(&shop, id).await.expect("a first payment");
    let add = shop.turn(move |turn| async move { order_lines::add_unit(&turn, id, lamp).await });
    add.await.expect("still pending");
    let (new, _) = paying::prepare(&shop, id).await.expect("a second payment");
    assert_ne!(old, new);
    let remove =
        shop.turn(move |turn| async move { order_lines::remove_unit(&turn, id, lamp).await });
    remove.await.expect("still pending");

    let link = shop.turn(move |turn| async move { paying::link(&turn, id, old, old_intent).await });

    let refusal = link.await.map(drop);
    assert!(matches!(refusal, Err(Failure::Refused(Refusal::PaymentNotStarted))));
}
