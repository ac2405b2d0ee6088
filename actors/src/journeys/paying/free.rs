//! Orders that cost nothing. Gateways reject payments of zero, so these orders are paid here, in
//! the turn of the request.

use super::{News, Outcome, Settled, link, require_payable, settle};
use crate::Failure;
use crate::journeys::ordering::OrderView;
use crate::orders::{self, Contact, Order};
use crate::owner::Turn;
use crate::payments::{self, FREE_PREFIX, Intent, Payment, PaymentFlow};
use souk_domain::{Money, OrderId, PaymentId, PaymentStatus, Refusal};

/// Random bytes in the id of such a payment.
const ID_BYTES: usize = 12;
/// Random bytes in its client secret.
const SECRET_BYTES: usize = 16;

/// An order that was paid without a gateway.
#[derive(Clone, Debug)]
pub struct PaidFreeOrder {
    /// Its payment.
    pub payment: PaymentId,
    /// Replaces the gateway's intent; its id begins with [`FREE_PREFIX`].
    pub intent: Intent,
    /// The order after the payment.
    pub view: OrderView,
}

/// True if the order's total is zero, so that [`pay_nothing`] can pay it.
#[must_use]
pub fn costs_nothing(order: &Order) -> bool {
    order.total == Money::ZERO && require_payable(order).is_ok()
}

/// Pays an order that costs nothing.
///
/// # Errors
/// Rejects an order that is not pending, and one whose total is no longer zero.
pub async fn pay_nothing(
    turn: &Turn,
    order: OrderId,
    contact: Option<Contact>,
) -> Result<PaidFreeOrder, Failure> {
    let shown = orders::require_order(turn.unit(), order)?;
    require_payable(&shown)?;
    if shown.total != Money::ZERO {
        return Err(Refusal::PaymentNotStarted.into());
    }
    let (payment, begun) = turn
        .ask(payments::BeginPayment { order, amount: Money::ZERO, flow: PaymentFlow::Intent })
        .await?;
    let intent = begun.intent.unwrap_or_else(fresh_intent);
    link(turn, order, payment, intent.clone()).await?;
    let outcome = Outcome {
        intent: Some(intent.clone()),
        ..Outcome::without_money(PaymentStatus::Succeeded)
    };
    let news = News { order, payment, owed: Money::ZERO, outcome, contact };
    match settle(turn, news).await? {
        Settled::Paid(view) => Ok(PaidFreeOrder { payment, intent, view: *view }),
        _ => Err(Failure::Unavailable),
    }
}

fn fresh_intent() -> Intent {
    let id = format!("{FREE_PREFIX}{}", crate::random_hex(ID_BYTES));
    let client_secret = format!("{id}_secret_{}", crate::random_hex(SECRET_BYTES));
    Intent { id, client_secret }
}

impl Outcome {
    /// The state of a payment that exists only in our books, not at a gateway.
    pub(super) fn of_books(payment: &Payment) -> Self {
        Self {
            intent: payment.intent.clone(),
            received: payment.received,
            refunded: payment.refunded,
            ..Self::without_money(payment.status)
        }
    }
}
