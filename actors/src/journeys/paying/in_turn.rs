//! Paying at the sandbox within the shop's own turn.
//!
//! A remote gateway is called between turns, so each step of a payment takes two: one that records
//! the call, and one that books the answer. The sandbox keeps its books in the same store. Its
//! change and the shop's are made in one turn, so they become durable together or not at all, and
//! no crash leaves a step in doubt. Everything else goes the way of a remote gateway.

use super::starting::{self, link, prepare};
use super::{News, Outcome, Settled, Step, asking, key_in, settle};
use crate::Failure;
use crate::gateway::Charge;
use crate::journeys::ordering;
use crate::orders::{self, Contact, Order};
use crate::outbox::{Identity, Numbered};
use crate::owner::Turn;
use crate::payments::{self, Intent, PaymentFlow};
use crate::sandbox::{ConfirmIntent, CreateIntent, as_gateway_answers};
use crate::shop::Shop;
use souk_domain::{Currency, OrderId, OrderStatus, PaymentId, PaymentStatus, Refusal};

/// The start of an order's payment by an intent, ready to be booked with [`link_opening`].
#[derive(Clone, Debug)]
pub struct Opening {
    order: OrderId,
    made: Made,
}

#[derive(Clone, Debug)]
enum Made {
    /// The gateway has made the intent.
    Before(PaymentId, Intent),
    /// The sandbox makes it in the turn.
    InTurn(Sandbox),
}

/// The intent of an order after [`link_opening`].
#[derive(Clone, Debug)]
pub struct Opened {
    /// The payment.
    pub payment: PaymentId,
    /// Its status.
    pub status: PaymentStatus,
    /// The gateway's intent.
    pub intent: Intent,
    /// The order, with its payment.
    pub order: Order,
}

/// A charge, ready to be booked with [`settle_charge`].
#[derive(Clone, Debug)]
pub struct Charging(Charged);

#[derive(Clone, Debug)]
enum Charged {
    /// The gateway has answered.
    Before(Box<News>),
    /// The sandbox charges in the turn.
    InTurn(ChargeInTurn),
}

#[derive(Clone, Debug)]
struct ChargeInTurn {
    order: OrderId,
    /// The payment that the customer means.
    payment: PaymentId,
    method: String,
    contact: Option<Contact>,
    sandbox: Sandbox,
}

/// What calls to the sandbox need within a turn.
#[derive(Clone, Debug)]
struct Sandbox {
    identity: Identity,
    currency: Currency,
}

impl Sandbox {
    /// `None` if the gateway is another one.
    fn of(shop: &Shop) -> Result<Option<Self>, Failure> {
        if shop.sandbox.is_none() {
            return Ok(None);
        }
        let currency = shop.settings.currency;
        Ok(Some(Self { identity: shop.outbox.identity()?, currency }))
    }
}

/// Ensures that the order has an intent at the gateway, like [`prepare`], or leaves that to the
/// turn of [`link_opening`].
///
/// # Errors
/// As [`prepare`].
pub async fn open(shop: &Shop, order: OrderId) -> Result<Opening, Failure> {
    let made = match Sandbox::of(shop)? {
        Some(sandbox) if !has_another_to_close(shop, order)? => Made::InTurn(sandbox),
        _ => {
            let (payment, intent) = prepare(shop, order).await?;
            Made::Before(payment, intent)
        }
    };
    Ok(Opening { order, made })
}

/// True if an open payment by the other method or over another amount must be closed first.
fn has_another_to_close(shop: &Shop, order: OrderId) -> Result<bool, Failure> {
    let snapshot = shop.store.snapshot();
    let Some((_, payment)) = payments::of_order(&*snapshot, order)? else { return Ok(false) };
    let owed = orders::order(&*snapshot, order)?.map(|order| order.total);
    let fits = owed.is_some_and(|owed| payment.fits(owed, &PaymentFlow::Intent));
    Ok(payment.status.is_open() && !fits)
}

/// Books the gateway's intent on the payment and on the order.
///
/// # Errors
/// As [`link`]; also rejects an order that is not pending.
pub async fn link_opening(turn: &Turn, opening: Opening) -> Result<Opened, Failure> {
    let Opening { order: id, made } = opening;
    let (payment, intent) = match made {
        Made::Before(payment, intent) => (payment, intent),
        Made::InTurn(sandbox) => make_intent(turn, id, &sandbox).await?,
    };
    let order = link(turn, id, payment, intent.clone()).await?;
    let status = payments::require_payment(turn.unit(), payment)?.payment.status;
    Ok(Opened { payment, status, intent, order })
}

