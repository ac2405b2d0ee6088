//! Paying at the sandbox within one turn, and what can happen before that turn.

use super::{ann, lamp, open, place, require_sound};
use crate::Failure;
use crate::journeys::paying::{self, Charging, Message, MessageContent, Settled};
use crate::journeys::{order_lines, ordering};
use crate::orders::{self, Order};
use crate::payments;
use crate::shop::Shop;
use souk_domain::{Claim, OrderId, OrderStatus, PaymentStatus, ProductId, Refusal, ReportSource};

const CARD: &str = "pm_card_visa";

/// A shop with an order whose payment is started, and its product.
async fn started() -> (tempfile::TempDir, Shop, OrderId, ProductId) {
    let (directory, shop) = open().await;
    let (ann, lamp) = (ann(&shop).await, lamp(&shop).await);
    let id = place(&shop, ann, lamp).await.expect("placed");
    paying::start(&shop, id).await.expect("a payment");
    (directory, shop, id, lamp)
}

fn order(shop: &Shop, id: OrderId) -> Order {
    orders::order(&*shop.store.snapshot(), id).expect("read").expect("there")
}

fn payment(shop: &Shop, id: OrderId) -> payments::Payment {
    payments::of_order(&*shop.store.snapshot(), id).expect("read").expect("begun").1
}

async fn charging(shop: &Shop, id: OrderId, card: &str) -> Charging {
    let order = order(shop, id);
    paying::charge(shop, id, &order, Some(card.to_owned())).await.expect("a charge")
}

async fn settle(shop: &Shop, charging: Charging) -> Result<Settled, Failure> {
    shop.turn(move |turn| async move { paying::settle_charge(&turn, charging).await }).await
}

/// The money that the sandbox took for the order and has not refunded.
async fn at_the_sandbox(shop: &Shop, id: OrderId) -> i64 {
    let intent = payment(shop, id).intent.expect("an intent").id;
    let there = shop.gateway.retrieve(&intent).await.expect("known");
    there.amount_received.minor_units() - there.amount_refunded.minor_units()
}

async fn report_success(shop: &Shop, intent: &str, event: &str) {
    let status = PaymentStatus::Succeeded;
    let intent = intent.to_owned();
    let claim = Claim { by: ReportSource::Message, status: Some(status), ..Claim::default() };
    let content = MessageContent::Intent { intent, status, decline: None };
    let message = Message { content, claim };
    paying::receive(shop, event.to_owned(), message, true).await.expect("received");
}

#[tokio::test]
async fn each_step_is_one_turn_and_the_message_about_it_none() {
    let (_directory, shop) = open().await;
    let (ann, lamp) = (ann(&shop).await, lamp(&shop).await);
    let id = place(&shop, ann, lamp).await.expect("placed");
    let turns = || shop.store.stats().turns;

    let before = turns();
    paying::start(&shop, id).await.expect("a payment");
    assert_eq!(turns(), before + 1, "to start");
    let charging = charging(&shop, id, CARD).await;
    assert!(matches!(settle(&shop, charging).await.expect("booked"), Settled::Paid(_)));
    assert_eq!(turns(), before + 2, "to charge");

    let intent = payment(&shop, id).intent.expect("an intent").id;
    for event in ["evt_1", "evt_1", "evt_2"] {
        report_success(&shop, &intent, event).await;
    }
    assert_eq!(turns(), before + 2, "to learn nothing new");
    assert!(payments::in_doubt(&*shop.store.snapshot(), 10).expect("read").is_empty());
    assert_eq!((at_the_sandbox(&shop, id).await, payment(&shop, id).attempts), (1000, 1));
    require_sound(&shop);
}

#[tokio::test]
async fn an_unknown_card_is_refused_and_changes_nothing() {
    let (_directory, shop, id, _) = started().await;
    let before = payment(&shop, id);

    let unknown = charging(&shop, id, "pm_card_of_nobody").await;
    let refused = settle(&shop, unknown).await.map(drop);

    assert!(matches!(refused, Err(Failure::Refused(Refusal::PaymentMethodUnknown))));
    assert_eq!(shop.store.stats().rollbacks, 0, "it was refused before anything was written");
    assert_eq!(payment(&shop, id), before);
    let known = charging(&shop, id, CARD).await;
    assert!(matches!(settle(&shop, known).await.expect("booked"), Settled::Paid(_)));
    require_sound(&shop);
}

#[tokio::test]
async fn an_order_cancelled_just_before_the_charge_is_not_charged() {
    let (_directory, shop, id, _) = started().await;
    let late = charging(&shop, id, CARD).await;
    let cancel =
        shop.turn(move |turn| async move { ordering::cancel(&turn, id, "", None).await.map(drop) });
    cancel.await.expect("cancelled");

    let settled = settle(&shop, late).await.expect("answered");

    assert!(matches!(settled, Settled::MethodMissing { .. }), "{settled:?}");
    assert_eq!((at_the_sandbox(&shop, id).await, payment(&shop, id).attempts), (0, 0));
    assert_eq!(order(&shop, id).status, OrderStatus::Cancelled);
    require_sound(&shop);
}

#[tokio::test]
async fn an_order_changed_just_before_a_step_is_not_paid_by_the_old_payment() {
    let (_directory, shop, id, lamp) = started().await;
    let late = charging(&shop, id, CARD).await;
    let opening = paying::open(&shop, id).await.expect("the same payment");
    let add = shop.turn(move |turn| async move { order_lines::add_unit(&turn, id, lamp).await });
    add.await.expect("still pending");

    let refused = settle(&shop, late).await.map(drop);
    assert!(matches!(refused, Err(Failure::Refused(Refusal::PaymentNotStarted))));
    let link = shop.turn(move |turn| async move { paying::link_opening(&turn, opening).await });
    let opened = link.await.expect("a payment over the new total");
    assert_eq!(opened.order.total.minor_units(), 2000);
    assert_eq!(opened.order.payment.expect("linked").payment, opened.payment);

    let charging = charging(&shop, id, CARD).await;
    assert!(matches!(settle(&shop, charging).await.expect("booked"), Settled::Paid(_)));
    assert_eq!(at_the_sandbox(&shop, id).await, 2000);
    require_sound(&shop);
}

#[tokio::test]
async fn a_customer_who_paid_in_the_browser_just_before_is_charged_once() {
    let (_directory, shop, id, _) = started().await;
    let late = charging(&shop, id, CARD).await;
    let sandbox = shop.sandbox.clone().expect("the sandbox");
    let intent = payment(&shop, id).intent.expect("an intent");
    let paid = sandbox.confirm_in_browser(intent.id.clone(), intent.client_secret, CARD.to_owned());
    paid.await.expect("paid there");

    assert!(matches!(settle(&shop, late).await.expect("booked"), Settled::Paid(_)));
    report_success(&shop, &intent.id, "evt_1").await;

    assert_eq!(at_the_sandbox(&shop, id).await, 1000);
    assert_eq!(payment(&shop, id).received.minor_units(), 1000);
    require_sound(&shop);
}
