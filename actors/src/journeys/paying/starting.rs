//! Starts the payment of an order. An order has one open intent or checkout at a time, however
//! often and by whomever it is requested.

use super::{Outcome, Step, asking, close, key, link_opening, open, settle};
use crate::Failure;
use crate::gateway::{self, Charge, CheckoutPages, CheckoutStatus};
use crate::orders::{self, Order, PaymentLink};
use crate::outbox::Numbered;
use crate::owner::Turn;
use crate::payments::{self, Intent, Payment, PaymentFlow};
use crate::shop::Shop;
use souk_domain::{Misfit, Missing, OrderAction, OrderId, OrderStatus, PaymentId, Refusal};

/// A page of the gateway where the customer can pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCheckout {
    /// `cs_…`.
    pub id: String,
    /// The URL where the customer pays.
    pub url: String,
}

/// Ensures that the order has a payment at the gateway. Concurrent calls use the same idempotency
/// key, so there is only one intent.
///
/// # Errors
/// Rejects an order that is not pending; [`Failure`] if the gateway cannot answer.
pub async fn prepare(shop: &Shop, order: OrderId) -> Result<(PaymentId, Intent), Failure> {
    let (id, payment) = begun(shop, order, PaymentFlow::Intent).await?;
    if let Some(intent) = payment.intent {
        return Ok((id, intent));
    }
    let charge = charge_of(shop, id, &payment)?;
    let intent = shop.gateway.create_intent(&key(shop, id, Step::Create)?, charge).await?;
    let books = payment.books(id, Some(shop.settings.currency));
    asking::require_fit(id, &books, &intent.claim())?;
    let holder = payments::by_intent(&*shop.store.snapshot(), &intent.id)?;
    require_holder(id, holder.map(|(holder, _)| holder))?;
    Ok((id, Intent { id: intent.id, client_secret: intent.client_secret }))
}

/// Rejects a gateway object that already belongs to another payment.
fn require_holder(id: PaymentId, holder: Option<PaymentId>) -> Result<(), Failure> {
    if holder.is_none_or(|holder| holder == id) {
        return Ok(());
    }
    let misfit = Misfit::AnotherPayment;
    gateway::alarm(format_args!("payment {id}"), misfit);
    Err(Failure::GatewayMisfit { misfit })
}

/// Ensures that the order has a checkout page at the gateway. Repeated calls return the same page
/// with its original return address.
///
/// # Errors
/// Rejects an order that is not pending or is being paid; [`Failure`] if the gateway cannot answer.
pub async fn prepare_checkout(
    shop: &Shop,
    order: OrderId,
    pages: CheckoutPages,
) -> Result<(PaymentId, OpenCheckout), Failure> {
    // An earlier page may have expired; the second round then begins a new payment.
    for _ in 0..2 {
        let (id, payment) = begun(shop, order, PaymentFlow::Checkout(pages.clone())).await?;
        let checkout = match (&payment.checkout, &payment.flow) {
            (Some(checkout), _) => shop.gateway.checkout(checkout).await?,
            (None, PaymentFlow::Checkout(pages)) => {
                let charge = charge_of(shop, id, &payment)?;
                let key = key(shop, id, Step::OpenCheckout)?;
                shop.gateway.open_checkout(&key, charge, pages.clone()).await?
            }
            (None, PaymentFlow::Intent) => return Err(Refusal::PaymentNotStarted.into()),
        };
        let (session, status) = (checkout.id.clone(), checkout.status);
        let (url, outcome) = (checkout.url.clone(), Outcome::of_checkout(checkout));
        let holder = payments::by_checkout(&*shop.store.snapshot(), &session)?;
        require_holder(id, holder.map(|(holder, _)| holder))?;
        let news = asking::news(shop, id, &payment, outcome).await?;
        if status == CheckoutStatus::Open
            && let Some(url) = url
        {
            return Ok((id, OpenCheckout { id: session, url }));
        }
        shop.turn(move |turn| async move { settle(&turn, news).await.map(drop) }).await?;
    }
    Err(Refusal::OrderNotPending { action: OrderAction::Pay }.into())
}

/// Like [`prepare_checkout`], with a given return address: a page that returns elsewhere is closed
/// first.
///
/// # Errors
/// As [`prepare_checkout`].
pub async fn prepare_checkout_leading_to(
    shop: &Shop,
    order: OrderId,
    pages: CheckoutPages,
) -> Result<(PaymentId, OpenCheckout), Failure> {
    let current = payments::of_order(&*shop.store.snapshot(), order)?;
    if let Some((id, payment)) = current
        && payment.status.is_open()
        && let PaymentFlow::Checkout(known) = &payment.flow
        && (&known.success, &known.cancel) != (&pages.success, &pages.cancel)
    {
        give_up(shop, id).await?;
    }
    prepare_checkout(shop, order, pages).await
}

