//! The owner of orders: placing, changing, paying, cancelling, deleting, expiring.

mod cancel;
mod contact;
mod crm;
mod delete;
#[cfg(test)]
pub(crate) mod examples;
mod leaving;
mod lists;
mod mail;
mod notices;
mod order;
mod payment;
mod place;
mod publish;
mod queries;
mod recipient;
mod save;
mod seal;
mod selection;
mod stored;
mod totals;
mod units;
mod unpaid;
mod update;

use crate::owner::{Owner, Slot};
use crate::supervision::Owners;

pub use cancel::{CancelOrder, Cancelled};
pub use contact::Contact;
pub use crm::{
    CrmDelivery, CrmTry, RecordCrmTry, ReplayCrm, SetCrmConfigured, crm_due, crm_failed,
    crm_is_configured,
};
pub use delete::{DeleteOrder, Deleted};
pub use leaving::{ForgetCustomer, FormerCustomer, KEPT_FOR, WipeRecipient, recipients_due};
pub use notices::{AnnounceOrders, OrderNotices, digest_is_due};
pub use order::{CrmSync, Order, OrderSummary, PaymentLink};
pub use payment::{LinkPayment, MarkPaid, MarkRefunded, Paid, RecordPaymentFailure};
pub use place::{OrderDraft, PlaceOrder, PricedLine};
pub use queries::{due, ids, ids_of_customer, order, require_order, summary, to_forget};
pub use recipient::Recipient;
pub use seal::{OrderLinks, OrderSeal};
pub use selection::{LOOKED_AT_MAX, OrderFilter, SelectedOrders, select};
pub use units::{AddOrderUnit, RemoveOrderUnit};
pub use unpaid::{guests_unpaid, unpaid_due};
pub use update::{UpdateOrder, Updated};

pub(crate) use lists::OrderLists;
pub(crate) use queries::check;
#[cfg(any(test, fuzzing))]
pub(crate) use stored::READERS;
pub(crate) use stored::{OrderLineV1, OrderStatusV1, TABLES};
pub(crate) use unpaid::{is_due_unpaid, list_guests_unpaid};

/// The owner of orders.
#[derive(Debug)]
pub struct Orders {
    /// How the shop's owner is notified of new orders.
    pub notices: OrderNotices,
}

impl Owner for Orders {
    const NAME: &'static str = "orders";

    fn slot(owners: &Owners) -> &Slot<Self> {
        &owners.orders
    }
}
