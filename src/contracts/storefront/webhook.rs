//! 24: the gateway speaks. A message counts if it is signed, and once.

use super::refusals::{Problem, error};
use crate::app::{App, is_signed};
use crate::edge::values::IntentId;
use crate::edge::{Answer, Call};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use souk_actors::idempotency::{self, Fingerprint, RecordKey, StoredAnswer};
use souk_actors::journeys::paying::{self, News};
use souk_actors::{Failure, clock};
use souk_domain::PaymentStatus;
use std::sync::Arc;

/// Longest event id that is remembered.
const EVENT_ID_CHARACTERS_MAX: usize = 255;

/// A gateway's event, as far as it matters here
/// (<https://docs.stripe.com/api/events/object>).
#[derive(Deserialize, JsonSchema)]
pub(super) struct Event {
    /// Each event counts once.
    #[schemars(length(max = EVENT_ID_CHARACTERS_MAX), example = &"evt_1234567890")]
    id: String,
    /// `payment_intent.succeeded`, `payment_intent.payment_failed` and `payment_intent.canceled`
    /// matter; the rest is only received.
    #[schemars(example = &"payment_intent.succeeded")]
    r#type: String,
    data: EventData,
}

#[derive(Deserialize, JsonSchema)]
struct EventData {
    /// What the event is about.
    object: EventObject,
}

#[derive(Deserialize, JsonSchema)]
struct EventObject {
    #[schemars(with = "Option<IntentId>")]
    id: Option<String>,
    last_payment_error: Option<PaymentError>,
}

#[derive(Deserialize, JsonSchema)]
struct PaymentError {
    #[schemars(example = &"Your card was declined.")]
    message: Option<String>,
}

/// That an event was received.
#[derive(JsonSchema, Serialize)]
pub(super) struct ReceivedBody {
    #[schemars(example = &"success")]
    status: &'static str,
}

fn received() -> Answer {
    Answer::ok(&ReceivedBody { status: "success" })
}

/// What is said to who is not the gateway.
pub(super) fn invalid_signature() -> Answer {
    error(StatusCode::BAD_REQUEST, "Invalid signature")
}

/// What is said of what is no event.
pub(super) fn invalid_payload() -> Answer {
    error(StatusCode::BAD_REQUEST, "Invalid payload")
}

pub(super) async fn receive(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let request = &call.request;
    let signature = request.header("stripe-signature").unwrap_or_default();
    let secrets = &app.webhook_secrets;
    if !is_signed(signature, &request.body, secrets, clock::now().seconds()) {
        return Err(invalid_signature().into());
    }
    let event: Event = match serde_json::from_slice::<Event>(&request.body) {
        Ok(event) if event.id.chars().count() <= EVENT_ID_CHARACTERS_MAX => event,
        Ok(_) | Err(_) => return Err(invalid_payload().into()),
    };
    let Some(news) = news_of(&app, &event)? else { return Ok(received()) };
    let key = RecordKey::of("gateway event", &event.id);
    // The id alone says which message it is; the same one may be written differently.
    let fingerprint = Fingerprint::of("", "", event.id.as_bytes());
    let cancels_on_failure = app.cancels_on_payment_failed;
    let owners = Arc::clone(&app.shop.owners);
    app.shop
        .store
        .transact(move |unit| {
            let (owners, news) = (Arc::clone(&owners), news.clone());
            async move {
                if idempotency::find(&unit, key)?.is_some() {
                    return Ok(());
                }
                paying::book_message(&owners, &unit, news, cancels_on_failure).await?;
                let heard = StoredAnswer {
                    fingerprint,
                    session: None,
                    status: 200,
                    headers: vec![],
                    body: vec![],
                };
                Ok(idempotency::record(&unit, key, &heard)?)
            }
        })
        .await?;
    Ok(received())
}

/// What an event says of one of our payments; `None` for events and intents that are none of our
/// business.
fn news_of(app: &App, event: &Event) -> Result<Option<News>, Failure> {
    let object = &event.data.object;
    let Some(intent) = &object.id else { return Ok(None) };
    let (status, decline) = match event.r#type.as_str() {
        "payment_intent.succeeded" => (PaymentStatus::Succeeded, None),
        "payment_intent.payment_failed" => {
            let message =
                object.last_payment_error.as_ref().and_then(|error| error.message.clone());
            let message = message.unwrap_or_else(|| "The payment failed.".to_owned());
            (PaymentStatus::RequiresPaymentMethod, Some(message))
        }
        "payment_intent.canceled" => (PaymentStatus::Canceled, None),
        _ => return Ok(None),
    };
    Ok(paying::heard(&app.shop.store.snapshot(), intent, status, decline)?)
}
