//! Parses the gateway's webhook events into what the shop books
//! (<https://docs.stripe.com/api/events/object>).

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use souk_actors::gateway::Decline;
use souk_actors::journeys::paying::{Message, MessageContent};
use souk_actors::payments::{Dispute, DisputeStatus};
use souk_domain::{Claim, Money, PaymentStatus, ReportSource, ReportedAmount};

/// Longest event id that the shop can store.
const EVENT_ID_CHARACTERS_MAX: usize = 255;
/// Characters kept of the bank's reason for a dispute.
const REASON_CHARACTERS_MAX: usize = 200;
/// Metadata key under which the gateway's objects name our payment.
const PAYMENT_ENTRY: &str = "souk_payment";
/// Metadata key under which they name the store that made the payment.
const STORE_ENTRY: &str = "souk_store";

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

/// The relevant fields of the objects that events are about: intents, charges, refunds, disputes,
/// checkout sessions.
///
/// Amounts are read as any JSON value. If one is not a whole number, the shop asks the gateway for
/// the payment. Rejecting the message would not help: the gateway would resend it for days.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Object {
    id: Option<String>,
    amount: Value,
    amount_captured: Value,
    amount_received: Value,
    amount_refunded: Value,
    amount_total: Value,
    currency: Option<String>,
    metadata: Option<serde_json::Map<String, Value>>,
    payment_intent: Option<String>,
    reason: Option<String>,
    status: Option<String>,
    last_payment_error: Option<PaymentError>,
}

