//! The owner of payments. A payment's state comes from the gateway, its amount from our own rows
//! (design law 8), and the movements of its money from the [`ledger`].

mod amounts;
mod begin;
mod begin_attempt;
mod check;
mod doubt;
#[cfg(test)]
pub(crate) mod examples;
mod find;
mod give_up;
mod ledger;
mod messages;
mod pay_at_finalize;
mod payment;
mod queries;
mod record_checkout;
mod record_dispute;
mod record_intent;
mod record_outcome;
mod refund;
mod refunds;
mod release;
mod release_of_order;
mod sales;
mod save;
mod stored;

use crate::owner::{Owner, Slot};
use crate::supervision::Owners;

pub use begin::BeginPayment;
pub use begin_attempt::BeginAttempt;
pub use doubt::DoubtPayment;
pub use find::{ShownPayment, require_payment};
pub use give_up::GiveUpPayment;
pub use ledger::{Account, LedgerEntry, Movement, Posting, entries_of, revenue};
pub use messages::{GATEWAY_MESSAGES_KEPT, RecordGatewayMessage, prune_gateway_messages};
pub use pay_at_finalize::PayAtFinalize;
pub use payment::{Dispute, DisputeStatus, Doubt, FREE_PREFIX, Intent, Payment, PaymentFlow};
pub use queries::{
    NumberedRefund, all_of_order, by_checkout, by_intent, in_doubt, of_order, open, payment,
    refund, refund_called, refunds_due, refunds_of, to_close,
};
pub use record_checkout::RecordCheckout;
pub use record_dispute::RecordDispute;
pub use record_intent::RecordIntent;
pub use record_outcome::{Outcome, RecordOutcome};
pub use refund::{Refund, RefundState, RefundedBy};
pub use refunds::{
    MadeRefund, RecordFailedRefund, RecordRefund, RecordRefusedRefund, RequestRefund,
};
pub use release::ReleasePayment;
pub use release_of_order::ReleasePaymentsOfOrder;
pub use sales::{ArchiveSale, BookSale};

pub(crate) use check::check;
#[cfg(any(test, fuzzing))]
pub(crate) use stored::READERS;
pub(crate) use stored::{CheckoutPagesV1, IntentV1, PaymentStatusV1, TABLES};

/// The owner of payments and the ledger.
#[derive(Debug)]
pub struct Payments;

impl Owner for Payments {
    const NAME: &'static str = "payments";

    fn slot(owners: &Owners) -> &Slot<Self> {
        &owners.payments
    }
}
