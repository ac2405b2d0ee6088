//! API5: the gateway's checkout page, and the pages to which it redirects.

use super::callers::OrderCaller;
use super::refusals::Problem;
use crate::app::App;
use crate::edge::form::{ReturnAddress, form, id, return_address};
use crate::edge::values::{CheckoutEnd, WebAddress};
use crate::edge::{Answer, Call, Form, standard};
use schemars::JsonSchema;
use serde::Serialize;
use souk_actors::gateway::CheckoutPages;
use souk_actors::journeys::ordering;
use souk_actors::journeys::paying::{self, Settled};
use souk_actors::orders::Order;
use souk_actors::payments;
use souk_domain::OrderId;
use std::sync::Arc;

/// The page after a payment.
pub(super) const SUCCESS_PATH: &str = "/api/v1/payments/success/";
/// The page after a cancelled payment.
pub(super) const CANCEL_PATH: &str = "/api/v1/payments/cancel/";
/// The gateway replaces this by the id of its session.
const SESSION_QUERY: &str = "?session_id={CHECKOUT_SESSION_ID}";
/// A placeholder for the session's id in the pages' addresses.
const SESSION_ID: &str = "{CHECKOUT_SESSION_ID}";

/// The address of the checkout page.
#[derive(JsonSchema, Serialize)]
pub(super) struct CheckoutBody {
    #[schemars(with = "WebAddress")]
    checkout_url: String,
}

/// The outcome: `success` or `canceled`.
#[derive(JsonSchema, Serialize)]
pub(super) struct StatusBody {
    #[schemars(with = "CheckoutEnd")]
    status: &'static str,
}

const SUCCESS: StatusBody = StatusBody { status: "success" };
const CANCELED: StatusBody = StatusBody { status: "canceled" };

form! {
    /// The order to pay, and the pages to return to, if the request names them.
    pub(super) struct NewCheckout {
        order_id: Option<OrderId> = required(id(OrderId::new)),
        success_url: Option<ReturnAddress> = nullable(return_address()),
        cancel_url: Option<ReturnAddress> = nullable(return_address()),
    }
}

pub(super) async fn create_checkout(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let caller = OrderCaller::of(&app, &call, &mut form)?;
    if caller.is_service() {
        return Err(standard::forbidden().into());
    }
    let fields = NewCheckout::read(&mut form);
    app.note_foreign_return(&mut form, "success_url", &fields.success_url);
    app.note_foreign_return(&mut form, "cancel_url", &fields.cancel_url);
    let NewCheckout { order_id, success_url, cancel_url } = form.finish(fields)?;
    let id = order_id.ok_or_else(standard::not_found)?;
    let order = caller.own_order(&app, id)?;
    paying::require_payable(&order)?;
    let names_pages = success_url.is_some() || cancel_url.is_some();
    let pages = checkout_pages(&app, &call, success_url.as_ref(), cancel_url.as_ref());
    if paying::costs_nothing(&order) {
        return complete_free_order(app, call, id, (order, pages)).await;
    }
    let (payment, checkout) = match names_pages {
        true => paying::prepare_checkout_leading_to(&app.shop, id, pages).await?,
        false => paying::prepare_checkout(&app.shop, id, pages).await?,
    };
    let linked = app.commit(&call, move |turn| async move {
        paying::link_checkout(&turn, id, payment, checkout.id).await?;
        Ok(Answer::ok(&CheckoutBody { checkout_url: checkout.url }))
    });
    Ok(linked.await?)
}

/// An order that costs nothing is paid at once. The answer leads to the page after a payment.
async fn complete_free_order(
    app: Arc<App>,
    call: Call,
    id: OrderId,
    (order, pages): (Order, CheckoutPages),
) -> Result<Answer, Problem> {
    let contact = ordering::contact(&app.shop.store.snapshot(), order.customer)?;
    let paid = app.commit(&call, move |turn| async move {
        let success = pages.success;
        let paid = paying::pay_nothing(&turn, id, contact).await?;
        let checkout_url = success.replace(SESSION_ID, &paid.intent.id);
        Ok(Answer::ok(&CheckoutBody { checkout_url }))
    });
    Ok(paid.await?)
}

/// The addresses to which the gateway redirects: those of the request, otherwise those of the
/// settings, otherwise the pages of this contract.
fn checkout_pages(
    app: &App,
    call: &Call,
    success: Option<&ReturnAddress>,
    cancel: Option<&ReturnAddress>,
) -> CheckoutPages {
    let base_url = call.request.base_url(app.public_url.as_deref());
    let (configured_success, configured_cancel) = app.return_settings();
    let page = |address: Option<&ReturnAddress>, own: &str| match address {
        Some(address) => address.as_str().to_owned(),
        None => format!("{base_url}{own}{SESSION_QUERY}"),
    };
    CheckoutPages {
        success: page(success.or(configured_success), SUCCESS_PATH),
        cancel: page(cancel.or(configured_cancel), CANCEL_PATH),
        shop: base_url.clone(),
    }
}

/// The page after a payment. A visit to it proves nothing, so the gateway is asked for the state of
/// the payment.
pub(super) async fn success(app: Arc<App>, call: Call) -> Answer {
    let answer = outcome(&app, &call).await;
    app.page_or_answer(&call, answer)
}

async fn outcome(app: &Arc<App>, call: &Call) -> Result<Answer, Problem> {
    let session = call.request.query("session_id").ok_or_else(standard::not_found)?;
    let snapshot = app.shop.store.snapshot();
    let known = match session.starts_with(payments::FREE_PREFIX) {
        true => payments::by_intent(&*snapshot, session)?,
        false => payments::by_checkout(&*snapshot, session)?,
    };
    drop(snapshot);
    let (id, payment) = known.ok_or_else(standard::not_found)?;
    let news = paying::ask_about(&app.shop, id, &payment).await?;
    let settled = app.commit(call, move |turn| async move {
        let status = match paying::settle(&turn, news).await? {
            Settled::Paid(_) => SUCCESS,
            Settled::TooLate
            | Settled::Superseded
            | Settled::MethodMissing { .. }
            | Settled::ActionRequired { .. }
            | Settled::Declined { .. }
            | Settled::Canceled => CANCELED,
        };
        Ok(Answer::ok(&status))
    });
    Ok(settled.await?)
}

/// The page after a cancelled payment. It changes nothing; the order can still be paid.
pub(super) async fn cancel(app: Arc<App>, call: Call) -> Answer {
    // A browser gets a description of the order, so the gateway is asked for the latest state.
    let has_session = call.request.query("session_id").is_some();
    let answer = match has_session && call.request.prefers_html() {
        true => outcome(&app, &call).await,
        false => Ok(Answer::ok(&CANCELED)),
    };
    app.page_or_answer(&call, answer)
}
