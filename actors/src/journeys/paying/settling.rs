//! Books the gateway's answers: on the payment and in the ledger, on the order, in the stock.

use super::{News, Outcome, Settled, Step, asking, key};
use crate::Failure;
use crate::gateway::GatewayError;
use crate::journeys::ordering;
use crate::orders::{self, Contact, Paid};
use crate::owner::Turn;
use crate::payments::{self, Payment};
use crate::shop::Shop;
use souk_domain::{OrderId, OrderStatus, PaymentId, PaymentStatus};

/// Books the gateway's answer on the payment, the order and the stock.
///
/// # Errors
/// [`Failure`] of an owner. A decline is an outcome, not a refusal, because it is booked too.
pub async fn settle(turn: &Turn, news: News) -> Result<Settled, Failure> {
    let News { order: id, payment, outcome, contact, .. } = news;
    let decline = outcome.decline.clone();
    // A settled payment stays settled; late answers do not change it.
    let booked = turn.ask(payments::RecordOutcome { id: payment, outcome }).await?;
    let client_secret = booked.intent.clone().map(|intent| intent.client_secret);
    let client_secret = client_secret.unwrap_or_default();
    match (booked.status, decline) {
        (PaymentStatus::Succeeded, _) => {
            settle_success(turn, (id, payment, &booked), contact).await
        }
        (PaymentStatus::Canceled, _) => Ok(Settled::Canceled),
        (PaymentStatus::Refunded, _) => Ok(Settled::TooLate),
        (_, Some(decline)) => Ok(Settled::Declined { reason: decline.reason, client_secret }),
        (PaymentStatus::RequiresPaymentMethod, None) => {
            Ok(Settled::MethodMissing { client_secret })
        }
        (PaymentStatus::RequiresAction | PaymentStatus::Processing, None) => {
            Ok(Settled::ActionRequired { client_secret })
        }
    }
}

async fn settle_success(
    turn: &Turn,
    (id, payment, booked): (OrderId, PaymentId, &Payment),
    contact: Option<Contact>,
) -> Result<Settled, Failure> {
    let is_what_was_owed = booked.received == booked.amount;
    if !is_what_was_owed {
        let (received, owed) = (booked.received.minor_units(), booked.amount.minor_units());
        tracing::error!(%payment, received, owed, "the gateway took a different amount than is owed; it is refunded");
    }
    if !is_what_was_owed || goes_by_another(turn, id, payment).await? {
        release(turn, payment).await?;
        return Ok(Settled::Superseded);
    }
    let intent = booked.intent.clone();
    let order = match turn.ask(orders::MarkPaid { id, intent, contact }).await? {
        Paid::Now { order, stock } => {
            ordering::move_stock(turn, &order, stock).await?;
            turn.ask(payments::BookSale { id: payment }).await?;
            // Another payment may have been begun meanwhile by another method; it is no longer
            // needed.
            turn.ask(payments::ReleasePaymentsOfOrder { order: id, except: Some(payment) }).await?;
            order
        }
        Paid::Before(order) => order,
        Paid::TooLate => {
            release(turn, payment).await?;
            return Ok(Settled::TooLate);
        }
    };
    let view = ordering::view(turn, id, order).await?;
    Ok(Settled::Paid(Box::new(view)))
}

/// True if another payment must pay the order, because its amount changed. Booking this payment too
/// would pay the wrong amount, or pay twice.
async fn goes_by_another(turn: &Turn, id: OrderId, payment: PaymentId) -> Result<bool, Failure> {
    match orders::require_order(turn.unit(), id) {
        Ok(order) if order.status == OrderStatus::Cancelled => Ok(false),
        Ok(order) => Ok(order.payment.is_none_or(|link| link.payment != payment)),
        Err(Failure::Refused(_)) => Ok(false),
        Err(failure) => Err(failure),
    }
}

async fn release(turn: &Turn, id: PaymentId) -> Result<(), Failure> {
    turn.ask(payments::ReleasePayment { id }).await
}

/// Closes an open payment that its order no longer needs: at the gateway, then in our books. If the
/// customer paid first, books the money and refunds it if the order does not need it.
///
/// # Errors
/// [`Failure`]; the payment stays marked to be closed and is retried.
pub async fn close(shop: &Shop, id: PaymentId, payment: &Payment) -> Result<(), Failure> {
    let outcome = match close_at_gateway(shop, id, payment).await {
        Err(GatewayError::NoSuch { what }) => {
            tracing::warn!(payment = %id, what, "the gateway does not know this payment, so it cannot be paid");
            Outcome::without_money(PaymentStatus::Canceled)
        }
        outcome => outcome?,
    };
    let is_closed = !outcome.status.is_open();
    let news = asking::news(shop, id, payment, outcome).await?;
    shop.turn(move |turn| async move { settle(&turn, news).await.map(drop) }).await?;
    if !is_closed {
        let why = format!("payment {id} cannot be given up while the gateway is at it");
        return Err(Failure::GatewayUnavailable { why });
    }
    Ok(())
}

async fn close_at_gateway(
    shop: &Shop,
    id: PaymentId,
    payment: &Payment,
) -> Result<Outcome, GatewayError> {
    let mut open_intent = payment.intent.as_ref().map(|intent| intent.id.clone());
    if let Some(checkout) = &payment.checkout {
        let key = key(shop, id, Step::ExpireCheckout).map_err(Failure::from)?;
        let checkout = shop.gateway.expire_checkout(&key, checkout).await?;
        let outcome = Outcome::of_checkout(checkout);
        if !outcome.status.is_open() {
            return Ok(outcome);
        }
        open_intent = outcome.intent.as_ref().map(|intent| intent.id.clone());
        if open_intent.is_none() {
            return Ok(outcome);
        }
    }
    match open_intent {
        Some(intent) => {
            let key = key(shop, id, Step::Cancel).map_err(Failure::from)?;
            let intent = shop.gateway.cancel(&key, &intent).await?;
            Ok(Outcome::of_intent(intent, None, None))
        }
        // No client ever got the means to pay it.
        None => Ok(Outcome::without_money(PaymentStatus::Canceled)),
    }
}
