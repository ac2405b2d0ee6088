//! Refunds: decided in one turn, made at the gateway, booked in another turn.

use super::{Step, asking, key};
use crate::Failure;
use crate::gateway::{GatewayError, GatewayRefund, RefundRequest, RefundStatus};
use crate::journeys::ordering;
use crate::orders::{self};
use crate::owner::Turn;
use crate::payments::{self, Payment, Refund, RefundState, RefundedBy};
use crate::shop::Shop;
use souk_domain::{Misfit, Missing, Money, OrderId, PaymentBooks, PaymentId, Refusal};
use std::time::Duration;

/// The gateway may have forgotten the idempotency key of a call this old, so its list of refunds is
/// checked before the call is repeated (Stripe keeps keys for at least 24 hours:
/// <https://docs.stripe.com/api/idempotent_requests>).
const KEY_TRUSTED_FOR: Duration = Duration::from_secs(12 * 60 * 60);

/// Records an administrator's decision to refund `amount` of a paid order, or all that is left.
/// [`make_refund`] then makes the refund at the gateway.
///
/// # Errors
/// Rejects more than is left of the paid amount, and an order that does not exist.
pub async fn request_refund(
    turn: &Turn,
    order: OrderId,
    amount: Option<Money>,
    reason: String,
    by: RefundedBy,
) -> Result<(PaymentId, u64, Refund), Failure> {
    let order = orders::require_order(turn.unit(), order)?;
    let id = order.payment.map(|link| link.payment).ok_or(Refusal::RefundTooLarge)?;
    let (number, refund) = turn.ask(payments::RequestRefund { id, amount, reason, by }).await?;
    Ok((id, number, refund))
}

/// Makes a recorded refund at the gateway, then books it. Safe to repeat. Returns the updated
/// refund.
///
/// # Errors
/// [`Failure`]; the refund stays due and is retried.
pub async fn make_refund(shop: &Shop, id: PaymentId, number: u64) -> Result<Refund, Failure> {
    let snapshot = shop.store.snapshot();
    let missing = Refusal::NotFound(Missing::Payment);
    let refund = payments::refund(&*snapshot, id, number)?.ok_or(missing.clone())?;
    let payment = payments::payment(&*snapshot, id)?.ok_or(missing)?;
    drop(snapshot);
    if refund.state != RefundState::Due {
        return Ok(refund);
    }
    match make_at_gateway(shop, (id, number), &payment, &refund).await? {
        Some(gateway_id) => book(shop, (id, number), payment.order, gateway_id).await?,
        None => {
            tracing::error!(payment = %id, refund = number, "the gateway rejects the refund; check it there");
            refuse(shop, id, number).await?;
        }
    }
    let after = payments::refund(&*shop.store.snapshot(), id, number)?;
    Ok(after.unwrap_or(refund))
}

/// The gateway's id of the refund, if it returns one; `None` if the gateway refuses the refund.
async fn make_at_gateway(
    shop: &Shop,
    (id, number): (PaymentId, u64),
    payment: &Payment,
    refund: &Refund,
) -> Result<Option<Option<String>>, Failure> {
    if !refund.is_to_be_made() {
        return Ok(Some(None));
    }
    let intent = payment.intent.as_ref().ok_or(Refusal::NotFound(Missing::Payment))?;
    let key = key(shop, id, Step::Refund(number))?;
    if refund.created_at < crate::clock::now().before(KEY_TRUSTED_FOR) {
        let made = shop.gateway.refunds(&intent.id).await?;
        if let Some(made) = made.into_iter().find(|made| made.is_under(&key)) {
            require_fit(shop, (id, payment), refund, &made)?;
            return Ok(made.id_if_made());
        }
    }
    let reason = (!refund.reason.is_empty()).then(|| refund.reason.clone());
    let request = RefundRequest { intent: intent.id.clone(), amount: refund.amount, reason };
    match shop.gateway.refund(&key, request).await {
        Ok(made) if require_fit(shop, (id, payment), refund, &made).is_ok() => {
            Ok(made.id_if_made())
        }
        Ok(_) => {
            // The error may mean that the gateway made the refund earlier: look in its list.
            let made = shop.gateway.refunds(&intent.id).await?;
            let ours = made.into_iter().find(|made| made.is_under(&key));
            let made = ours.ok_or(Failure::GatewayMisfit { misfit: Misfit::AnotherObject })?;
            require_fit(shop, (id, payment), refund, &made)?;
            Ok(made.id_if_made())
        }
        Err(GatewayError::RefundTooLarge) => {
            // The money may have been refunded directly at the gateway.
            let there = shop.gateway.retrieve(&intent.id).await?;
            let books = payment.books(id, Some(shop.settings.currency));
            asking::require_fit(id, &books, &there.claim())?;
            let there = there.amount_refunded;
            let here = payments::payment(&*shop.store.snapshot(), id)?;
            let here = here.map_or(Money::ZERO, |payment| payment.refunded);
            let is_made = here.checked_add(refund.amount).is_some_and(|sum| there >= sum);
            Ok(is_made.then_some(None))
        }
        Err(error) => Err(error.into()),
    }
}

/// Checks that the gateway's answer is about this refund: same intent, same amount.
fn require_fit(
    shop: &Shop,
    (id, payment): (PaymentId, &Payment),
    refund: &Refund,
    made: &GatewayRefund,
) -> Result<(), Failure> {
    let books = payment.books(id, Some(shop.settings.currency));
    let books = PaymentBooks { refund: Some(refund.amount), ..books };
    asking::require_fit(id, &books, &made.claim())
}

impl GatewayRefund {
    fn is_under(&self, key: &str) -> bool {
        self.key.as_deref() == Some(key)
    }

    /// `Some(id)` if the refund was made or is on its way.
    fn id_if_made(self) -> Option<Option<String>> {
        (self.status != RefundStatus::Failed).then_some(Some(self.id))
    }
}

impl Refund {
    /// False if the gateway has made the refund already, or has nothing to refund.
    fn is_to_be_made(&self) -> bool {
        self.by != RefundedBy::Gateway && self.amount > Money::ZERO
    }
}

async fn book(
    shop: &Shop,
    (id, number): (PaymentId, u64),
    order: OrderId,
    gateway_id: Option<String>,
) -> Result<(), Failure> {
    let snapshot = shop.store.snapshot();
    let customer = orders::order(&*snapshot, order)?.and_then(|order| order.customer);
    let contact = ordering::contact(&snapshot, customer)?;
    drop(snapshot);
    shop.turn(move |turn| async move {
        let Some(refund) = turn.ask(payments::RecordRefund { id, number, gateway_id }).await?
        else {
            return Ok(());
        };
        turn.ask(orders::MarkRefunded { id: order, payment: id, refund, contact }).await
    })
    .await
}

async fn refuse(shop: &Shop, id: PaymentId, number: u64) -> Result<(), Failure> {
    shop.turn(
        move |turn| async move { turn.ask(payments::RecordRefusedRefund { id, number }).await },
    )
    .await
}
