//! The gateway speaks by itself: signed messages, which may come twice, late, or out of order.

use super::{News, Outcome, Settled, asking, make_refund, settle};
use crate::Failure;
use crate::gateway::{self, Decline, RefundStatus};
use crate::journeys::ordering;
use crate::orders;
use crate::owner::Turn;
use crate::payments::{self, Dispute, Payment};
use crate::shop::Shop;
use souk_domain::{
    Claim, Money, OrderStatus, PaymentBooks, PaymentId, PaymentStatus, SaidAmount, judge,
};

/// Refunds that one message can make us book.
const REFUNDS_MAX: usize = 1_000;

/// A message whose signature was good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it says.
    pub content: MessageContent,
    /// What it says about the money, as it was written.
    pub claim: Claim,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageContent {
    /// An intent changed.
    Intent {
        /// Which.
        intent: String,
        /// Where it stands.
        status: PaymentStatus,
        /// Why the last attempt was refused, if that is the news.
        decline: Option<Decline>,
    },
    /// A checkout changed: what it says is asked of the gateway.
    Checkout {
        /// Which.
        checkout: String,
    },
    /// Money of an intent went back; how much in all, the claim says.
    Refunded {
        /// Of which.
        intent: String,
    },
    /// A refund was made or changed. How much went back in all, another message says.
    RefundChanged {
        /// Of which intent.
        intent: String,
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
/// What does not fit our books is not booked: the alarm is raised, the gateway is asked, and what it
/// answers is booked if it fits.
///
/// # Errors
/// [`Failure`] of an owner or the gateway; the message is to be sent again.
pub async fn receive(
    shop: &Shop,
    event: String,
    message: Message,
    cancels_on_failure: bool,
) -> Result<(), Failure> {
    let snapshot = shop.store.snapshot();
    let known = match &message.content {
        MessageContent::Checkout { checkout } => payments::by_checkout(&*snapshot, checkout)?,
        MessageContent::Intent { intent, .. }
        | MessageContent::Refunded { intent }
        | MessageContent::RefundChanged { intent }
        | MessageContent::RefundFailed { intent, .. }
        | MessageContent::Disputed { intent, .. } => payments::by_intent(&*snapshot, intent)?,
    };
    drop(snapshot);
    let Some((id, payment)) = known else { return Ok(()) };
    let step = step_of(shop, (id, &payment), message, cancels_on_failure).await?;
    shop.turn(move |turn| async move {
        match turn.ask(payments::RecordGatewayMessage { event }).await? {
            true => take(&turn, id, step).await,
            false => Ok(()),
        }
    })
    .await?;
    book_refunds_of(shop, id).await
}

/// What a message means in our books.
#[derive(Clone, Debug)]
enum Step {
    /// There is nothing to book.
    Nothing,
    /// The gateway could not answer about this payment; it is asked again later.
    Doubt,
    Settle {
        news: Box<News>,
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
    Message { content, claim }: Message,
    cancels_on_failure: bool,
) -> Result<Step, Failure> {
    let mut books = payment.books(id, Some(shop.settings.currency));
    if let MessageContent::RefundFailed { refund, .. } = &content {
        let refund = payments::refund_called(&shop.store.snapshot(), id, refund)?;
        books.refund = refund.map(|refund| refund.amount);
    }
    if let Err(misfit) = judge(&books, &claim) {
        gateway::alarm(format_args!("a message about payment {id}"), misfit);
        return ask_instead(shop, (id, payment), &books, content).await;
    }
    let (outcome, may_call_off) = match content {
        MessageContent::Intent { status, decline, .. } => {
            let received = match status {
                PaymentStatus::Succeeded => payment.amount,
                _ => Money::ZERO,
            };
            (Outcome { received, decline, ..Outcome::without_money(status) }, true)
        }
        MessageContent::Checkout { checkout } => {
            return ask_about_checkout(shop, id, payment, &checkout).await;
        }
        MessageContent::Refunded { .. } => {
            // Only what was taken goes back, whether we knew of that before or not.
            let taken = Outcome::without_money(PaymentStatus::Succeeded);
            let received = if payment.has_money() { payment.received } else { payment.amount };
            let refunded = match claim.refunded {
                SaidAmount::Minor(amount) => Money::from_minor_units(amount),
                SaidAmount::Absent | SaidAmount::Malformed => Money::ZERO,
            };
            let claim = Claim { refunded: claim.refunded, ..Claim::default() };
            (Outcome { received, refunded, claim, ..taken }, false)
        }
        MessageContent::RefundChanged { .. } => return Ok(Step::Nothing),
        MessageContent::RefundFailed { refund, .. } => return Ok(Step::RefundFailed { refund }),
        MessageContent::Disputed { dispute, .. } => return Ok(Step::Disputed { dispute }),
    };
    let news = Box::new(asking::news(shop, id, payment, outcome).await?);
    Ok(Step::Settle { news, may_call_off, cancels_on_failure })
}

/// A message that does not fit is a question to the gateway.
async fn ask_instead(
    shop: &Shop,
    (id, payment): (PaymentId, &Payment),
    books: &PaymentBooks<'_>,
    content: MessageContent,
) -> Result<Step, Failure> {
    match content {
        MessageContent::Checkout { checkout } => {
            ask_about_checkout(shop, id, payment, &checkout).await
        }
        MessageContent::RefundFailed { intent, refund } => {
            let listed = shop.gateway.refunds(&intent).await?;
            let failed = listed
                .into_iter()
                .find(|made| made.id == refund && made.status == RefundStatus::Failed);
            let fits =
                failed.is_some_and(|made| asking::require_fit(id, books, &made.claim()).is_ok());
            Ok(if fits { Step::RefundFailed { refund } } else { Step::Nothing })
        }
        MessageContent::Intent { .. }
        | MessageContent::Refunded { .. }
        | MessageContent::RefundChanged { .. }
        | MessageContent::Disputed { .. } => answered(asking::ask_about(shop, id, payment).await),
    }
}

async fn ask_about_checkout(
    shop: &Shop,
    id: PaymentId,
    payment: &Payment,
    checkout: &str,
) -> Result<Step, Failure> {
    let asked = match shop.gateway.checkout(checkout).await {
        Ok(checkout) => asking::news(shop, id, payment, Outcome::of_checkout(checkout)).await,
        Err(error) => Err(error.into()),
    };
    answered(asked)
}

/// What the gateway answered calls no order off: a page that nobody paid at, for one, is no failed
/// payment, and the order waits for another one.
fn answered(asked: Result<News, Failure>) -> Result<Step, Failure> {
    match asked {
        Ok(news) => {
            let news = Box::new(news);
            Ok(Step::Settle { news, may_call_off: false, cancels_on_failure: false })
        }
        // The alarm was raised; the same message again would change nothing.
        Err(Failure::GatewayMisfit { .. }) => Ok(Step::Nothing),
        Err(Failure::Refused(refusal)) => {
            tracing::error!(%refusal, "the gateway does not answer about a payment it spoke of");
            Ok(Step::Doubt)
        }
        Err(failure) => Err(failure),
    }
}

async fn take(turn: &Turn, id: PaymentId, step: Step) -> Result<(), Failure> {
    match step {
        Step::Nothing => Ok(()),
        Step::Doubt => turn.ask(payments::DoubtPayment { id }).await,
        Step::Settle { news, may_call_off: true, cancels_on_failure } => {
            settle_or_call_off(turn, *news, cancels_on_failure).await
        }
        Step::Settle { news, .. } => settle(turn, *news).await.map(drop),
        Step::RefundFailed { refund } => {
            if turn.ask(payments::RecordFailedRefund { id, gateway_id: refund }).await? {
                tracing::error!(payment = %id, "a refund failed: the customer is owed it still");
            }
            Ok(())
        }
        Step::Disputed { dispute } => {
            let (status, reason) = (dispute.status, dispute.reason.clone());
            if turn.ask(payments::RecordDispute { id, dispute }).await? {
                tracing::error!(payment = %id, ?status, reason, "a customer disputes a payment");
            }
            Ok(())
        }
    }
}

/// Books what a message said of an intent. A payment that failed or was given up calls its pending
/// order off; one that the shop itself gives up does not.
async fn settle_or_call_off(
    turn: &Turn,
    news: News,
    cancels_on_failure: bool,
) -> Result<(), Failure> {
    let (id, payment, contact) = (news.order, news.payment, news.contact.clone());
    let before = payments::require_payment(turn.unit(), payment)?;
    let is_given_up_by_us = before.is_closing || !before.payment.status.is_open();
    let (reason, cancels) = match settle(turn, news).await? {
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
    let order = match orders::require_order(turn.unit(), id) {
        Err(Failure::Refused(_)) => return Ok(()),
        other => other?,
    };
    let is_its_payment = order.payment.as_ref().is_some_and(|link| link.payment == payment);
    if order.status != OrderStatus::Pending || order.is_paid || !is_its_payment {
        return Ok(());
    }
    if cancels {
        ordering::cancel(turn, id, &reason, contact).await?;
        return Ok(());
    }
    turn.ask(orders::RecordPaymentFailure { id, reason, contact }).await
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