/// The order's payment by this method, begun if necessary. A payment by the other method or over
/// another amount is closed first, so that there are never two to pay.
async fn begun(
    shop: &Shop,
    order: OrderId,
    flow: PaymentFlow,
) -> Result<(PaymentId, Payment), Failure> {
    let snapshot = shop.store.snapshot();
    let owed = orders::order(&*snapshot, order)?.map(|order| order.total);
    if let Some((id, payment)) = payments::of_order(&*snapshot, order)? {
        if owed.is_some_and(|owed| payment.fits(owed, &flow)) {
            return Ok((id, payment));
        }
        if payment.status.is_open() {
            give_up(shop, id).await?;
        }
    }
    drop(snapshot);
    shop.turn(move |turn| async move { begin(&turn, order, flow).await }).await
}

/// Closes an open payment. Nothing can be linked to it after the turn, so the payment is read after
/// the turn: a page may have been opened meanwhile.
async fn give_up(shop: &Shop, id: PaymentId) -> Result<(), Failure> {
    shop.turn(move |turn| async move { turn.ask(payments::GiveUpPayment { id }).await }).await?;
    let given_up = payments::payment(&*shop.store.snapshot(), id)?;
    let payment = given_up.ok_or(Refusal::NotFound(Missing::Payment))?;
    close(shop, id, &payment).await
}

pub(super) async fn begin(
    turn: &Turn,
    order: OrderId,
    flow: PaymentFlow,
) -> Result<(PaymentId, Payment), Failure> {
    let shown = orders::require_order(turn.unit(), order)?;
    require_payable(&shown)?;
    let amount = shown.total;
    turn.ask(payments::BeginPayment { order, amount, flow }).await
}

fn charge_of(shop: &Shop, id: PaymentId, payment: &Payment) -> Result<Charge, Failure> {
    let order = orders::order(&*shop.store.snapshot(), payment.order)?;
    let order = order.ok_or(Refusal::NotFound(Missing::Order))?;
    Ok(Charge {
        store_id: shop.outbox.identity()?.of_number(Numbered::Payment, id.get()),
        order: payment.order,
        order_number: order.number,
        payment: id,
        amount: payment.amount,
        currency: shop.settings.currency,
    })
}

/// Only a pending order may start a payment (storefront document, "Create Payment Intent").
///
/// # Errors
/// [`Refusal::OrderNotPending`].
pub fn require_payable(order: &Order) -> Result<(), Refusal> {
    if order.status == OrderStatus::Pending && !order.is_paid {
        Ok(())
    } else {
        Err(Refusal::OrderNotPending { action: OrderAction::Pay })
    }
}

/// Runs [`open`] and [`link_opening`], for contracts that do not expose the step between them.
/// Returns the order with its payment.
///
/// # Errors
/// As [`open`] and [`link_opening`].
pub async fn start(shop: &Shop, order: OrderId) -> Result<Order, Failure> {
    let opening = open(shop, order).await?;
    let opened = shop.turn(move |turn| async move { link_opening(&turn, opening).await }).await?;
    Ok(opened.order)
}

/// Books the gateway's intent on the payment and on the order.
///
/// # Errors
/// Rejects an order that is no longer pending, and one that has another payment by now.
pub async fn link(
    turn: &Turn,
    order: OrderId,
    payment: PaymentId,
    intent: Intent,
) -> Result<Order, Failure> {
    let link = PaymentLink { payment, intent: Some(intent.clone()) };
    let is_first = |begun: &Payment| begun.intent.as_ref().is_none_or(|known| *known == intent);
    let order = link_order(turn, order, link, is_first).await?;
    turn.ask(payments::RecordIntent { id: payment, intent }).await?;
    Ok(order)
}

/// Books the gateway's checkout on the payment and on the order.
///
/// # Errors
/// As [`link`].
pub async fn link_checkout(
    turn: &Turn,
    order: OrderId,
    payment: PaymentId,
    checkout: String,
) -> Result<Order, Failure> {
    let link = PaymentLink { payment, intent: None };
    let is_first = |begun: &Payment| begun.checkout.as_ref().is_none_or(|known| *known == checkout);
    let order = link_order(turn, order, link, is_first).await?;
    turn.ask(payments::RecordCheckout { id: payment, checkout }).await?;
    Ok(order)
}

async fn link_order(
    turn: &Turn,
    id: OrderId,
    link: PaymentLink,
    is_first: impl Fn(&Payment) -> bool + Send,
) -> Result<Order, Failure> {
    let owed = orders::require_order(turn.unit(), id)?.total;
    let begun = payments::require_payment(turn.unit(), link.payment)?;
    // Since the call to the gateway, the order may have changed and changed back, or the payment
    // may have been replaced by another one.
    let is_open = begun.payment.status.is_open() && !begun.is_closing;
    // A faulty gateway may have made two for one payment: only the first is shown to the customer.
    let is_first = is_first(&begun.payment);
    if begun.payment.amount != owed || !begun.is_current || !is_open || !is_first {
        return Err(Refusal::PaymentNotStarted.into());
    }
    turn.ask(orders::LinkPayment { id, link }).await
}
