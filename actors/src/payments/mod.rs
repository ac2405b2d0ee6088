//! The owner of payments. What a payment's state is, the gateway says; what its amount is, our
//! own rows say (design law 8); where its money went, the [`ledger`] says.

mod begin;
mod check;
mod disputes;
mod heard;
mod ledger;
mod outcome;
mod queries;
mod refunds;
mod rows;
mod sales;

use crate::owner::{Owner, Slot};
use crate::supervision::Owners;

pub use begin::{
    BeginAttempt, BeginPayment, DoubtPayment, GiveUpPayment, PayAtFinalize, RecordCheckout,
    RecordIntent, ShownPayment, require_payment,
};
pub use disputes::RecordDispute;
pub use heard::{HEARD_KEPT, RecordHeard, prune_heard};
pub use ledger::{Account, LedgerEntry, Movement, Posting, entries_of, revenue};
pub use outcome::{Outcome, RecordOutcome};
pub use queries::{
    NumberedRefund, by_checkout, by_intent, in_doubt, of_order, open, payment, refund,
    refund_called, refunds_due, refunds_of, to_close,
};
pub use refunds::{
    MadeRefund, RecordFailedRefund, RecordRefund, RecordRefusedRefund, ReleasePayment,
    ReleasePaymentsOfOrder, RequestRefund,
};
pub use rows::{
    Dispute, DisputeStatus, Doubt, FREE_PREFIX, Intent, Payment, Refund, RefundState, RefundedBy,
    Way,
};
pub use sales::{ArchiveSale, BookSale};

pub(crate) use check::check;
#[cfg(any(test, fuzzing))]
pub(crate) use rows::READERS;
pub(crate) use rows::TABLES;

/// The owner of payments and the ledger.
#[derive(Debug)]
pub struct Payments;

impl Owner for Payments {
    const NAME: &'static str = "payments";

    fn slot(owners: &Owners) -> &Slot<Self> {
        &owners.payments
    }
}
