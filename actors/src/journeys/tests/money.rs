//! Money that arrives by another route, is refunded in parts, or differs from what was owed.

use super::{ann, lamp, open, place, require_sound};
use crate::gateway::{CheckoutPages, Gateway};
use crate::journeys::paying::{self, Message, MessageContent, Settled};
use crate::payments::{self, Account, Dispute, DisputeStatus, RefundedBy};
use crate::shop::Shop;
use crate::{Failure, housekeeping, orders};
use souk_domain::{
    Claim, Money, OrderId, OrderStatus, PaymentId, PaymentStatus, Refusal, ReportSource,
    ReportedAmount,
};

const PRICE: Money = Money::from_minor_units(1000);

fn pages() -> CheckoutPages {
    CheckoutPages {
        shop: "http://shop.example".to_owned(),
        success: "http://shop.example/yes".to_owned(),
        cancel: "http://shop.example/no".to_owned(),
    }
}

/// A shop with an order whose payment is started, with the payment and the gateway's intent.
async fn started() -> (tempfile::TempDir, Shop, OrderId, PaymentId, String) {
    let (directory, shop) = open().await;
    let (ann, lamp) = (ann(&shop).await, lamp(&shop).await);
    let id = place(&shop, ann, lamp).await.expect("placed");
    let order = paying::start(&shop, id).await.expect("a payment");
    let link = order.payment.expect("linked");
    (directory, shop, id, link.payment, link.intent.expect("an intent").id)
}

async fn settle_with(shop: &Shop, id: OrderId, card: &str) -> Settled {
    let order = order(shop, id);
    let news = paying::ask_gateway(shop, id, &order, Some(card.to_owned())).await.expect("asked");
    let settled = shop.turn(move |turn| async move { paying::settle(&turn, news).await });
    settled.await.expect("booked")
}

async fn receive(shop: &Shop, event: &str, message: impl Into<Message>) {
    paying::receive(shop, event.to_owned(), message.into(), true).await.expect("received");
}

/// A message without amounts.
impl From<MessageContent> for Message {
    fn from(content: MessageContent) -> Self {
        Self { content, claim: Claim { by: ReportSource::Message, ..Claim::default() } }
    }
}

fn minor(amount: Option<i64>) -> ReportedAmount {
    amount.map_or(ReportedAmount::Absent, ReportedAmount::Minor)
}

async fn request(shop: &Shop, id: OrderId, amount: Option<i64>) -> Result<u64, Failure> {
    let amount = amount.map(Money::from_minor_units);
    let request = shop.turn(move |turn| async move {
        let (reason, by) = ("as a courtesy".to_owned(), RefundedBy::Shop);
        paying::request_refund(&turn, id, amount, reason, by).await
    });
    Ok(request.await?.1)
}

fn order(shop: &Shop, id: OrderId) -> orders::Order {
    orders::order(&*shop.store.snapshot(), id).expect("read").expect("there")
}

fn payment(shop: &Shop, id: PaymentId) -> payments::Payment {
    payments::payment(&*shop.store.snapshot(), id).expect("read").expect("there")
}

fn revenue(shop: &Shop) -> i64 {
    payments::revenue(&*shop.store.snapshot()).expect("read").minor_units()
}

fn succeeded(intent: &str, received: Option<i64>) -> Message {
    let (intent, status) = (intent.to_owned(), PaymentStatus::Succeeded);
    let mut message = Message::from(MessageContent::Intent { intent, status, decline: None });
    message.claim.status = Some(status);
    message.claim.received = minor(received);
    message
}

fn refunded(intent: &str, amount: i64) -> Message {
    let mut message = Message::from(MessageContent::Refunded { intent: intent.to_owned() });
    message.claim.refunded = ReportedAmount::Minor(amount);
    message
}

fn disputed(intent: &str, amount: i64, status: DisputeStatus) -> Message {
    let reason = "product_not_received".to_owned();
    let dispute =
        Dispute { id: "dp_1".to_owned(), amount: Money::from_minor_units(amount), reason, status };
    let mut message =
        Message::from(MessageContent::Disputed { intent: intent.to_owned(), dispute });
    message.claim.disputed = ReportedAmount::Minor(amount);
    message
}

