//! Payments through Stripe: a stand-in speaks its wire protocol.

mod books;
mod contracts;
mod faults;
mod kill;
mod races;
mod webhooks;
mod wire;
