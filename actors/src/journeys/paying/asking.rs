//! Asking the gateway how a payment stands, perhaps after a charge.

use super::{News, Outcome, Step, key};
use crate::Failure;
use crate::gateway;
use crate::journeys::ordering;
use crate::orders::{self, Order};
use crate::payments::{self, Payment};
use crate::shop::Shop;
use souk_domain::{Claim, OrderId, OrderStatus, PaymentBooks, PaymentId, Refusal, judge};

/// Asks the gateway how the payment of an order stands, after trying to charge `payment_method`
/// if one is named.
///
/// # Errors
/// Refuses an order without a payment, and an unknown method; [`Failure`] if the gateway cannot
/// answer. Then the payment is in doubt, and housekeeping asks about it.
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
    let may_charge = !order.is_paid && order.status != OrderStatus::Cancelled;
    let Some(method) = payment_method.filter(|_| may_charge) else {
        return ask_without_decline(shop, link.payment, &payment).await;
    };
    // At a checkout the customer pays there.
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

/// Asks the gateway how a payment stands, whatever became of its order, and what was refused last.
///
/// # Errors
/// Refuses a payment the gateway does not know; [`Failure`] if the gateway cannot answer, or answers
/// what does not fit our books.
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

/// Leaves out a refused attempt, which is no answer to who did not try to charge.
async fn ask_without_decline(
    shop: &Shop,
    id: PaymentId,
    payment: &Payment,
) -> Result<News, Failure> {
    let mut news = ask_about(shop, id, payment).await?;
    (news.outcome.decline, news.outcome.attempt) = (None, None);
    Ok(news)
}

/// What the gateway answered, with what is needed to book it.
///
/// # Errors
/// [`Failure::GatewayMisfit`] if it does not fit our books: then the alarm is raised, and an open
/// payment is in doubt from now on.
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

/// Raises the alarm over what does not fit our books.
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

/// From now on housekeeping asks the gateway about the payment, if it is open.
async fn doubt(shop: &Shop, id: PaymentId) -> Result<(), Failure> {
    shop.turn(move |turn| async move { turn.ask(payments::DoubtPayment { id }).await }).await
}
