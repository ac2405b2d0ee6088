//! Webhook messages from the gateway: signed, and possibly repeated, late, or out of order.

use super::{News, Outcome, Settled, asking, make_refund, settle};
use crate::Failure;
use crate::gateway::{self, Decline, RefundStatus};
use crate::journeys::ordering;
use crate::orders;
use crate::owner::Turn;
use crate::payments::{self, Dispute, Payment};
use crate::shop::Shop;
use souk_domain::{
    Claim, Money, OrderStatus, PaymentBooks, PaymentId, PaymentStatus, ReportedAmount, judge,
};

/// Most refunds that one message can make us book.
const REFUNDS_MAX: usize = 1_000;

/// A message with a valid signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What the message reports.
    pub content: MessageContent,
    /// The amounts in the message, unchecked.
    pub claim: Claim,
}

/// What a message reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageContent {
    /// An intent changed.
    Intent {
        /// The gateway's id of the intent.
        intent: String,
        /// The state of the intent.
        status: PaymentStatus,
        /// Why the last attempt was declined, if the message reports a decline.
        decline: Option<Decline>,
    },
    /// A checkout changed. Its new state is retrieved from the gateway.
    Checkout {
        /// The gateway's id of the checkout.
        checkout: String,
    },
    /// Money of an intent was refunded. The claim has the total refunded so far.
    Refunded {
        /// The gateway's id of the intent.
        intent: String,
    },
    /// A refund was created or changed. Another message has the total refunded so far.
    RefundChanged {
        /// The gateway's id of the intent.
        intent: String,
    },
    /// A refund finally failed.
    RefundFailed {
        /// The gateway's id of the intent.
        intent: String,
        /// The gateway's id of the refund.
        refund: String,
    },
    /// A customer opened a dispute with the bank, or the bank decided it.
    Disputed {
        /// The gateway's id of the intent.
        intent: String,
        /// The dispute.
        dispute: Dispute,
    },
}

/// Books a message with a valid signature, once. Ignores a message about a payment that is not
/// ours. A payment that failed or was canceled cancels its pending order, unless the shop lets
/// customers try again (`cancels_on_failure` is false).
///
/// A message that contradicts our books is not booked: it raises the alarm, and the gateway's own
/// answer is retrieved and booked if it fits.
///
/// # Errors
/// [`Failure`] of an owner or the gateway; the gateway must send the message again.
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
    let booking = booking_of(shop, (id, &payment), message, cancels_on_failure).await?;
    if booking.tells_nothing_new(&payment) {
        return Ok(());
    }
    shop.turn(move |turn| async move {
        match turn.ask(payments::RecordGatewayMessage { event }).await? {
            true => book(&turn, id, booking).await,
            false => Ok(()),
        }
    })
    .await?;
    book_refunds_of(shop, id).await
}

/// What to book for a message.
#[derive(Clone, Debug)]
enum Booking {
    /// There is nothing to book.
    Nothing,
    /// The gateway could not answer about this payment; housekeeping retries later.
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

impl Booking {
    /// True if the books have the same already, and always will have: the gateway has the money, and
    /// no refund is reported. Such a message needs no record either, because it tells nothing new
    /// when it is repeated.
    fn tells_nothing_new(&self, payment: &Payment) -> bool {
        let Self::Settle { news, .. } = self else { return false };
        let Outcome { status, refunded, intent, .. } = &news.outcome;
        payment.has_money()
            && *status == PaymentStatus::Succeeded
            && *refunded == Money::ZERO
            && (intent.is_none() || payment.intent.is_some())
    }
}

async fn booking_of(
    shop: &Shop,
    (id, payment): (PaymentId, &Payment),
    Message { content, claim }: Message,
    cancels_on_failure: bool,
) -> Result<Booking, Failure> {
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
            // Only money that was taken can be refunded, so this payment succeeded, even if we did
            // not know it.
            let taken = Outcome::without_money(PaymentStatus::Succeeded);
            let received = if payment.has_money() { payment.received } else { payment.amount };
            let refunded = match claim.refunded {
                ReportedAmount::Minor(amount) => Money::from_minor_units(amount),
                ReportedAmount::Absent | ReportedAmount::Malformed => Money::ZERO,
            };
            let claim = Claim { refunded: claim.refunded, ..Claim::default() };
            (Outcome { received, refunded, claim, ..taken }, false)
        }
        MessageContent::RefundChanged { .. } => return Ok(Booking::Nothing),
        MessageContent::RefundFailed { refund, .. } => return Ok(Booking::RefundFailed { refund }),
        MessageContent::Disputed { dispute, .. } => return Ok(Booking::Disputed { dispute }),
    };
    let news = Box::new(asking::news(shop, id, payment, outcome).await?);
    Ok(Booking::Settle { news, may_call_off, cancels_on_failure })
}

