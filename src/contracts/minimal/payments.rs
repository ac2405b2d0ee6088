//! Process Payment: starts a payment and charges the named payment method at once. A remote
//! gateway is called between turns; its answer is recorded in one turn.

use super::refusals::{Problem, bad_request};
use super::wire::PaymentBody;
use crate::app::App;
use crate::edge::form::{form, id, text};
use crate::edge::{Answer, Call, Errors, Form, standard};
use souk_actors::journeys::ordering;
use souk_actors::journeys::paying::{self, Settled};
use souk_actors::orders::Order;
use souk_domain::{OrderId, PaymentId, PaymentStatus, Refusal};
use std::sync::Arc;

const METHOD_CHARACTERS_MAX: usize = 255;

form! {
    /// The order to pay, and the payment method.
    pub(super) struct NewPayment {
        order_id: Option<OrderId> = required(id(OrderId::new)),
        payment_method: String = required(text(METHOD_CHARACTERS_MAX)),
    }
}

pub(super) async fn process(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let mut form = Form::parse(&call.request)?;
    let fields = NewPayment::read(&mut form);
    let NewPayment { order_id, payment_method } = form.finish(fields)?;
    let id = order_id.ok_or_else(standard::not_found)?;
    let order = app.visible_order(&visitor, id)?.ok_or_else(standard::not_found)?;
    paying::require_payable(&order)?;
    if paying::costs_nothing(&order) {
        return process_free_order(app, call, id, order).await;
    }
    let order = paying::start(&app.shop, id).await?;
    let payment = order.payment.as_ref().ok_or(Refusal::PaymentNotStarted)?.payment;
    let charging = paying::charge(&app.shop, id, &order, Some(payment_method)).await?;
    let settled = app.commit(&call, move |turn| async move {
        let settled = paying::settle_charge(&turn, charging).await?;
        Ok(settled_answer(settled, payment))
    });
    Ok(settled.await?)
}

/// An order that costs nothing needs no payment method.
async fn process_free_order(
    app: Arc<App>,
    call: Call,
    id: OrderId,
    order: Order,
) -> Result<Answer, Problem> {
    let contact = ordering::contact(&app.shop.store.snapshot(), order.customer)?;
    let paid = app.commit(&call, move |turn| async move {
        let paid = paying::pay_nothing(&turn, id, contact).await?;
        Ok(Answer::created(&PaymentBody::new(paid.payment, PaymentStatus::Succeeded)))
    });
    Ok(paid.await?)
}

fn settled_answer(settled: Settled, payment: PaymentId) -> Answer {
    let answer = |status| Answer::created(&PaymentBody::new(payment, status));
    match settled {
        Settled::Paid(_) => answer(PaymentStatus::Succeeded),
        Settled::ActionRequired { .. } => answer(PaymentStatus::RequiresAction),
        Settled::Declined { reason, .. } => Errors::of("payment_method", reason).into(),
        Settled::MethodMissing { .. } => {
            Errors::of("payment_method", "The payment requires a payment method.").into()
        }
        Settled::TooLate => {
            bad_request("The order is cancelled; what was paid for it is refunded.")
        }
        Settled::Superseded => {
            bad_request("The order has changed meanwhile; what was paid is refunded.")
        }
        Settled::Canceled => bad_request("The payment was canceled."),
    }
}
