//! 12 and 13: initiate a payment, finalize it. A remote gateway is called between turns; its answer
//! is recorded in one turn.

use super::refusals::{Problem, bad_request};
use super::wire::PaymentBody;
use crate::app::{App, Repeat};
use crate::edge::form::{Reference, form, money, reference};
use crate::edge::{Answer, Call, Errors, Form, standard};
use souk_actors::journeys::ordering;
use souk_actors::journeys::paying::{self, Settled};
use souk_actors::orders::{self, Order};
use souk_actors::payments::{self, Payment};
use souk_domain::{Currency, Money, OrderId, OrderStatus, PaymentId, PaymentStatus, Refusal};
use std::sync::Arc;

form! {
    /// The order to pay, and the amount.
    pub(super) struct NewPayment(currency: Currency) {
        order: Reference<OrderId> = required(reference(OrderId::new)),
        amount: Money = required(money(currency)),
    }
}

pub(super) async fn initiate(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let currency = app.shop.settings.currency;
    let mut form = Form::parse(&call.request)?;
    let fields = NewPayment::read(&mut form, currency);
    let NewPayment { order, amount } = form.finish(fields)?;
    let id = order.id.ok_or_else(standard::not_found)?;
    let order = app.visible_order(&visitor, id)?.ok_or_else(standard::not_found)?;
    paying::require_payable(&order)?;
    if amount != order.total {
        let sentence = format!("The order costs {}.", currency.format(order.total));
        return Err(Errors::of("amount", sentence).into());
    }
    if paying::costs_nothing(&order) {
        return initiate_free_order(app, call, id, order).await;
    }
    let opening = paying::open(&app.shop, id).await?;
    // If finalize cannot charge, the customer must confirm the payment.
    let needs_card = app.shop.gateway.pays_without_card().is_none();
    let linked = app.commit(&call, move |turn| async move {
        let opened = paying::link_opening_to_finalize(&turn, opening).await?;
        let (payment, amount, status) = (opened.payment, opened.order.total, opened.status);
        let body = PaymentBody::new(payment, id, amount, status, currency);
        let client_secret = needs_card.then_some(opened.intent.client_secret);
        Ok(Answer::created(&body.with_client_secret(client_secret)))
    });
    Ok(linked.await?)
}

/// An order that costs nothing is paid at once; `finalize` then reports the same.
async fn initiate_free_order(
    app: Arc<App>,
    call: Call,
    id: OrderId,
    order: Order,
) -> Result<Answer, Problem> {
    let contact = ordering::contact(&app.shop.store.snapshot(), order.customer)?;
    let (currency, needs_card) =
        (app.shop.settings.currency, app.shop.gateway.pays_without_card().is_none());
    let paid = app.commit(&call, move |turn| async move {
        let paid = paying::pay_nothing(&turn, id, contact).await?;
        let client_secret = needs_card.then_some(paid.intent.client_secret);
        let (amount, status) = (Money::ZERO, PaymentStatus::Succeeded);
        let body = PaymentBody::new(paid.payment, id, amount, status, currency);
        Ok(Answer::created(&body.with_client_secret(client_secret)))
    });
    Ok(paid.await?)
}

/// Anybody may send this, because the gateway decides what happened, not the caller.
pub(super) async fn finalize(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let id = call.id("payment_id", PaymentId::parse)?;
    let snapshot = app.shop.store.snapshot();
    let payment = payments::payment(&*snapshot, id)?.ok_or_else(standard::not_found)?;
    let order = orders::order(&*snapshot, payment.order)?.ok_or_else(standard::not_found)?;
    drop(snapshot);
    if order.status == OrderStatus::Cancelled {
        return Err(bad_request("The order is cancelled.").into());
    }
    if order.payment.as_ref().is_none_or(|link| link.payment != id) {
        return Err(Refusal::PaymentNotStarted.into());
    }
    // This contract cannot send a card. The sandbox charges without one; any other gateway is only
    // asked for the state of the payment. The sandbox does so only for payments that this contract
    // initiated: in the others the customer provides a card.
    let card = app.shop.gateway.pays_without_card().filter(|_| payment.pays_at_finalize);
    let card = card.map(str::to_owned);
    let charging = paying::charge(&app.shop, payment.order, &order, card).await?;
    let Payment { order, amount, .. } = payment;
    let paid = (order, amount, app.shop.settings.currency);
    let settled = app.commit(&call, move |turn| async move {
        let settled = paying::settle_charge(&turn, charging).await?;
        let (order, amount, currency) = paid;
        let status = PaymentStatus::Succeeded;
        let body = PaymentBody::new(id, order, amount, status, currency);
        Ok(settled_answer(settled, &body).repeated(Repeat::ToAnybody))
    });
    Ok(settled.await?)
}

fn settled_answer(settled: Settled, paid: &PaymentBody) -> Answer {
    match settled {
        Settled::Paid(_) => Answer::ok(paid),
        Settled::Declined { reason, .. } => bad_request(&reason),
        Settled::MethodMissing { .. } => bad_request("The payment requires a payment method."),
        Settled::ActionRequired { .. } => {
            bad_request("The payment requires confirmation by the customer.")
        }
        Settled::TooLate => {
            bad_request("The order is cancelled; what was paid for it is refunded.")
        }
        Settled::Superseded => bad_request(
            "The order has changed since this payment was initiated; what was paid is refunded.",
        ),
        Settled::Canceled => bad_request("The payment was canceled."),
    }
}
