//! The sandbox gateway as a browser sees it: the URLs that belong to Stripe otherwise, and its
//! checkout page. It is part of no contract and not of the shop.

use crate::app::{App, failure_answer};
use crate::edge::form::{ReturnAddress, form, text};
use crate::edge::{Answer, Call, Form, PostedForm, Route, standard};
use crate::pages::{self, Page};
use http::StatusCode;
use http::header::CONTENT_SECURITY_POLICY;
use serde::Serialize;
use souk_actors::Failure;
use souk_actors::gateway::{Attempt, CheckoutPages, CheckoutStatus, GatewayIntent};
use souk_actors::sandbox::{CheckoutPage, SandboxGateway};
use souk_domain::{Currency, PaymentStatus, Refusal};
use std::sync::Arc;

const SECRET_CHARACTERS_MAX: usize = 255;
const METHOD_CHARACTERS_MAX: usize = 255;

/// The routes of the sandbox.
pub(super) fn routes() -> Vec<Route<App>> {
    vec![
        Route::post("/sandbox/v1/payment_intents/{intent}/confirm", "confirm", confirm),
        Route::get("/sandbox/checkout/{session}", "checkout", show_checkout),
        Route::post("/sandbox/checkout/{session}/pay", "pay", pay),
        Route::post("/sandbox/checkout/{session}/cancel", "give up", cancel_checkout),
    ]
}

/// The sandbox, if it is the gateway.
fn sandbox(app: &App) -> Result<&SandboxGateway, Answer> {
    app.shop.sandbox.as_ref().ok_or_else(standard::not_found)
}

#[derive(Serialize)]
struct IntentBody {
    id: String,
    object: &'static str,
    status: &'static str,
    client_secret: String,
    amount: i64,
    currency: String,
}

impl IntentBody {
    fn new(intent: GatewayIntent, currency: Currency) -> Self {
        Self {
            id: intent.id,
            object: "payment_intent",
            status: match intent.status {
                // As at Stripe, a refund does not change the intent.
                PaymentStatus::Refunded => PaymentStatus::Succeeded.word(),
                status => status.word(),
            },
            client_secret: intent.client_secret,
            amount: intent.amount.minor_units(),
            currency: currency.code().to_ascii_lowercase(),
        }
    }
}

#[derive(Serialize)]
struct ErrorBody {
    error: ErrorInside,
}

/// An error in Stripe's format (<https://docs.stripe.com/api/errors>).
#[derive(Serialize)]
struct ErrorInside {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_intent: Option<IntentBody>,
}

fn invalid(
    status: StatusCode,
    code: &'static str,
    param: &'static str,
    message: impl Into<String>,
) -> Answer {
    let error = ErrorInside {
        r#type: "invalid_request_error",
        code: Some(code),
        message: message.into(),
        param: Some(param),
        payment_intent: None,
    };
    Answer::json(status, &ErrorBody { error })
}

/// Confirms a payment, as Stripe.js does in a browser (contracts README, "Payments").
async fn confirm(app: Arc<App>, call: Call) -> Result<Answer, Answer> {
    let sandbox = sandbox(&app)?;
    let intent = call.params.get("intent").unwrap_or_default().to_owned();
    let confirmation = read_confirmation(&call)?;
    let missing = |param: &'static str| {
        let message = format!("Missing required param: {param}.");
        invalid(StatusCode::BAD_REQUEST, "parameter_missing", param, message)
    };
    let secret = confirmation.client_secret.ok_or_else(|| missing("client_secret"))?;
    let method = confirmation.payment_method.ok_or_else(|| missing("payment_method"))?;
    let unknown_method = format!("No such PaymentMethod: '{method}'");
    let unknown_intent = format!("No such payment_intent: '{intent}'");
    let currency = app.shop.settings.currency;
    let confirmed = sandbox.confirm_in_browser(intent, secret, method).await;
    app.deliver_sandbox_messages_soon().await;
    match confirmed {
        Ok(Attempt::Answered(intent)) => Ok(Answer::ok(&IntentBody::new(intent, currency))),
        Ok(Attempt::Declined { intent, decline }) => {
            let error = ErrorInside {
                r#type: "card_error",
                code: Some("card_declined"),
                message: decline.reason,
                param: None,
                payment_intent: Some(IntentBody::new(intent, currency)),
            };
            Err(Answer::json(StatusCode::PAYMENT_REQUIRED, &ErrorBody { error }))
        }
        Err(Failure::Refused(Refusal::PaymentMethodUnknown)) => {
            let (status, code) = (StatusCode::BAD_REQUEST, "resource_missing");
            Err(invalid(status, code, "payment_method", unknown_method))
        }
        Err(Failure::Refused(_)) => {
            let (status, code) = (StatusCode::NOT_FOUND, "resource_missing");
            Err(invalid(status, code, "intent", unknown_intent))
        }
        Err(failure) => Err(failure_answer(&failure)),
    }
}

