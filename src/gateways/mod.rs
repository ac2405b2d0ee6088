//! The payment gateways: Stripe, and what any gateway says by itself. The sandbox is an owner of its own in the shop
//! (`actors/src/sandbox`), because its books lie in the store.

pub(crate) mod messages;
mod stripe;

pub(crate) use self::stripe::{StripeReport, examine_stripe, with_gateway};
