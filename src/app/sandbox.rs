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
use souk_actors::journeys::paying::{self, News};
use souk_actors::sandbox::{Attempt, GatewayCheckout, GatewayIntent};
use souk_domain::{Currency, PaymentStatus, Refusal};
use std::sync::Arc;

/// The card whose holder presses "Pay".
const PAYING_CARD: &str = "pm_card_visa";
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

/// Where a customer pays.
pub(crate) fn checkout_url(base_url: &str, session: &str) -> String {
    format!("{base_url}/sandbox/checkout/{session}")
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
    match app.shop.gateway.confirm(intent, method, Some(secret)).await {
        Ok(Attempt::Answered(intent)) => {
            app.hear(&intent).await;
            Ok(Answer::ok(&IntentBody::new(intent, currency)))
        }
        Ok(Attempt::Declined { intent, reason }) => {
            let error = ErrorInside {
                r#type: "card_error",
                code: Some("card_declined"),
                message: reason,
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

fn checkout_of(app: &App, call: &Call) -> Result<GatewayCheckout, Answer> {
    let session = call.params.get("session").unwrap_or_default();
    app.shop.gateway.checkout(session).map_err(|failure| match failure {
        Failure::Refused(_) => standard::not_found(),
        failure => could_not(&failure),
    })
}

async fn show_checkout(app: Arc<App>, call: Call) -> Result<Answer, Answer> {
    let checkout = checkout_of(&app, &call)?;
    let currency = app.shop.settings.currency;
    let amount = format!("{} {currency}", currency.format(checkout.intent.amount));
    let content = match checkout.intent.status {
        PaymentStatus::RequiresPaymentMethod | PaymentStatus::RequiresAction => buttons(&checkout),
        status => format!("<p>Nothing is left to pay here: {}.</p>", status.word()),
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
    let GatewayCheckout { intent, pages, .. } = checkout_of(&app, &call)?;
    let secret = Some(intent.client_secret);
    let paid = app.shop.gateway.confirm(intent.id, PAYING_CARD.to_owned(), secret).await;
    let intent = match paid.map_err(|failure| could_not(&failure))? {
        Attempt::Answered(intent) | Attempt::Declined { intent, .. } => intent,
    };
    app.hear(&intent).await;
    let is_paid = intent.status == PaymentStatus::Succeeded;
    Ok(standard::see_other(if is_paid { &pages.success } else { &pages.cancel }))
}

impl App {
    /// What a gateway elsewhere would tell by a webhook, the sandbox tells at once: the money is
    /// there. If that fails, whoever asks the gateway next books it.
    async fn hear(&self, intent: &GatewayIntent) {
        if intent.status != PaymentStatus::Succeeded {
            return;
        }
        let snapshot = self.shop.store.snapshot();
        let booked = match paying::heard(&snapshot, &intent.id, intent.status, None) {
            Ok(Some(news)) => self.book(news).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error.into()),
        };
        if let Err(failure) = booked {
            tracing::warn!(%failure, "a sandbox payment will be booked when somebody asks");
        }
    }

    async fn book(&self, news: News) -> Result<(), Failure> {
        let owners = Arc::clone(&self.shop.owners);
        let cancels_on_failure = self.cancels_on_payment_failed;
        self.shop
            .store
            .transact(move |unit| {
                let (owners, news) = (Arc::clone(&owners), news.clone());
                async move { paying::book_message(&owners, &unit, news, cancels_on_failure).await }
            })
            .await
    }
}

async fn give_up(app: Arc<App>, call: Call) -> Result<Answer, Answer> {
    let GatewayCheckout { intent, pages, .. } = checkout_of(&app, &call)?;
    // Whoever has paid in another window has nothing to give up any more.
    let is_paid = intent.status == PaymentStatus::Succeeded;
    Ok(standard::see_other(if is_paid { &pages.success } else { &pages.cancel }))
}
