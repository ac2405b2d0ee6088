//! The owner of payments. What a payment's state is, the gateway says; what its amount is, our
//! own rows say (design law 8).

mod actor;
mod commands;
mod queries;
mod rows;

pub use actor::{PaymentOwner, PaymentsMessage};
pub use queries::{by_intent, of_order, payment, refunds_due, to_close};
pub use rows::{Intent, Payment};

pub(crate) use queries::check;
pub(crate) use rows::TABLES;
