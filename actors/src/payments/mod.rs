//! The owner of payments. What a payment's state is, the gateway says; what its amount is, our
//! own rows say (design law 8); where its money went, the [`ledger`] says.

mod actor;
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

pub use actor::{PaymentOwner, PaymentsMessage};
pub use begin::ShownPayment;
pub use heard::{HEARD_KEPT, prune_heard};
pub use ledger::{Account, LedgerEntry, Movement, Posting, entries_of, revenue};
pub use outcome::Outcome;
pub use queries::{
    NumberedRefund, by_checkout, by_intent, in_doubt, of_order, open, payment, refund,
    refund_called, refunds_due, refunds_of, to_close,
};
pub use refunds::MadeRefund;
pub use rows::{
    Dispute, DisputeStatus, Doubt, FREE_PREFIX, Intent, Payment, Refund, RefundState, RefundedBy,
    Way,
};

pub(crate) use check::check;
#[cfg(any(test, fuzzing))]
pub(crate) use rows::READERS;
pub(crate) use rows::TABLES;