#[tokio::test]
async fn partial_refunds_never_exceed_the_paid_amount() {
    let (_directory, shop, id, of, _) = started().await;
    assert!(matches!(request(&shop, id, None).await, Err(Failure::Refused(_))), "not paid yet");
    assert!(matches!(settle_with(&shop, id, "pm_card_visa").await, Settled::Paid(_)));

    let first = request(&shop, id, Some(300)).await.expect("decided");
    paying::make_refund(&shop, of, first).await.expect("made");
    paying::make_refund(&shop, of, first).await.expect("no harm");
    let after = order(&shop, id);
    assert_eq!((after.is_paid, after.refunded.minor_units(), revenue(&shop)), (true, 300, 700));
    require_sound(&shop);

    let second = request(&shop, id, Some(500)).await.expect("decided");
    let too_much = request(&shop, id, Some(201)).await;
    assert!(matches!(too_much, Err(Failure::Refused(Refusal::RefundTooLarge))), "{too_much:?}");
    require_sound(&shop);
    let rest = request(&shop, id, None).await.expect("all that is left");
    for number in [rest, second] {
        paying::make_refund(&shop, of, number).await.expect("made");
    }
    let after = order(&shop, id);
    assert_eq!((after.is_paid, after.refunded), (false, PRICE));
    assert_eq!(after.status, OrderStatus::Completed, "the goods are the customer's still");
    assert_eq!((payment(&shop, of).status, revenue(&shop)), (PaymentStatus::Refunded, 0));
    require_sound(&shop);
}

#[tokio::test]
async fn a_wrong_amount_pays_no_order() {
    let (_directory, shop, id, of, intent) = started().await;
    for (number, received) in [1, 999, 1001, -1].into_iter().enumerate() {
        receive(&shop, &format!("evt_{number}"), succeeded(&intent, Some(received))).await;
        assert!(!order(&shop, id).is_paid, "{received}");
    }
    require_sound(&shop);
    // The gateway was asked at once and answered that the order is not paid.
    assert_eq!(payments::in_doubt(&*shop.store.snapshot(), 10).expect("read").len(), 0);
    assert_eq!(payment(&shop, of).status, PaymentStatus::RequiresPaymentMethod);

    receive(&shop, "evt_right", succeeded(&intent, Some(1000))).await;
    assert!(order(&shop, id).is_paid);
    require_sound(&shop);
}

#[tokio::test]
async fn a_message_counts_once_and_a_late_decline_is_ignored() {
    let (_directory, shop, id, of, intent) = started().await;
    receive(&shop, "evt_1", succeeded(&intent, None)).await;
    let version = order(&shop, id).version;
    receive(&shop, "evt_1", succeeded(&intent, None)).await;
    receive(&shop, "evt_2", succeeded(&intent, Some(1000))).await;
    let status = PaymentStatus::RequiresPaymentMethod;
    let late = MessageContent::Intent { intent: intent.clone(), status, decline: None };
    receive(&shop, "evt_3", late).await;
    let status = PaymentStatus::Canceled;
    receive(&shop, "evt_4", MessageContent::Intent { intent, status, decline: None }).await;

    assert_eq!(order(&shop, id).version, version);
    assert_eq!(payment(&shop, of).status, PaymentStatus::Succeeded);
    assert_eq!(revenue(&shop), 1000);
    require_sound(&shop);
}

#[tokio::test]
async fn refunds_made_at_the_gateway_are_booked_in_any_order_of_messages() {
    let (_directory, shop, id, of, intent) = started().await;
    let refunded = |amount: i64| refunded(&intent, amount);
    receive(&shop, "evt_refund", refunded(400)).await;
    receive(&shop, "evt_success", succeeded(&intent, Some(1000))).await;
    receive(&shop, "evt_refund_again", refunded(400)).await;
    let after = order(&shop, id);
    assert_eq!((after.is_paid, after.refunded.minor_units(), revenue(&shop)), (true, 400, 600));

    receive(&shop, "evt_all", refunded(1000)).await;
    assert!(!order(&shop, id).is_paid);
    assert_eq!((payment(&shop, of).status, revenue(&shop)), (PaymentStatus::Refunded, 0));
    require_sound(&shop);
}