/// Like [`link_opening`], for the classic contract: `finalize` may pay without a card afterwards.
///
/// # Errors
/// As [`link_opening`].
pub async fn link_opening_to_finalize(turn: &Turn, opening: Opening) -> Result<Opened, Failure> {
    let opened = link_opening(turn, opening).await?;
    turn.ask(payments::PayAtFinalize { id: opened.payment }).await?;
    Ok(opened)
}

/// Begins the payment and makes its intent.
async fn make_intent(
    turn: &Turn,
    order: OrderId,
    sandbox: &Sandbox,
) -> Result<(PaymentId, Intent), Failure> {
    let order_number = orders::require_order(turn.unit(), order)?.number;
    let (id, payment) = starting::begin(turn, order, PaymentFlow::Intent).await?;
    if let Some(intent) = payment.intent {
        return Ok((id, intent));
    }
    // `link` would refuse it too, but after the intent was made.
    if payments::require_payment(turn.unit(), id)?.is_closing {
        return Err(Refusal::PaymentNotStarted.into());
    }
    let charge = Charge {
        store_id: sandbox.identity.of_number(Numbered::Payment, id.get()),
        order,
        order_number,
        payment: id,
        amount: payment.amount,
        currency: sandbox.currency,
    };
    let key = key_in(&sandbox.identity, id, Step::Create);
    let made = turn.ask(CreateIntent { key, charge }).await.map_err(as_gateway_answers)?;
    Ok((id, Intent { id: made.id, client_secret: made.client_secret }))
}

/// Tries to charge `method`, or retrieves the payment's state if there is no method, like
/// [`asking::ask_gateway`]; or leaves the charge to the turn of [`settle_charge`].
///
/// # Errors
/// As [`asking::ask_gateway`].
pub async fn charge(
    shop: &Shop,
    id: OrderId,
    order: &Order,
    method: Option<String>,
) -> Result<Charging, Failure> {
    let charged = match (Sandbox::of(shop)?, method) {
        (Some(sandbox), Some(method)) if may_charge(order) => {
            let payment = order.payment.as_ref().ok_or(Refusal::PaymentNotStarted)?.payment;
            let contact = ordering::contact(&shop.store.snapshot(), order.customer)?;
            Charged::InTurn(ChargeInTurn { order: id, payment, method, contact, sandbox })
        }
        (_, method) => {
            let news = asking::ask_gateway(shop, id, order, method).await?;
            Charged::Before(Box::new(news))
        }
    };
    Ok(Charging(charged))
}

/// True if the order is neither paid nor cancelled.
pub(super) fn may_charge(order: &Order) -> bool {
    !order.is_paid && order.status != OrderStatus::Cancelled
}

/// Books the gateway's answer to a charge, like [`settle`].
///
/// # Errors
/// As [`settle`]; also rejects what [`asking::ask_gateway`] rejects.
pub async fn settle_charge(turn: &Turn, Charging(charged): Charging) -> Result<Settled, Failure> {
    let news = match charged {
        Charged::Before(news) => *news,
        Charged::InTurn(charge) => charge_now(turn, charge).await?,
    };
    settle(turn, news).await
}

/// Charges the payment, unless its order was paid or cancelled in the meantime.
async fn charge_now(turn: &Turn, charge: ChargeInTurn) -> Result<News, Failure> {
    let ChargeInTurn { order: id, payment: payment_id, method, contact, sandbox } = charge;
    let order = orders::require_order(turn.unit(), id)?;
    let payment = payments::require_payment(turn.unit(), payment_id)?.payment;
    let is_its_payment = order.payment.as_ref().is_some_and(|link| link.payment == payment_id);
    if !is_its_payment || payment.order != id {
        return Err(Refusal::PaymentNotStarted.into());
    }
    let owed = payment.amount;
    let news = |outcome| News { order: id, payment: payment_id, owed, outcome, contact };
    if !may_charge(&order) {
        return Ok(news(Outcome::of_books(&payment)));
    }
    // With a checkout, the customer pays on the gateway's page.
    let intent = payment.intent.as_ref().ok_or(Refusal::PaymentNotStarted)?.id.clone();
    let attempt = payment.attempts.saturating_add(1);
    let key = key_in(&sandbox.identity, payment_id, Step::Confirm(attempt));
    // Before the attempt is counted: this may refuse, and a refusal must precede every write.
    let confirm = ConfirmIntent { key, intent, payment_method: method };
    let answer = turn.ask(confirm).await.map_err(as_gateway_answers)?;
    turn.ask(payments::BeginAttempt { id: payment_id }).await?;
    let (intent, decline) = answer.into_parts();
    let outcome = Outcome::of_intent(intent, decline, Some(attempt));
    let books = payment.books(payment_id, Some(sandbox.currency));
    asking::require_fit(payment_id, &books, &outcome.claim)?;
    Ok(news(outcome))
}
