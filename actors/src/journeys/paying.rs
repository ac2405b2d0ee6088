//! Paying: the gateway is called between turns, never within one (design law 5), and what it
//! says is booked in a turn.

use crate::Failure;
use crate::journeys::ordering::{self, OrderView};
use crate::orders::{self, Contact, Order, OrdersMessage, Paid, PaymentLink};
use crate::payments::{self, Intent, Payment, PaymentsMessage};
use crate::sandbox::{Attempt, GatewayIntent};
use crate::shop::Shop;
use crate::store::{Snapshot, StoreError, Unit};
use crate::supervision::Owners;
use souk_domain::{Missing, OrderAction, OrderId, OrderStatus, PaymentId, PaymentStatus, Refusal};
use std::sync::Arc;

/// What the gateway said of a payment, ready to be booked.
#[derive(Clone, Debug)]
pub struct News {
    order: OrderId,
    payment: PaymentId,
    intent: GatewayIntent,
    decline: Option<String>,
    contact: Option<Contact>,
}

impl News {
    /// True if the gateway has the money.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.intent.status == PaymentStatus::Succeeded
    }

    /// True if the gateway has the money, and this order goes by this payment.
    #[must_use]
    pub fn pays(&self, order: &Order) -> bool {
        self.is_success() && order.payment.as_ref().is_some_and(|link| link.payment == self.payment)
    }
}

/// What the news meant.
#[derive(Clone, Debug)]
pub enum Settled {
    /// The order is paid, now or before.
    Paid(Box<OrderView>),
    /// The order was called off meanwhile; the money goes back.
    TooLate,
    /// The order goes by another payment, or by none since its lines changed; the money goes back.
    Superseded,
    /// The gateway has no payment method to charge.
    MethodMissing {
        /// What the customer's browser needs to bring one.
        client_secret: String,
    },
    /// The customer must confirm with their bank, or the gateway is still at it.
    ActionRequired {
        /// What the customer's browser needs.
        client_secret: String,
    },
    /// The gateway refused the charge; another method may be tried.
    Declined {
        /// The gateway's words for the customer.
        reason: String,
        /// What the customer's browser needs to try again.
        client_secret: String,
    },
    /// This payment was given up at the gateway.
    Canceled,
}

/// Makes sure the order has a payment that the gateway knows. Asked twice, even at once, there is
/// one intent: the gateway gets the same key.
///
/// # Errors
/// Refuses an order that is not pending; [`Failure`] if the gateway cannot answer.
pub async fn prepare(shop: &Shop, order: OrderId) -> Result<(PaymentId, Intent), Failure> {
    let snapshot = shop.store.snapshot();
    let owed = orders::order(&*snapshot, order)?.map(|order| order.total);
    if let Some((id, Payment { intent: Some(intent), status, amount, .. })) =
        payments::of_order(&*snapshot, order)?
        && status.is_open()
        && owed == Some(amount)
    {
        return Ok((id, intent));
    }
    let owners = Arc::clone(&shop.owners);
    let (id, payment) = shop
        .store
        .transact(move |unit| {
            let owners = Arc::clone(&owners);
            async move { begin(&owners, &unit, order).await }
        })
        .await?;
    if let Some(intent) = payment.intent {
        return Ok((id, intent));
    }
    let key = format!("souk-{}-payment-{id}-create", shop.outbox.store_id());
    let intent = shop.gateway.create_intent(key, payment.amount).await?;
    Ok((id, Intent { id: intent.id, client_secret: intent.client_secret }))
}

async fn begin(
    owners: &Owners,
    unit: &Unit,
    order: OrderId,
) -> Result<(PaymentId, Payment), Failure> {
    let show = |reply_to| OrdersMessage::Show { unit: unit.clone(), id: order, reply_to };
    let amount = require_payable(owners.orders.ask(show).await?)?.total;
    let begin = |reply_to| PaymentsMessage::Begin { unit: unit.clone(), order, amount, reply_to };
    owners.payments.ask(begin).await
}

