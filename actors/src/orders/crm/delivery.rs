//! An order on its way to the CRM.

use souk_domain::UnixMillis;

/// A completed order that the CRM has not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrmDelivery {
    /// The version of the event that completed the order; part of the message's id.
    pub version: u64,
    /// Tries so far.
    pub tries: u32,
    /// When it was first to be sent, or an operator had it sent again.
    pub since: UnixMillis,
    /// When to try next; `None` once it is given up.
    pub next_try: Option<UnixMillis>,
}