form! {
    /// The fields of a confirmation.
    struct Confirmation {
        client_secret: Option<String> = nullable(text(SECRET_CHARACTERS_MAX)),
        payment_method: Option<String> = nullable(text(METHOD_CHARACTERS_MAX)),
    }
}

/// Reads a confirmation as JSON, or in the format of Stripe's own clients.
fn read_confirmation(call: &Call) -> Result<Confirmation, Answer> {
    if PostedForm::is_in(&call.request) {
        let posted = PostedForm::parse(&call.request)?;
        let field = |name: &str, characters_max: usize| {
            let text: String = posted.text(name).chars().take(characters_max).collect();
            Some(text).filter(|text| !text.is_empty())
        };
        return Ok(Confirmation {
            client_secret: field("client_secret", SECRET_CHARACTERS_MAX),
            payment_method: field("payment_method", METHOD_CHARACTERS_MAX),
        });
    }
    let mut form = Form::parse(&call.request)?;
    let fields = Confirmation::read(&mut form);
    Ok(form.finish(fields)?)
}

fn page_of(app: &App, call: &Call) -> Result<CheckoutPage, Answer> {
    let session = call.params.get("session").unwrap_or_default();
    sandbox(app)?.page(session).map_err(unknown_or_failed)
}

fn unknown_or_failed(failure: Failure) -> Answer {
    match failure {
        Failure::Refused(_) => standard::not_found(),
        failure => failure_answer(&failure),
    }
}

/// The values for the template of the checkout page.
#[derive(Serialize)]
struct CheckoutView<'a> {
    session: &'a str,
    is_open: bool,
    ending: &'static str,
}

async fn show_checkout(app: Arc<App>, call: Call) -> Result<Answer, Answer> {
    let CheckoutPage { checkout, pages: leads_to } = page_of(&app, &call)?;
    let currency = app.shop.settings.currency;
    let title = format!("Pay {} {currency}", currency.format(checkout.amount));
    let view = CheckoutView {
        session: &checkout.id,
        is_open: checkout.status == CheckoutStatus::Open,
        ending: checkout.intent.as_ref().map_or("expired", |intent| intent.status.word()),
    };
    let page = Page { shop_name: &app.shop_name, title: &title, template: "sandbox.html" };
    let policy = pages::policy(&origins_of(&leads_to));
    Ok(page.private(StatusCode::OK, &view).with_header(CONTENT_SECURITY_POLICY, policy))
}

/// The origins to which the page's buttons may redirect.
fn origins_of(pages: &CheckoutPages) -> Vec<String> {
    let addresses = [&pages.success, &pages.cancel];
    let read = addresses.into_iter().filter_map(|text| ReturnAddress::parse(text).ok());
    let mut origins: Vec<String> = read.map(|address| address.origin().to_owned()).collect();
    origins.dedup();
    origins
}

async fn pay(app: Arc<App>, call: Call) -> Result<Answer, Answer> {
    let session = call.params.get("session").unwrap_or_default().to_owned();
    let paid = sandbox(&app)?.pay(session).await;
    app.deliver_sandbox_messages_soon().await;
    Ok(redirect_back(&paid.map_err(unknown_or_failed)?))
}

/// Redirects to the page after a payment, or to the one after a cancelled payment.
fn redirect_back(page: &CheckoutPage) -> Answer {
    let status = page.checkout.intent.as_ref().map(|intent| intent.status);
    let is_paid = matches!(status, Some(PaymentStatus::Succeeded | PaymentStatus::Refunded));
    standard::see_other(if is_paid { &page.pages.success } else { &page.pages.cancel })
}

async fn cancel_checkout(app: Arc<App>, call: Call) -> Result<Answer, Answer> {
    // If the customer has paid in another window, there is nothing to cancel.
    Ok(redirect_back(&page_of(&app, &call)?))
}