/// Only a pending order may start a payment (storefront document, "Create Payment Intent").
///
/// # Errors
/// [`Refusal::OrderNotPending`].
pub fn require_payable(order: Order) -> Result<Order, Refusal> {
    if order.status == OrderStatus::Pending && !order.is_paid {
        Ok(order)
    } else {
        Err(Refusal::OrderNotPending { action: OrderAction::Pay })
    }
}

/// Starts the payment of an order, for contracts that do not show the step in between: what
/// [`prepare`] and [`link`] do. The order after it has its payment.
///
/// # Errors
/// As [`prepare`] and [`link`].
pub async fn start(shop: &Shop, order: OrderId) -> Result<Order, Failure> {
    let (payment, intent) = prepare(shop, order).await?;
    let owners = Arc::clone(&shop.owners);
    shop.store
        .transact(move |unit| {
            let (owners, intent) = (Arc::clone(&owners), intent.clone());
            async move { link(&owners, &unit, order, payment, intent).await }
        })
        .await
}

/// Books the intent that the gateway made, on the payment and on the order.
///
/// # Errors
/// Refuses an order that is no longer pending, and one that goes by another payment by now.
pub async fn link(
    owners: &Owners,
    unit: &Unit,
    order: OrderId,
    payment: PaymentId,
    intent: Intent,
) -> Result<Order, Failure> {
    let show = |reply_to| OrdersMessage::Show { unit: unit.clone(), id: order, reply_to };
    let owed = owners.orders.ask(show).await?.total;
    let show = |reply_to| PaymentsMessage::Show { unit: unit.clone(), id: payment, reply_to };
    let (begun, is_current) = owners.payments.ask(show).await?;
    // The order may have changed, and changed back, since the gateway was asked.
    if begun.amount != owed || !is_current || !begun.status.is_open() {
        return Err(Refusal::PaymentNotStarted.into());
    }
    let link = PaymentLink {
        payment,
        intent: intent.id.clone(),
        client_secret: intent.client_secret.clone(),
    };
    let order = owners
        .orders
        .ask(|reply_to| OrdersMessage::LinkPayment {
            unit: unit.clone(),
            id: order,
            link,
            reply_to,
        })
        .await?;
    let record = |reply_to| PaymentsMessage::RecordIntent {
        unit: unit.clone(),
        id: payment,
        intent,
        reply_to,
    };
    owners.payments.ask(record).await?;
    Ok(order)
}

/// Asks the gateway how the payment of an order stands, after trying to charge `payment_method`
/// if one is named.
///
/// # Errors
/// Refuses an order without a payment, and an unknown method; [`Failure`] if the gateway cannot
/// answer.
pub async fn ask_gateway(
    shop: &Shop,
    id: OrderId,
    order: &Order,
    payment_method: Option<String>,
) -> Result<News, Failure> {
    let link = order.payment.as_ref().ok_or(Refusal::PaymentNotStarted)?;
    let may_charge = !order.is_paid && order.status != OrderStatus::Cancelled;
    let attempt = match payment_method {
        Some(method) if may_charge => {
            shop.gateway.confirm(link.intent.clone(), method, None).await?
        }
        _ => Attempt::Answered(shop.gateway.retrieve(&link.intent)?),
    };
    let (intent, decline) = match attempt {
        Attempt::Answered(intent) => (intent, None),
        Attempt::Declined { intent, reason } => (intent, Some(reason)),
    };
    let contact = ordering::contact(&shop.store.snapshot(), order.customer)?;
    Ok(News { order: id, payment: link.payment, intent, decline, contact })
}

