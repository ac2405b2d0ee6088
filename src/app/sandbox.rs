//! What a browser sees of the sandbox gateway: the URLs that Stripe has elsewhere, and its checkout
//! page. No contract's, and no part of the shop.

use super::{App, could_not};
use crate::edge::form::text;
use crate::edge::{Answer, Call, Form, Route, standard};
use bytes::Bytes;
use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY,
};
use serde::Serialize;
use souk_actors::Failure;
use souk_actors::gateway::{Attempt, CheckoutStatus, GatewayCheckout, GatewayIntent};
use souk_actors::sandbox::{CheckoutPage, SandboxGateway};
use souk_domain::{Currency, PaymentStatus, Refusal};
use std::sync::Arc;

const SECRET_CHARACTERS_MAX: usize = 255;
const METHOD_CHARACTERS_MAX: usize = 255;
/// Fields of a form-encoded body that are looked at.
const FORM_FIELDS_MAX: usize = 64;

/// The routes of the sandbox.
pub(crate) fn routes() -> Vec<Route<App>> {
    vec![
        Route::post("/sandbox/v1/payment_intents/{intent}/confirm", "confirm", confirm),
        Route::get("/sandbox/checkout/{session}", "checkout", show_checkout),
        Route::post("/sandbox/checkout/{session}/pay", "pay", pay),
        Route::post("/sandbox/checkout/{session}/cancel", "give up", give_up),
    ]
}

/// The sandbox, where it is the gateway.
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
                // At Stripe a refund leaves the intent as it is.
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

/// An error as Stripe writes it (<https://docs.stripe.com/api/errors>).
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

/// Where a browser would confirm with Stripe.js (contracts README, "Payments").
async fn confirm(app: Arc<App>, call: Call) -> Result<Answer, Answer> {
    let sandbox = sandbox(&app)?;
    let intent = call.params.get("intent").unwrap_or_default().to_owned();
    let (secret, method) = read_confirmation(&call)?;
    let missing = |param: &'static str| {
        let message = format!("Missing required param: {param}.");
        invalid(StatusCode::BAD_REQUEST, "parameter_missing", param, message)
    };
    let secret = secret.ok_or_else(|| missing("client_secret"))?;
    let method = method.ok_or_else(|| missing("payment_method"))?;
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
        Err(failure) => Err(could_not(&failure)),
    }
}

/// `client_secret` and `payment_method`, as JSON or as Stripe's own clients write them.
fn read_confirmation(call: &Call) -> Result<(Option<String>, Option<String>), Answer> {
    let content_type = call.request.header(CONTENT_TYPE.as_str()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let field = |name: &str, characters_max: usize| {
            url::form_urlencoded::parse(&call.request.body)
                .take(FORM_FIELDS_MAX)
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.chars().take(characters_max).collect::<String>())
        };
        let secret = field("client_secret", SECRET_CHARACTERS_MAX);
        return Ok((secret, field("payment_method", METHOD_CHARACTERS_MAX)));
    }
    let mut form = Form::parse(&call.request)?;
    let secret = form.nullable("client_secret", text(SECRET_CHARACTERS_MAX));
    let method = form.nullable("payment_method", text(METHOD_CHARACTERS_MAX));
    Ok(form.finish((secret, method))?)
}

fn page_of(app: &App, call: &Call) -> Result<CheckoutPage, Answer> {
    let session = call.params.get("session").unwrap_or_default();
    sandbox(app)?.page(session).map_err(unknown_or_failed)
}

fn unknown_or_failed(failure: Failure) -> Answer {
    match failure {
        Failure::Refused(_) => standard::not_found(),
        failure => could_not(&failure),
    }
}

async fn show_checkout(app: Arc<App>, call: Call) -> Result<Answer, Answer> {
    let CheckoutPage { checkout, .. } = page_of(&app, &call)?;
    let currency = app.shop.settings.currency;
    let amount = format!("{} {currency}", currency.format(checkout.amount));
    let content = match (checkout.status, &checkout.intent) {
        (CheckoutStatus::Open, _) => buttons(&checkout),
        (_, Some(intent)) => over(intent.status.word()),
        (CheckoutStatus::Complete | CheckoutStatus::Expired, None) => over("expired"),
    };
    // Nothing in it comes from a customer: an amount, a currency, an id of the gateway's own.
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>SANDBOX checkout</title>\n\
         <style>body {{ font: 1.2em sans-serif; margin: 3em auto; max-width: 24em }}\n\
         strong {{ background: #fd0; padding: .2em .6em }}\n\
         button {{ font: inherit; margin: .5em .5em 0 0; padding: .5em 1.5em }}\n\
         form {{ display: inline }}</style>\n</head>\n<body>\n<p><strong>SANDBOX</strong></p>\n\
         <h1>Pay {amount}</h1>\n<p>This page is for trying out: no real money moves.</p>\n\
         {content}\n</body>\n</html>\n"
    );
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    let policy = HeaderValue::from_static(
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'",
    );
    Ok(Answer::bytes(StatusCode::OK, html, Bytes::from(page))
        .with_header(CONTENT_SECURITY_POLICY, policy)
        .with_header(REFERRER_POLICY, HeaderValue::from_static("no-referrer"))
        .with_header(CACHE_CONTROL, HeaderValue::from_static("no-store")))
}

fn over(word: &str) -> String {
    format!("<p>Nothing is left to pay here: {word}.</p>")
}

fn buttons(checkout: &GatewayCheckout) -> String {
    let button = |what: &str, label: &str| {
        format!(
            "<form method=\"post\" action=\"/sandbox/checkout/{}/{what}\">\
             <button>{label}</button></form>",
            checkout.id
        )
    };
    format!("{}\n{}", button("pay", "Pay"), button("cancel", "Cancel"))
}

async fn pay(app: Arc<App>, call: Call) -> Result<Answer, Answer> {
    let session = call.params.get("session").unwrap_or_default().to_owned();
    let paid = sandbox(&app)?.pay(session).await;
    app.deliver_sandbox_messages_soon().await;
    Ok(way_back(&paid.map_err(unknown_or_failed)?))
}

/// To the page for who has paid, or to the one for who has not.
fn way_back(page: &CheckoutPage) -> Answer {
    let status = page.checkout.intent.as_ref().map(|intent| intent.status);
    let is_paid = matches!(status, Some(PaymentStatus::Succeeded | PaymentStatus::Refunded));
    standard::see_other(if is_paid { &page.pages.success } else { &page.pages.cancel })
}

async fn give_up(app: Arc<App>, call: Call) -> Result<Answer, Answer> {
    // Whoever has paid in another window has nothing to give up any more.
    Ok(way_back(&page_of(&app, &call)?))
}
