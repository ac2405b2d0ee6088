//! The owner of orders: placed, moved, paid, cancelled, deleted, expired.

mod actor;
mod change;
mod crm;
mod forget;
mod lines;
mod notices;
mod place;
mod queries;
mod recipient;
mod rows;
mod seal;
mod unpaid;
mod write;

pub use actor::{OrderOwner, OrdersMessage};
pub use change::{Cancelled, Deleted, Paid, UpdateOrder, Updated};
pub use crm::{CrmDelivery, CrmTry, crm_due, crm_failed, crm_is_wanted};
pub use forget::{KEPT_FOR, Leaver, recipients_due};
pub use notices::{OrderNotices, digest_is_due};
pub use place::PlaceOrder;
pub use queries::{due, ids, ids_of_customer, order, summary, to_forget};
pub use recipient::Recipient;
pub use rows::{CrmSync, Order, OrderSummary, PaymentLink};
pub use seal::{OrderLinks, OrderSeal};
pub use unpaid::{guests_unpaid, unpaid_due};
pub use write::Contact;

pub(crate) use queries::check;
#[cfg(any(test, fuzzing))]
pub(crate) use rows::READERS;
pub(crate) use rows::TABLES;
pub(crate) use unpaid::{is_due_unpaid, list_guests_unpaid};
