//! The owner of orders: placed, moved, paid, cancelled, deleted, expired.

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

use crate::owner::{Owner, Slot};
use crate::supervision::Owners;

pub use change::{
    CancelOrder, Cancelled, DeleteOrder, Deleted, LinkPayment, MarkPaid, MarkRefunded,
    NotePaymentFailure, Paid, UpdateOrder, Updated, require_order,
};
pub use crm::{
    CrmDelivery, CrmTry, RecordCrmTry, ReplayCrm, WantCrm, crm_due, crm_failed, crm_is_wanted,
};
pub use forget::{ForgetCustomer, KEPT_FOR, Leaver, WipeRecipient, recipients_due};
pub use lines::{AddOrderUnit, RemoveOrderUnit};
pub use notices::{AnnounceOrders, OrderNotices, digest_is_due};
pub use place::{OrderDraft, PlaceOrder, PricedLine};
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

/// The owner of orders.
#[derive(Debug)]
pub struct Orders {
    /// How the owner of the shop hears of new orders.
    pub notices: OrderNotices,
}

impl Owner for Orders {
    const NAME: &'static str = "orders";

    fn slot(owners: &Owners) -> &Slot<Self> {
        &owners.orders
    }
}
