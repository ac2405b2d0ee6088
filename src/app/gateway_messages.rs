//! What a gateway says by itself: a signed event, read and handed to the journey that books it
//! (<https://docs.stripe.com/api/events/object>).

use super::App;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use souk_actors::gateway::Decline;
use souk_actors::journeys::paying::{self, Told};
use souk_actors::outbox::Numbered;
use souk_actors::payments::{self, Dispute, DisputeStatus};
use souk_actors::{Failure, clock};
use souk_domain::{Currency, Money, PaymentId, PaymentStatus};

/// Longest event id that is remembered.
const EVENT_ID_CHARACTERS_MAX: usize = 255;
/// Characters of a bank's word for a dispute that are kept.
const REASON_CHARACTERS_MAX: usize = 200;

/// Why a message was not taken.
#[derive(Debug)]
pub(crate) enum UnheardMessage {
    /// None of our secrets signed it, or not lately.
    BadSignature,
    /// It is no event.
    NoEvent,
    /// It is to be sent again.
    Failed(Failure),
}

impl From<Failure> for UnheardMessage {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A gateway's event, as far as every event is alike.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Event {
    /// Each event counts once.
    #[schemars(length(max = EVENT_ID_CHARACTERS_MAX), example = &"evt_1234567890")]
    id: String,
    /// `payment_intent.…`, `checkout.session.…`, `charge.…` and `refund.…` matter; the rest is only
    /// received.
    #[schemars(example = &"payment_intent.succeeded")]
    r#type: String,
    data: EventData,
}

#[derive(Deserialize, JsonSchema)]
struct EventData {
    /// What the event is about.
    object: serde_json::Map<String, Value>,
}

/// The fields that matter of the objects that events are about: intents, charges, refunds,
/// disputes, checkout sessions.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Object {
    id: Option<String>,
    amount: Option<i64>,
    amount_received: Option<i64>,
    amount_refunded: Option<i64>,
    currency: Option<String>,
    payment_intent: Option<String>,
    reason: Option<String>,
    status: Option<String>,
    last_payment_error: Option<PaymentError>,
    metadata: Option<Metadata>,
}

/// What the shop noted on the object when it was made there.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    souk_store: Option<String>,
    souk_payment: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PaymentError {
    message: Option<String>,
    charge: Option<String>,
}

