//! Payments through Stripe, with a stand-in that speaks its wire protocol.

mod books;
mod contracts;
mod faults;
mod kill;
mod races;
mod webhooks;
mod wire;
