//! The payment gateways: Stripe, and the webhook events of any gateway. The sandbox gateway is an owner
//! (`actors/src/sandbox`), because its books are in the store.

pub(crate) mod messages;
mod stripe;

pub(crate) use self::stripe::{StripeReport, examine_stripe, with_gateway};
