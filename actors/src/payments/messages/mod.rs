//! The messages received from the gateway, so that each counts once. A gateway repeats a message
//! for days, and an operator can have it sent again for weeks (<https://docs.stripe.com/webhooks>),
//! which is longer than idempotency records are kept.

mod prune;
mod record;

pub use prune::{GATEWAY_MESSAGES_KEPT, prune_gateway_messages};
pub use record::RecordGatewayMessage;