impl App {
    /// Takes a message of the gateway, whose signature must be good. What is unknown or about
    /// nothing of ours is taken and ignored.
    ///
    /// # Errors
    /// [`UnheardMessage`].
    pub(crate) async fn hear_gateway(
        &self,
        signature: &str,
        body: &[u8],
    ) -> Result<(), UnheardMessage> {
        let now = clock::now().seconds();
        if !souk_stripe::is_signed(signature, body, &self.webhook_secrets, now) {
            return Err(UnheardMessage::BadSignature);
        }
        let event: Event = serde_json::from_slice(body).map_err(|_| UnheardMessage::NoEvent)?;
        if event.id.chars().count() > EVENT_ID_CHARACTERS_MAX {
            return Err(UnheardMessage::NoEvent);
        }
        let currency = self.shop.settings.currency;
        let object = Value::Object(event.data.object);
        let told = match is_ours(&event.r#type) {
            true => {
                let object: Object =
                    serde_json::from_value(object).map_err(|_| UnheardMessage::NoEvent)?;
                self.notice_other_life(&object)?;
                told(&event.r#type, object, currency)
            }
            false => None,
        };
        let Some(told) = told else {
            tracing::debug!(event = event.id, kind = event.r#type, "a message about nothing here");
            return Ok(());
        };
        let cancels_on_failure = self.cancels_on_payment_failed;
        Ok(paying::hear(&self.shop, event.id, told, cancels_on_failure).await?)
    }
}

impl App {
    /// A payment that bears the name of this store, and that the store has not begun, was begun
    /// before the store was put back to an earlier state. Nothing here is booked for it.
    fn notice_other_life(&self, object: &Object) -> Result<(), Failure> {
        let Some(Metadata { souk_store: Some(store), souk_payment: Some(payment) }) =
            &object.metadata
        else {
            return Ok(());
        };
        let identity = self.shop.outbox.identity()?;
        let Some(id) = PaymentId::parse(payment) else { return Ok(()) };
        let is_known = identity.of_number(Numbered::Payment, id.get()) == *store
            && payments::payment(&*self.shop.store.snapshot(), id)?.is_some();
        if identity.is_of_this_store(store) && !is_known {
            let object = object.id.as_deref().unwrap_or_default();
            tracing::error!(
                object,
                payment,
                store,
                "the gateway is ahead of the store: it has a payment from another life of this \
                 shop, which a restored store does not know; look at it there"
            );
        }
        Ok(())
    }
}

/// Of other kinds of events not even the shape is known.
fn is_ours(kind: &str) -> bool {
    ["payment_intent.", "checkout.session.", "charge.", "refund."]
        .iter()
        .any(|prefix| kind.starts_with(prefix))
}

/// What an event says; `None` for what is none of our business.
fn told(kind: &str, object: Object, currency: Currency) -> Option<Told> {
    let is_our_currency =
        object.currency.as_ref().is_none_or(|code| code.eq_ignore_ascii_case(currency.code()));
    match kind {
        "payment_intent.succeeded" => {
            // Money of another currency is not what is owed, however much it is.
            let said = object.amount_received.or(object.amount);
            let said = if is_our_currency { said } else { Some(-1) };
            let received = said.map(Money::from_minor_units);
            of_intent(object.id?, PaymentStatus::Succeeded, received, None)
        }
        "payment_intent.payment_failed" => {
            let error = object.last_payment_error.unwrap_or_default();
            let reason = error.message.unwrap_or_else(|| "The payment failed.".to_owned());
            let decline = Decline { charge: error.charge, reason };
            of_intent(object.id?, PaymentStatus::RequiresPaymentMethod, None, Some(decline))
        }
        "payment_intent.canceled" => of_intent(object.id?, PaymentStatus::Canceled, None, None),
        "checkout.session.completed"
        | "checkout.session.expired"
        | "checkout.session.async_payment_succeeded"
        | "checkout.session.async_payment_failed" => Some(Told::Checkout { checkout: object.id? }),
        "charge.refunded" if is_our_currency => Some(Told::Refunded {
            intent: object.payment_intent?,
            refunded: Money::from_minor_units(object.amount_refunded?),
        }),
        "refund.failed" | "refund.updated" | "charge.refund.updated" => {
            let has_failed = matches!(object.status.as_deref(), Some("failed" | "canceled"));
            let (intent, refund) = (object.payment_intent?, object.id?);
            has_failed.then_some(Told::RefundFailed { intent, refund })
        }
        "charge.dispute.created" => dispute(object, Some(DisputeStatus::Open)),
        "charge.dispute.closed" => {
            let status = match object.status.as_deref() {
                Some("lost") => Some(DisputeStatus::Lost),
                Some("won" | "warning_closed") => Some(DisputeStatus::Won),
                _ => None,
            };
            dispute(object, status)
        }
        _ => None,
    }
}

fn of_intent(
    intent: String,
    status: PaymentStatus,
    received: Option<Money>,
    decline: Option<Decline>,
) -> Option<Told> {
    Some(Told::Intent { intent, status, received, decline })
}

fn dispute(object: Object, status: Option<DisputeStatus>) -> Option<Told> {
    let reason = object.reason.unwrap_or_default().chars().take(REASON_CHARACTERS_MAX).collect();
    let dispute = Dispute {
        id: object.id?,
        amount: Money::from_minor_units(object.amount.unwrap_or(0).max(0)),
        reason,
        status: status?,
    };
    Some(Told::Disputed { intent: object.payment_intent?, dispute })
}