impl Object {
    /// The metadata value that the shop stored under this key when it made the object.
    fn entry(&self, name: &str) -> Option<String> {
        self.metadata.as_ref().and_then(|entries| entries.get(name)).map(text)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PaymentError {
    message: Option<String>,
    charge: Option<String>,
}

/// A gateway's event as the shop uses it.
pub(crate) struct GatewayEvent {
    /// The gateway's id of the event.
    pub(crate) id: String,
    /// The event's type, in the gateway's word.
    pub(crate) kind: String,
    /// The payment that the event is about, if its metadata names one.
    pub(crate) about: Option<PaymentReference>,
    /// What to book; `None` if the event concerns nothing of the shop's.
    pub(crate) message: Option<Message>,
}

/// The shop's payment and the gateway's object that an event is about.
pub(crate) struct PaymentReference {
    /// The store that made the payment.
    pub(crate) store: String,
    /// The payment.
    pub(crate) payment: String,
    /// The gateway's id of the object.
    pub(crate) object: String,
}

/// The body of a message is not an event.
#[derive(Debug)]
pub(crate) struct NotAnEvent;

/// Reads the body of a message.
///
/// # Errors
/// [`NotAnEvent`], also if the event's id is too long to store.
pub(crate) fn read(body: &[u8]) -> Result<GatewayEvent, NotAnEvent> {
    let event: Event = serde_json::from_slice(body).map_err(|_| NotAnEvent)?;
    let Event { id, r#type: kind, data } = event;
    if id.chars().count() > EVENT_ID_CHARACTERS_MAX {
        return Err(NotAnEvent);
    }
    if !is_ours(&kind) {
        return Ok(GatewayEvent { id, kind, about: None, message: None });
    }
    let object: Object =
        serde_json::from_value(Value::Object(data.object)).map_err(|_| NotAnEvent)?;
    let about = object.entry(STORE_ENTRY).zip(object.entry(PAYMENT_ENTRY));
    let about = about.map(|(store, payment)| PaymentReference {
        store,
        payment,
        object: object.id.clone().unwrap_or_default(),
    });
    let message = message(&kind, object);
    Ok(GatewayEvent { id, kind, about, message })
}

/// Whether the shop handles events of this kind; others are accepted without parsing their object.
fn is_ours(kind: &str) -> bool {
    ["payment_intent.", "checkout.session.", "charge.", "refund."]
        .iter()
        .any(|prefix| kind.starts_with(prefix))
}

/// What an event books; `None` if it does not concern the shop.
fn message(kind: &str, object: Object) -> Option<Message> {
    let claim = Claim {
        by: ReportSource::Message,
        payment: object.entry(PAYMENT_ENTRY),
        currency: object.currency.clone(),
        ..Claim::default()
    };
    match kind {
        "payment_intent.succeeded" => of_intent(object, PaymentStatus::Succeeded, None, claim),
        "payment_intent.payment_failed" => {
            let error = object.last_payment_error.as_ref();
            let reason = error.and_then(|error| error.message.clone());
            let reason = reason.unwrap_or_else(|| "The payment failed.".to_owned());
            let charge = error.and_then(|error| error.charge.clone());
            let decline = Some(Decline { charge, reason });
            of_intent(object, PaymentStatus::RequiresPaymentMethod, decline, claim)
        }
        "payment_intent.canceled" => of_intent(object, PaymentStatus::Canceled, None, claim),
        "checkout.session.completed"
        | "checkout.session.expired"
        | "checkout.session.async_payment_succeeded"
        | "checkout.session.async_payment_failed" => {
            let asked = amount(&object.amount_total);
            let content = MessageContent::Checkout { checkout: object.id? };
            Some(Message { content, claim: Claim { asked, ..claim } })
        }
        "charge.refunded" => {
            let claim = Claim {
                asked: amount(&object.amount),
                received: amount(&object.amount_captured),
                refunded: present(amount(&object.amount_refunded)),
                ..claim
            };
            Some(Message {
                content: MessageContent::Refunded { intent: object.payment_intent? },
                claim,
            })
        }
        "refund.created" | "refund.failed" | "refund.updated" | "charge.refund.updated" => {
            let has_failed = matches!(object.status.as_deref(), Some("failed" | "canceled"));
            let claim = Claim { refund: amount(&object.amount), ..claim };
            let (intent, refund) = (object.payment_intent?, object.id?);
            let content = match has_failed {
                true => MessageContent::RefundFailed { intent, refund },
                false => MessageContent::RefundChanged { intent },
            };
            Some(Message { content, claim })
        }
        "charge.dispute.created" => dispute(object, Some(DisputeStatus::Open), claim),
        "charge.dispute.closed" => {
            let status = match object.status.as_deref() {
                Some("lost") => Some(DisputeStatus::Lost),
                Some("won" | "warning_closed") => Some(DisputeStatus::Won),
                _ => None,
            };
            dispute(object, status, claim)
        }
        _ => None,
    }
}

fn of_intent(
    object: Object,
    status: PaymentStatus,
    decline: Option<Decline>,
    claim: Claim,
) -> Option<Message> {
    let claim = Claim {
        status: Some(status),
        asked: amount(&object.amount),
        received: amount(&object.amount_received),
        ..claim
    };
    Some(Message { content: MessageContent::Intent { intent: object.id?, status, decline }, claim })
}

fn dispute(object: Object, status: Option<DisputeStatus>, claim: Claim) -> Option<Message> {
    let reason = object.reason.unwrap_or_default().chars().take(REASON_CHARACTERS_MAX).collect();
    let disputed = present(amount(&object.amount));
    let minor_units = match disputed {
        ReportedAmount::Minor(minor_units) => minor_units,
        ReportedAmount::Absent | ReportedAmount::Malformed => 0,
    };
    let amount = Money::from_minor_units(minor_units);
    let dispute = Dispute { id: object.id?, amount, reason, status: status? };
    let content = MessageContent::Disputed { intent: object.payment_intent?, dispute };
    Some(Message { content, claim: Claim { disputed, ..claim } })
}

fn amount(written: &Value) -> ReportedAmount {
    match written {
        Value::Null => ReportedAmount::Absent,
        written => written.as_i64().map_or(ReportedAmount::Malformed, ReportedAmount::Minor),
    }
}

/// An amount that this kind of event must have: a missing one counts as unreadable.
fn present(said: ReportedAmount) -> ReportedAmount {
    if said == ReportedAmount::Absent { ReportedAmount::Malformed } else { said }
}

fn text(entry: &Value) -> String {
    entry.as_str().map_or_else(|| entry.to_string(), str::to_owned)
}
