//! 22 and 23: paying an order. A remote gateway is called between turns; its answer is recorded in
//! one turn.

use super::orders::{customer_email, reachable_order};
use super::refusals::{Problem, error};
use super::wire::OrderBody;
use crate::app::App;
use crate::edge::form::{Field, text};
use crate::edge::values::{ClientSecret, IntentId};
use crate::edge::{Answer, Call, Form};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use souk_actors::journeys::ordering;
use souk_actors::journeys::paying::{self, Settled};
use souk_actors::orders::{Contact, Order};
use souk_actors::payments::Intent;
use souk_domain::{Currency, OrderId};
use std::sync::Arc;

pub(super) const CONFIRMED: &str = "Payment confirmed successfully";
const METHOD_CHARACTERS_MAX: usize = 255;

/// What a browser needs to pay.
#[derive(JsonSchema, Serialize)]
pub(super) struct IntentBody {
    #[schemars(with = "ClientSecret")]
    client_secret: String,
    #[schemars(with = "IntentId")]
    payment_intent_id: String,
}

pub(super) async fn create(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let (id, order) = reachable_order(&app, &call, &visitor)?;
    paying::require_payable(&order)?;
    if paying::costs_nothing(&order) {
        return complete_free_order(app, call, id, order).await;
    }
    let opening = paying::open(&app.shop, id).await?;
    let linked = app.commit(&call, move |turn| async move {
        let opened = paying::link_opening(&turn, opening).await?;
        Ok(Answer::ok(&IntentBody::from(opened.intent)))
    });
    Ok(linked.await?)
}

impl From<Intent> for IntentBody {
    fn from(intent: Intent) -> Self {
        Self { client_secret: intent.client_secret, payment_intent_id: intent.id }
    }
}

/// An order that costs nothing is paid at once.
async fn complete_free_order(
    app: Arc<App>,
    call: Call,
    id: OrderId,
    order: Order,
) -> Result<Answer, Problem> {
    let contact = ordering::contact(&app.shop.store.snapshot(), order.customer)?;
    let paid = app.commit(&call, move |turn| async move {
        let paid = paying::pay_nothing(&turn, id, contact).await?;
        Ok(Answer::ok(&IntentBody::from(paid.intent)))
    });
    Ok(paid.await?)
}

/// A paid order.
#[derive(JsonSchema, Serialize)]
pub(super) struct ConfirmedBody {
    message: &'static str,
    order: OrderBody,
}

#[derive(Serialize)]
struct UnpaidBody {
    error: String,
    client_secret: String,
}

pub(super) async fn confirm(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let (id, order) = reachable_order(&app, &call, &visitor)?;
    let mut form = Form::parse(&call.request)?;
    let method = method_field(&mut form);
    let method = form.finish(method)?;
    let contact = ordering::contact(&app.shop.store.snapshot(), order.customer)?;
    let email = customer_email(contact.as_ref(), &order);
    if paying::costs_nothing(&order) {
        return confirm_free_order(app, call, id, contact, email).await;
    }
    let charging = paying::charge(&app.shop, id, &order, method).await?;
    let currency = app.shop.settings.currency;
    let settled = app.commit(&call, move |turn| async move {
        let settled = paying::settle_charge(&turn, charging).await?;
        Ok(settled_answer(settled, email, currency))
    });
    Ok(settled.await?)
}

/// An order that costs nothing needs no gateway and no earlier payment.
async fn confirm_free_order(
    app: Arc<App>,
    call: Call,
    id: OrderId,
    contact: Option<Contact>,
    email: Option<String>,
) -> Result<Answer, Problem> {
    let currency = app.shop.settings.currency;
    let paid = app.commit(&call, move |turn| async move {
        let paid = paying::pay_nothing(&turn, id, contact).await?;
        Ok(settled_answer(Settled::Paid(Box::new(paid.view)), email, currency))
    });
    Ok(paid.await?)
}

/// The payment method, unless the customer's browser has sent it to the gateway.
pub(super) fn method_field(form: &mut Form<'_>) -> Field<Option<String>> {
    form.nullable("payment_method", text(METHOD_CHARACTERS_MAX).example("pm_card_visa"))
}

/// The error if the gateway has nothing to charge.
pub(super) fn method_missing(client_secret: String) -> Answer {
    unpaid("Payment requires a payment method".to_owned(), client_secret)
}

fn unpaid(error: String, client_secret: String) -> Answer {
    Answer::json(StatusCode::BAD_REQUEST, &UnpaidBody { error, client_secret })
}

fn settled_answer(settled: Settled, email: Option<String>, currency: Currency) -> Answer {
    match settled {
        Settled::Paid(order) => {
            let order = OrderBody::new(&order, email, currency);
            Answer::ok(&ConfirmedBody { message: CONFIRMED, order })
        }
        Settled::MethodMissing { client_secret } => method_missing(client_secret),
        Settled::ActionRequired { client_secret } => {
            unpaid("Payment requires confirmation by the customer".to_owned(), client_secret)
        }
        Settled::Declined { reason, client_secret } => unpaid(reason, client_secret),
        Settled::TooLate => error(
            StatusCode::BAD_REQUEST,
            "The order is cancelled; what was paid for it is refunded",
        ),
        Settled::Superseded => error(
            StatusCode::BAD_REQUEST,
            "The order has changed since this payment was started; what was paid is refunded",
        ),
        Settled::Canceled => error(StatusCode::BAD_REQUEST, "The payment was canceled"),
    }
}