/// What a signed message of the gateway says of an intent; `None` if it is none of ours.
///
/// # Errors
/// [`StoreError`].
pub fn heard(
    snapshot: &Snapshot,
    intent: &str,
    status: PaymentStatus,
    decline: Option<String>,
) -> Result<Option<News>, StoreError> {
    let Some((id, payment)) = payments::by_intent(snapshot, intent)? else { return Ok(None) };
    let Some(known) = payment.intent else { return Ok(None) };
    let order = orders::order(snapshot, payment.order)?;
    let contact = ordering::contact(snapshot, order.and_then(|order| order.customer))?;
    let intent = GatewayIntent {
        id: known.id,
        client_secret: known.client_secret,
        amount: payment.amount,
        status,
    };
    Ok(Some(News { order: payment.order, payment: id, intent, decline, contact }))
}

/// Books what a signed message of the gateway said. A payment that failed or was given up calls
/// its pending order off, unless the shop lets customers try again (`cancels_on_failure` false).
///
/// # Errors
/// [`Failure`] of an owner.
pub async fn book_message(
    owners: &Owners,
    unit: &Unit,
    news: News,
    cancels_on_failure: bool,
) -> Result<(), Failure> {
    let (id, payment, contact) = (news.order, news.payment, news.contact.clone());
    let (reason, cancels) = match settle(owners, unit, news).await? {
        Settled::Declined { reason, .. } => (reason, cancels_on_failure),
        // A canceled intent can never be paid, so here nobody may try again.
        Settled::Canceled => ("The payment was canceled.".to_owned(), true),
        Settled::Paid(_)
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

/// Asks the gateway how a payment stands, whatever became of its order.
///
/// # Errors
/// Refuses a payment the gateway does not know; [`Failure`] if the gateway cannot answer.
pub fn ask_about(shop: &Shop, id: PaymentId, payment: &Payment) -> Result<News, Failure> {
    let known = payment.intent.as_ref().ok_or(Refusal::PaymentNotStarted)?;
    let intent = shop.gateway.retrieve(&known.id)?;
    let (order, snapshot) = (payment.order, shop.store.snapshot());
    let customer = crate::orders::order(&*snapshot, order)?.and_then(|order| order.customer);
    let contact = ordering::contact(&snapshot, customer)?;
    Ok(News { order, payment: id, intent, decline: None, contact })
}

/// Books what the gateway said: on the payment, the order, the stock.
///
/// # Errors
/// [`Failure`] of an owner; a decline is an outcome, not a refusal, because it is booked too.
pub async fn settle(owners: &Owners, unit: &Unit, news: News) -> Result<Settled, Failure> {
    let News { order: id, payment, intent, decline, contact } = news;
    let record = |reply_to| PaymentsMessage::RecordOutcome {
        unit: unit.clone(),
        id: payment,
        status: intent.status,
        was_declined: decline.is_some(),
        reply_to,
    };
    // A payment that is settled stays so, whatever comes late.
    let status = owners.payments.ask(record).await?.status;
    let client_secret = intent.client_secret;
    match (status, decline) {
        (PaymentStatus::Succeeded, _) => settle_success(owners, unit, id, payment, contact).await,
        (PaymentStatus::Canceled, _) => Ok(Settled::Canceled),
        (PaymentStatus::Refunded, _) => Ok(Settled::TooLate),
        (_, Some(reason)) => Ok(Settled::Declined { reason, client_secret }),
        (PaymentStatus::RequiresPaymentMethod, None) => {
            Ok(Settled::MethodMissing { client_secret })
        }
        (PaymentStatus::RequiresAction | PaymentStatus::Processing, None) => {
            Ok(Settled::ActionRequired { client_secret })
        }
    }
}

async fn settle_success(
    owners: &Owners,
    unit: &Unit,
    id: OrderId,
    payment: PaymentId,
    contact: Option<Contact>,
) -> Result<Settled, Failure> {
    if goes_by_another(owners, unit, id, payment).await? {
        let_go(owners, unit, payment).await?;
        return Ok(Settled::Superseded);
    }
    let mark = |reply_to| OrdersMessage::MarkPaid { unit: unit.clone(), id, contact, reply_to };
    let order = match owners.orders.ask(mark).await? {
        Paid::Now { order, stock } => {
            ordering::move_stock(owners, unit, &order, stock).await?;
            order
        }
        Paid::Before(order) => order,
        Paid::TooLate => {
            let_go(owners, unit, payment).await?;
            return Ok(Settled::TooLate);
        }
    };
    let view = ordering::view(owners, unit, id, order).await?;
    Ok(Settled::Paid(Box::new(view)))
}

/// True if an order that stands is not paid by this payment: another one was started for another
/// amount, or one must be. Its money would pay too much, too little or twice.
async fn goes_by_another(
    owners: &Owners,
    unit: &Unit,
    id: OrderId,
    payment: PaymentId,
) -> Result<bool, Failure> {
    let show = |reply_to| OrdersMessage::Show { unit: unit.clone(), id, reply_to };
    match owners.orders.ask(show).await {
        Ok(order) if order.status == OrderStatus::Cancelled => Ok(false),
        Ok(order) => Ok(order.payment.is_none_or(|link| link.payment != payment)),
        Err(Failure::Refused(_)) => Ok(false),
        Err(failure) => Err(failure),
    }
}

async fn let_go(owners: &Owners, unit: &Unit, id: PaymentId) -> Result<(), Failure> {
    let let_go = |reply_to| PaymentsMessage::LetGo { unit: unit.clone(), id, reply_to };
    owners.payments.ask(let_go).await
}

/// Closes an open payment whose order needs it no more: at the gateway, then in our books. If the
/// money came first, it goes back.
///
/// # Errors
/// [`Failure`]; the payment stays to be closed and is tried again.
pub async fn close(shop: &Shop, id: PaymentId, payment: &Payment) -> Result<(), Failure> {
    let (known, status) = match &payment.intent {
        Some(intent) => {
            let answer = shop.gateway.cancel(intent.id.clone()).await?;
            (intent.clone(), answer.status)
        }
        // Nobody was ever told how to pay it.
        None => {
            (Intent { id: String::new(), client_secret: String::new() }, PaymentStatus::Canceled)
        }
    };
    let snapshot = shop.store.snapshot();
    let order = orders::order(&*snapshot, payment.order)?;
    let contact = ordering::contact(&snapshot, order.and_then(|order| order.customer))?;
    let intent = GatewayIntent {
        id: known.id,
        client_secret: known.client_secret,
        amount: payment.amount,
        status,
    };
    let news = News { order: payment.order, payment: id, intent, decline: None, contact };
    let owners = Arc::clone(&shop.owners);
    shop.store
        .transact(move |unit| {
            let (owners, news) = (Arc::clone(&owners), news.clone());
            async move { settle(&owners, &unit, news).await.map(drop) }
        })
        .await
}

/// Gives back the money of a payment whose order was called off: asks the gateway, then books it.
///
/// # Errors
/// [`Failure`]; the refund stays due and is tried again.
pub async fn refund(shop: &Shop, id: PaymentId, payment: &Payment) -> Result<(), Failure> {
    let intent = payment.intent.clone().ok_or(Refusal::NotFound(Missing::Payment))?;
    let answer = shop.gateway.refund(intent.id).await?;
    if answer.status != PaymentStatus::Refunded {
        return Err(Failure::GatewayUnavailable { why: "the refund is not made yet".to_owned() });
    }
    let order = payment.order;
    let snapshot = shop.store.snapshot();
    let customer = crate::orders::order(&*snapshot, order)?.and_then(|order| order.customer);
    let contact = ordering::contact(&snapshot, customer)?;
    let owners = Arc::clone(&shop.owners);
    shop.store
        .transact(move |unit| {
            let (owners, contact) = (Arc::clone(&owners), contact.clone());
            async move {
                let record =
                    |reply_to| PaymentsMessage::RecordRefund { unit: unit.clone(), id, reply_to };
                if owners.payments.ask(record).await? {
                    let mark = |reply_to| OrdersMessage::MarkRefunded {
                        unit,
                        id: order,
                        payment: id,
                        contact,
                        reply_to,
                    };
                    owners.orders.ask(mark).await?;
                }
                Ok(())
            }
        })
        .await
}
