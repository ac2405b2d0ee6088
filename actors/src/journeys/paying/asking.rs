//! The gateway is asked, perhaps after it was told to charge.

use super::{News, Outcome, Step, key};
use crate::Failure;
use crate::journeys::ordering;
use crate::orders::{self, Order};
use crate::payments::{self, Payment, PaymentsMessage};
use crate::shop::Shop;
use souk_domain::{OrderId, OrderStatus, PaymentId, Refusal};
use std::sync::Arc;

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
    news(shop, link.payment, &payment, outcome)
}

async fn begin_attempt(shop: &Shop, id: PaymentId) -> Result<u32, Failure> {
    let owners = Arc::clone(&shop.owners);
    shop.store
        .transact(move |unit| {
            let owners = Arc::clone(&owners);
            async move {
                let begin = |reply_to| PaymentsMessage::BeginAttempt { unit, id, reply_to };
                owners.payments.ask(begin).await
            }
        })
        .await
}

/// Asks the gateway how a payment stands, whatever became of its order, and what was refused last.
///
/// # Errors
/// Refuses a payment the gateway does not know; [`Failure`] if the gateway cannot answer.
pub async fn ask_about(shop: &Shop, id: PaymentId, payment: &Payment) -> Result<News, Failure> {
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
    news(shop, id, payment, Outcome { decline, attempt, ..outcome })
}

/// Who did not try to charge does not hear of a refused attempt.
async fn ask_without_decline(
    shop: &Shop,
    id: PaymentId,
    payment: &Payment,
) -> Result<News, Failure> {
    let mut news = ask_about(shop, id, payment).await?;
    (news.outcome.decline, news.outcome.attempt) = (None, None);
    Ok(news)
}

/// What was said, with what is needed to book it.
pub(super) fn news(
    shop: &Shop,
    id: PaymentId,
    payment: &Payment,
    outcome: Outcome,
) -> Result<News, Failure> {
    let snapshot = shop.store.snapshot();
    let order = orders::order(&*snapshot, payment.order)?;
    let contact = ordering::contact(&snapshot, order.and_then(|order| order.customer))?;
    Ok(News { order: payment.order, payment: id, owed: payment.amount, outcome, contact })
}