/// Retrieves the payment's state from the gateway instead of trusting a message that contradicts
/// our books.
async fn ask_instead(
    shop: &Shop,
    (id, payment): (PaymentId, &Payment),
    books: &PaymentBooks<'_>,
    content: MessageContent,
) -> Result<Booking, Failure> {
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
            Ok(if fits { Booking::RefundFailed { refund } } else { Booking::Nothing })
        }
        MessageContent::Intent { .. }
        | MessageContent::Refunded { .. }
        | MessageContent::RefundChanged { .. }
        | MessageContent::Disputed { .. } => {
            booking_of_answer(asking::ask_about(shop, id, payment).await)
        }
    }
}

async fn ask_about_checkout(
    shop: &Shop,
    id: PaymentId,
    payment: &Payment,
    checkout: &str,
) -> Result<Booking, Failure> {
    let asked = match shop.gateway.checkout(checkout).await {
        Ok(checkout) => asking::news(shop, id, payment, Outcome::of_checkout(checkout)).await,
        Err(error) => Err(error.into()),
    };
    booking_of_answer(asked)
}

/// Never cancels an order: an unpaid checkout page, for example, is not a failed payment, and the
/// order can still be paid another way.
fn booking_of_answer(asked: Result<News, Failure>) -> Result<Booking, Failure> {
    match asked {
        Ok(news) => {
            let news = Box::new(news);
            Ok(Booking::Settle { news, may_call_off: false, cancels_on_failure: false })
        }
        // The alarm was raised. Receiving the same message again would change nothing.
        Err(Failure::GatewayMisfit { .. }) => Ok(Booking::Nothing),
        Err(Failure::Refused(refusal)) => {
            tracing::error!(%refusal, "the gateway does not know a payment that its own message names");
            Ok(Booking::Doubt)
        }
        Err(failure) => Err(failure),
    }
}

async fn book(turn: &Turn, id: PaymentId, booking: Booking) -> Result<(), Failure> {
    match booking {
        Booking::Nothing => Ok(()),
        Booking::Doubt => turn.ask(payments::DoubtPayment { id }).await,
        Booking::Settle { news, may_call_off: true, cancels_on_failure } => {
            settle_or_call_off(turn, *news, cancels_on_failure).await
        }
        Booking::Settle { news, .. } => settle(turn, *news).await.map(drop),
        Booking::RefundFailed { refund } => {
            if turn.ask(payments::RecordFailedRefund { id, gateway_id: refund }).await? {
                tracing::error!(payment = %id, "a refund failed: the shop still owes the customer the money");
            }
            Ok(())
        }
        Booking::Disputed { dispute } => {
            let (status, reason) = (dispute.status, dispute.reason.clone());
            if turn.ask(payments::RecordDispute { id, dispute }).await? {
                tracing::error!(payment = %id, ?status, reason, "a customer disputes a payment");
            }
            Ok(())
        }
    }
}

/// Books what a message reports about an intent. A payment that failed or was canceled cancels its
/// pending order, unless the shop itself canceled the payment.
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
        // A canceled intent can never be paid, so a retry is impossible here.
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

/// Books refunds that were made directly at the gateway. Housekeeping makes the shop's own refunds.
async fn book_refunds_of(shop: &Shop, id: PaymentId) -> Result<(), Failure> {
    let order = payments::payment(&*shop.store.snapshot(), id)?.map(|payment| payment.order);
    let Some(order) = order else { return Ok(()) };
    for (payment, number, refund) in
        payments::refunds_of(&shop.store.snapshot(), order, REFUNDS_MAX)?
    {
        let made_at_gateway = refund.by == payments::RefundedBy::Gateway;
        if payment == id && made_at_gateway && refund.state == payments::RefundState::Due {
            make_refund(shop, id, number).await?;
        }
    }
    Ok(())
}
