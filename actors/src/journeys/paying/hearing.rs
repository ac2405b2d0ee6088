//! The gateway speaks by itself: signed messages, which may come twice, late, or out of order.

use super::{News, Outcome, Settled, asking, make_refund, settle};
use crate::Failure;
use crate::gateway::Decline;
use crate::journeys::ordering;
use crate::orders::OrdersMessage;
use crate::payments::{self, Dispute, Payment, PaymentsMessage};
use crate::shop::Shop;
use crate::store::Unit;
use crate::supervision::Owners;
use souk_domain::{Money, OrderStatus, PaymentId, PaymentStatus};
use std::sync::Arc;

/// Refunds that one message can make us book.
const REFUNDS_MAX: usize = 1_000;

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// An intent changed.
    Intent {
        /// Which.
        intent: String,
        /// Where it stands.
        status: PaymentStatus,
        /// What was taken, as far as the message says; in the shop's currency, or it is `Some` of
        /// an amount below zero, which is nobody's.
        received: Option<Money>,
        /// Why the last attempt was refused, if that is the news.
        decline: Option<Decline>,
    },
    /// A checkout changed: what it says is asked of the gateway.
    Checkout {
        /// Which.
        checkout: String,
    },
    /// Money of an intent went back.
    Refunded {
        /// Of which.
        intent: String,
        /// How much in all.
        refunded: Money,
    },
    /// A refund failed in the end.
    RefundFailed {
        /// Of which intent.
        intent: String,
        /// What the gateway calls it.
        refund: String,
    },
    /// A customer asked their bank for the money, or the bank has decided.
    Disputed {
        /// Of which intent.
        intent: String,
        /// The dispute.
        dispute: Dispute,
    },
}

/// Books a message whose signature was good, once. What is about no payment of ours is ignored. A
/// payment that failed or was given up calls its pending order off, unless the shop lets customers
/// try again (`cancels_on_failure` false).
///
/// # Errors
/// [`Failure`] of an owner or the gateway; the message is to be sent again.
pub async fn hear(
    shop: &Shop,
    event: String,
    told: Told,
    cancels_on_failure: bool,
) -> Result<(), Failure> {
    let snapshot = shop.store.snapshot();
    let known = match &told {
        Told::Checkout { checkout } => payments::by_checkout(&*snapshot, checkout)?,
        Told::Intent { intent, .. }
        | Told::Refunded { intent, .. }
        | Told::RefundFailed { intent, .. }
        | Told::Disputed { intent, .. } => payments::by_intent(&*snapshot, intent)?,
    };
    drop(snapshot);
    let Some((id, payment)) = known else { return Ok(()) };
    let step = step_of(shop, (id, &payment), told, cancels_on_failure).await?;
    let owners = Arc::clone(&shop.owners);
    shop.store
        .transact(move |unit| {
            let (owners, event, step) = (Arc::clone(&owners), event.clone(), step.clone());
            async move {
                let hear = |reply_to| PaymentsMessage::Hear { unit: unit.clone(), event, reply_to };
                match owners.payments.ask(hear).await? {
                    true => take(&owners, &unit, id, step).await,
                    false => Ok(()),
                }
            }
        })
        .await?;
    book_refunds_of(shop, id).await
}

/// What a message means in our books.
#[derive(Clone, Debug)]
enum Step {
    /// What is not to be believed is asked of the gateway.
    Doubt,
    Settle {
        news: News,
        may_call_off: bool,
        cancels_on_failure: bool,
    },
    RefundFailed {
        refund: String,
    },
    Disputed {
        dispute: Dispute,
    },
}

async fn step_of(
    shop: &Shop,
    (id, payment): (PaymentId, &Payment),
    told: Told,
    cancels_on_failure: bool,
) -> Result<Step, Failure> {
    let settle = |outcome, may_call_off| -> Result<Step, Failure> {
        let news = asking::news(shop, id, payment, outcome)?;
        Ok(Step::Settle { news, may_call_off, cancels_on_failure })
    };
    match told {
        Told::Intent { status: PaymentStatus::Succeeded, received: Some(received), .. }
            if received != payment.amount =>
        {
            let (said, owed) = (received.minor_units(), payment.amount.minor_units());
            tracing::error!(payment = %id, said, owed, "a message speaks of another amount");
            Ok(Step::Doubt)
        }
        Told::Intent { status, decline, .. } => {
            let received = match status {
                PaymentStatus::Succeeded => payment.amount,
                _ => Money::ZERO,
            };
            settle(Outcome { received, decline, ..Outcome::without_money(status) }, true)
        }
        Told::Checkout { checkout } => {
            let checkout = shop.gateway.checkout(&checkout).await?;
            // A page that nobody paid at is no failed payment: the order waits for another one.
            settle(Outcome::of_checkout(checkout), false)
        }
        Told::Refunded { refunded, .. } => {
            // Only what was taken goes back, whether we were told of that before or not.
            let taken = Outcome::without_money(PaymentStatus::Succeeded);
            settle(Outcome { received: payment.amount, refunded, ..taken }, false)
        }
        Told::RefundFailed { refund, .. } => Ok(Step::RefundFailed { refund }),
        Told::Disputed { dispute, .. } => Ok(Step::Disputed { dispute }),
    }
}