#[tokio::test]
async fn the_money_of_a_failed_refund_is_still_owed() {
    let (_directory, shop, id, of, intent) = started().await;
    settle_with(&shop, id, "pm_card_visa").await;
    let number = request(&shop, id, None).await.expect("decided");
    let made = paying::make_refund(&shop, of, number).await.expect("made");
    let refund = made.gateway_id.expect("the gateway's name for it");

    receive(
        &shop,
        "evt_1",
        MessageContent::RefundFailed { intent: intent.clone(), refund: refund.clone() },
    )
    .await;
    receive(&shop, "evt_2", MessageContent::RefundFailed { intent, refund }).await;

    assert_eq!(payment(&shop, of).owed_back, PRICE);
    assert_eq!(revenue(&shop), 0, "it is the customer's money");
    require_sound(&shop);
}

#[tokio::test]
async fn a_dispute_is_recorded_and_a_lost_one_loses_money() {
    let (_directory, shop, id, of, intent) = started().await;
    settle_with(&shop, id, "pm_card_visa").await;
    let disputed = |status| disputed(&intent, PRICE.minor_units(), status);
    receive(&shop, "evt_1", disputed(DisputeStatus::Open)).await;
    receive(&shop, "evt_2", disputed(DisputeStatus::Lost)).await;
    receive(&shop, "evt_3", disputed(DisputeStatus::Lost)).await;
    receive(&shop, "evt_4", disputed(DisputeStatus::Open)).await;

    let after = payment(&shop, of);
    assert_eq!(after.dispute.map(|dispute| dispute.status), Some(DisputeStatus::Lost));
    assert_eq!((after.lost, after.received), (PRICE, PRICE));
    assert!(matches!(request(&shop, id, Some(1)).await, Err(Failure::Refused(_))), "it is gone");
    require_sound(&shop);
}

#[tokio::test]
async fn an_order_is_paid_by_checkout_or_intent_and_never_both() {
    let (_directory, shop, id, by_intent, intent) = started().await;
    let sandbox = shop.sandbox.clone().expect("the sandbox");

    let (by_page, page) = paying::prepare_checkout(&shop, id, pages()).await.expect("a page");
    assert_ne!(by_page, by_intent);
    let canceled = sandbox.retrieve(&intent).await.expect("known").status;
    assert_eq!(canceled, PaymentStatus::Canceled, "the intent was given up before the page opened");
    let (again, same) = paying::prepare_checkout(&shop, id, pages()).await.expect("a page");
    assert_eq!((again, &same), (by_page, &page));
    let checkout = page.id.clone();
    let link = shop
        .turn(move |turn| async move { paying::link_checkout(&turn, id, by_page, checkout).await });
    assert!(link.await.expect("linked").payment.is_some_and(|link| link.intent.is_none()));

    // The customer switches back to an intent: the page is closed and can no longer be paid.
    let order_again = paying::start(&shop, id).await.expect("an intent");
    let paid_at_closed_page = sandbox.pay(page.id.clone()).await.expect("a page");
    assert!(paid_at_closed_page.checkout.intent.is_none());
    assert!(order_again.payment.is_some_and(|link| link.intent.is_some()));
    assert!(matches!(settle_with(&shop, id, "pm_card_visa").await, Settled::Paid(_)));
    assert_eq!(revenue(&shop), 1000);
    require_sound(&shop);
}

#[tokio::test]
async fn a_checkout_payment_is_found_without_a_message() {
    let (_directory, shop) = open().await;
    let (ann, lamp) = (ann(&shop).await, lamp(&shop).await);
    let id = place(&shop, ann, lamp).await.expect("placed");
    let (of, page) = paying::prepare_checkout(&shop, id, pages()).await.expect("a page");
    let checkout = page.id.clone();
    let link = shop.turn(move |turn| async move {
        paying::link_checkout(&turn, id, of, checkout).await.map(drop)
    });
    link.await.expect("linked");
    shop.sandbox.as_ref().expect("the sandbox").pay(page.id).await.expect("paid there");

    let mut lines = Vec::new();
    let reconciled = paying::reconcile(&shop, |line| lines.push(line.to_string())).await;

    let reconciled = reconciled.expect("compared");
    assert_eq!((reconciled.settled, reconciled.unsettled), (1, 0));
    let expected = format!(
        "payment {of}: requires_payment_method here, succeeded there: booked, ORD-0000000001 is paid"
    );
    assert_eq!(lines, [expected]);
    let paid = order(&shop, id);
    assert!(paid.is_paid && paid.payment.is_some_and(|link| link.intent.is_some()));
    let again = paying::reconcile(&shop, |line| panic!("{line}")).await.expect("compared");
    assert_eq!(again, paying::Reconciled::default());
    require_sound(&shop);
}

