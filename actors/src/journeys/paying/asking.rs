//! Retrieves the state of a payment from the gateway, optionally after a charge.

use super::in_turn::may_charge;
use super::{News, Outcome, Step, key};
use crate::Failure;
use crate::gateway;
use crate::journeys::ordering;
use crate::orders::{self, Order};
use crate::payments::{self, Payment};
use crate::shop::Shop;
use souk_domain::{Claim, OrderId, PaymentBooks, PaymentId, Refusal, judge};

/// Retrieves the state of an order's payment from the gateway, after trying to charge
/// `payment_method` if there is one.
///
/// # Errors
/// Rejects an order without a payment, and an unknown method; [`Failure`] if the gateway cannot
/// answer. The payment is then in doubt, and housekeeping retries.
pub async fn ask_gateway(
    shop: &Shop,
    id: OrderId,
    order: &Order,
    payment_method: Option<String>,
) -> Result<News, Failure> {
    let link = order.payment.as_ref().ok_or(Refusal::PaymentNotStarted)?;
    let payment = payments::payment(&*shop.store.snapshot(), link.payment)?
        .filter(|payment| payment.order == id)
        .ok_or(Refusal::PaymentNotStarted)?;
    let Some(method) = payment_method.filter(|_| may_charge(order)) else {
        return ask_without_decline(shop, link.payment, &payment).await;
    };
    // With a checkout, the customer pays on the gateway's page.
    let intent = payment.intent.as_ref().ok_or(Refusal::PaymentNotStarted)?;
    let attempt = begin_attempt(shop, link.payment).await?;
    let key = key(shop, link.payment, Step::Confirm(attempt))?;
    let (intent, decline) = shop.gateway.confirm(&key, &intent.id, &method).await?.into_parts();
    let outcome = Outcome::of_intent(intent, decline, Some(attempt));
    match news(shop, link.payment, &payment, outcome).await {
        Err(Failure::GatewayMisfit { .. }) => {
            let mut news = ask_about(shop, link.payment, &payment).await?;
            news.outcome.attempt = Some(attempt);
            Ok(news)
        }
        news => news,
    }
}

async fn begin_attempt(shop: &Shop, id: PaymentId) -> Result<u32, Failure> {
    shop.turn(move |turn| async move { turn.ask(payments::BeginAttempt { id }).await }).await
}

/// Retrieves the state of a payment and its last decline from the gateway, whatever the state of
/// its order.
///
/// # Errors
/// Rejects a payment the gateway does not know; [`Failure`] if the gateway cannot answer, or if its
/// answer contradicts our books.
pub async fn ask_about(shop: &Shop, id: PaymentId, payment: &Payment) -> Result<News, Failure> {
    if payment.is_free() {
        return news(shop, id, payment, Outcome::of_books(payment)).await;
    }
    let mut decline = None;
    let outcome = match (&payment.intent, &payment.checkout) {
        (Some(intent), _) => {
            let mut intent = shop.gateway.retrieve(&intent.id).await?;
            decline = intent.last_decline.take().filter(|decline| decline.charge.is_some());
            Outcome::of_intent(intent, None, None)
        }
        (None, Some(checkout)) => Outcome::of_checkout(shop.gateway.checkout(checkout).await?),
        (None, None) => return Err(Refusal::PaymentNotStarted.into()),
    };
    let attempt = Some(payment.attempts);
    news(shop, id, payment, Outcome { decline, attempt, ..outcome }).await
}

/// Leaves out the last decline, which does not concern a caller that did not try to charge.
async fn ask_without_decline(
    shop: &Shop,
    id: PaymentId,
    payment: &Payment,
) -> Result<News, Failure> {
    let mut news = ask_about(shop, id, payment).await?;
    (news.outcome.decline, news.outcome.attempt) = (None, None);
    Ok(news)
}

/// The gateway's answer, with everything needed to book it.
///
/// # Errors
/// [`Failure::GatewayMisfit`] if the answer contradicts our books: this raises the alarm and puts
/// an open payment in doubt.
pub(super) async fn news(
    shop: &Shop,
    id: PaymentId,
    payment: &Payment,
    outcome: Outcome,
) -> Result<News, Failure> {
    let currency = Some(shop.settings.currency);
    if let Err(failure) = require_fit(id, &payment.books(id, currency), &outcome.claim) {
        doubt(shop, id).await?;
        return Err(failure);
    }
    let snapshot = shop.store.snapshot();
    let order = orders::order(&*snapshot, payment.order)?;
    let contact = ordering::contact(&snapshot, order.and_then(|order| order.customer))?;
    Ok(News { order: payment.order, payment: id, owed: payment.amount, outcome, contact })
}

/// Raises the alarm if the gateway's answer contradicts our books.
///
/// # Errors
/// [`Failure::GatewayMisfit`].
pub(super) fn require_fit(
    id: PaymentId,
    books: &PaymentBooks<'_>,
    claim: &Claim,
) -> Result<(), Failure> {
    judge(books, claim).map_err(|misfit| {
        gateway::alarm(format_args!("payment {id}"), misfit);
        Failure::GatewayMisfit { misfit }
    })
}

/// Marks an open payment as in doubt, so that housekeeping asks the gateway about it.
async fn doubt(shop: &Shop, id: PaymentId) -> Result<(), Failure> {
    shop.turn(move |turn| async move { turn.ask(payments::DoubtPayment { id }).await }).await
}