async fn take(owners: &Owners, unit: &Unit, id: PaymentId, step: Step) -> Result<(), Failure> {
    let unit_again = unit.clone();
    match step {
        Step::Doubt => {
            let doubt = |reply_to| PaymentsMessage::Doubt { unit: unit_again, id, reply_to };
            owners.payments.ask(doubt).await
        }
        Step::Settle { news, may_call_off: true, cancels_on_failure } => {
            settle_or_call_off(owners, unit, news, cancels_on_failure).await
        }
        Step::Settle { news, .. } => settle(owners, unit, news).await.map(drop),
        Step::RefundFailed { refund } => {
            let record = |reply_to| PaymentsMessage::RecordFailedRefund {
                unit: unit_again,
                id,
                gateway_id: refund,
                reply_to,
            };
            if owners.payments.ask(record).await? {
                tracing::error!(payment = %id, "a refund failed: the customer is owed it still");
            }
            Ok(())
        }
        Step::Disputed { dispute } => {
            let (status, reason) = (dispute.status, dispute.reason.clone());
            let record = |reply_to| PaymentsMessage::RecordDispute {
                unit: unit_again,
                id,
                dispute,
                reply_to,
            };
            if owners.payments.ask(record).await? {
                tracing::error!(payment = %id, ?status, reason, "a customer disputes a payment");
            }
            Ok(())
        }
    }
}

/// Books what a message said of an intent. A payment that failed or was given up calls its pending
/// order off; one that the shop itself gives up does not.
async fn settle_or_call_off(
    owners: &Owners,
    unit: &Unit,
    news: News,
    cancels_on_failure: bool,
) -> Result<(), Failure> {
    let (id, payment, contact) = (news.order, news.payment, news.contact.clone());
    let show = |reply_to| PaymentsMessage::Show { unit: unit.clone(), id: payment, reply_to };
    let before = owners.payments.ask(show).await?;
    let is_given_up_by_us = before.is_closing || !before.payment.status.is_open();
    let (reason, cancels) = match settle(owners, unit, news).await? {
        Settled::Declined { reason, .. } => (reason, cancels_on_failure),
        // A canceled intent can never be paid, so here nobody may try again.
        Settled::Canceled if !is_given_up_by_us => ("The payment was canceled.".to_owned(), true),
        Settled::Canceled
        | Settled::Paid(_)
        | Settled::TooLate
        | Settled::Superseded
        | Settled::MethodMissing { .. }
        | Settled::ActionRequired { .. } => return Ok(()),
    };
    let show = |reply_to| OrdersMessage::Show { unit: unit.clone(), id, reply_to };
    let order = match owners.orders.ask(show).await {
        Err(Failure::Refused(_)) => return Ok(()),
        other => other?,
    };
    let is_its_payment = order.payment.as_ref().is_some_and(|link| link.payment == payment);
    if order.status != OrderStatus::Pending || order.is_paid || !is_its_payment {
        return Ok(());
    }
    if cancels {
        ordering::cancel(owners, unit, id, &reason, contact).await?;
        return Ok(());
    }
    let note = |reply_to| OrdersMessage::NotePaymentFailure {
        unit: unit.clone(),
        id,
        reason,
        contact,
        reply_to,
    };
    owners.orders.ask(note).await
}

/// What somebody at the gateway gave back is booked at once; what the shop must give back itself
/// is housekeeping's.
async fn book_refunds_of(shop: &Shop, id: PaymentId) -> Result<(), Failure> {
    let order = payments::payment(&*shop.store.snapshot(), id)?.map(|payment| payment.order);
    let Some(order) = order else { return Ok(()) };
    for (payment, number, refund) in
        payments::refunds_of(&shop.store.snapshot(), order, REFUNDS_MAX)?
    {
        let is_theirs = refund.by == payments::RefundedBy::Gateway;
        if payment == id && is_theirs && refund.state == payments::RefundState::Due {
            make_refund(shop, id, number).await?;
        }
    }
    Ok(())
}