#[tokio::test]
async fn a_deleted_order_leaves_the_sales_and_its_money_stays_accounted_for() {
    let (_directory, shop, id, _, _) = started().await;
    settle_with(&shop, id, "pm_card_visa").await;
    let delete = shop.turn(move |turn| async move {
        let by = souk_domain::Role::Administrator;
        crate::journeys::ordering::delete(&turn, id, by).await
    });
    delete.await.expect("deleted");
    assert_eq!(revenue(&shop), 0);
    require_sound(&shop);

    housekeeping::catch_up(&shop).await;

    let entries = payments::entries_of(&shop.store.snapshot(), id, 100).expect("read");
    let held = |account: Account| -> i64 {
        let postings = entries.iter().flat_map(|entry| entry.postings);
        postings.filter(|posting| posting.account == account).map(|posting| posting.amount).sum()
    };
    for account in [Account::Gateway, Account::Receivable, Account::Sales, Account::Refunds] {
        assert_eq!(held(account), 0, "{account:?}");
    }
    require_sound(&shop);
}

#[tokio::test]
async fn money_being_refunded_cannot_be_lost_too() {
    let (_directory, shop, id, of, intent) = started().await;
    settle_with(&shop, id, "pm_card_visa").await;
    let number = request(&shop, id, Some(400)).await.expect("decided");
    receive(&shop, "evt_1", disputed(&intent, 1_000, DisputeStatus::Lost)).await;
    require_sound(&shop);
    assert_eq!(payment(&shop, of).lost, Money::from_minor_units(600));

    paying::make_refund(&shop, of, number).await.expect("made");
    for (event, amount) in [("evt_2", 401), ("evt_3", 1_000), ("evt_4", -1), ("evt_5", i64::MAX)] {
        receive(&shop, event, refunded(&intent, amount)).await;
        require_sound(&shop);
    }
    assert_eq!(payment(&shop, of).refunded, Money::from_minor_units(400));
}

#[tokio::test]
async fn a_message_is_checked_again_after_the_books_changed() {
    let (_directory, shop, id, of, intent) = started().await;
    settle_with(&shop, id, "pm_card_visa").await;
    for round in 0..20 {
        let lost = disputed(&intent, 1_000, DisputeStatus::Lost);
        let (one, other) = (format!("evt_{round}_1"), format!("evt_{round}_2"));
        tokio::join!(receive(&shop, &one, lost), receive(&shop, &other, refunded(&intent, 1_000)));
        require_sound(&shop);
    }
    let after = payment(&shop, of);
    assert_eq!(after.left(), Money::ZERO);
}

#[tokio::test]
async fn a_failed_refund_over_another_amount_is_verified_at_the_gateway() {
    let (_directory, shop, id, of, intent) = started().await;
    settle_with(&shop, id, "pm_card_visa").await;
    let number = request(&shop, id, Some(400)).await.expect("decided");
    let made = paying::make_refund(&shop, of, number).await.expect("made");
    let refund = made.gateway_id.expect("the gateway's name for it");
    let failed = |amount: i64| {
        let content =
            MessageContent::RefundFailed { intent: intent.clone(), refund: refund.clone() };
        let mut message = Message::from(content);
        message.claim.refund = ReportedAmount::Minor(amount);
        message
    };

    for (event, amount) in [("evt_1", 399), ("evt_2", -400), ("evt_3", i64::MIN)] {
        receive(&shop, event, failed(amount)).await;
        assert_eq!(payment(&shop, of).owed_back, Money::ZERO, "{amount}");
    }
    receive(&shop, "evt_4", failed(400)).await;

    assert_eq!(payment(&shop, of).owed_back, Money::from_minor_units(400));
    require_sound(&shop);
}

#[tokio::test]
async fn a_free_order_is_paid_in_the_turn_of_the_request() {
    let (_directory, shop, id, _, _) = started().await;
    let pay = |id: OrderId| {
        shop.turn(move |turn| async move { paying::pay_nothing(&turn, id, None).await })
    };
    let refused = pay(id).await.map(drop);
    assert!(matches!(refused, Err(Failure::Refused(Refusal::PaymentNotStarted))), "{refused:?}");
    require_sound(&shop);
}
