//! Removes users who close their account from their orders (contracts README, "Users": orders stay,
//! without the user).
//!
//! A paid order that has not arrived keeps its recipient and address, because it must still be
//! delivered: until it is delivered or cancelled, at most [`KEPT_FOR`].

mod forget_customer;
mod former_customer;
mod kept_recipients;
mod wipe_recipient;

pub use forget_customer::ForgetCustomer;
pub use former_customer::FormerCustomer;
pub use kept_recipients::{KEPT_FOR, recipients_due};
pub use wipe_recipient::WipeRecipient;

pub(super) use kept_recipients::{check, unlist, wipe_if_done};
