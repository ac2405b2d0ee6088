//! The delivery of an order to the CRM.

use souk_domain::UnixMillis;

/// A completed order that the CRM has not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrmDelivery {
    /// The version of the event that completed the order; part of the message's id.
    pub version: u64,
    /// Attempts so far.
    pub tries: u32,
    /// When it was first due, or when an operator had it sent again.
    pub since: UnixMillis,
    /// When to retry; `None` once it is given up.
    pub next_try: Option<UnixMillis>,
}
