//! Notifies the shop's owner of new orders: a mail for each, an hourly digest, or nothing. An order
//! that waits for the next digest is listed in the turn that places it, and removed in the turn
//! that appends the digest, so each is mailed exactly once.

mod announce;
mod new_order;

use serde::Deserialize;

pub use announce::{AnnounceOrders, digest_is_due};

pub(super) use new_order::announce_or_list;

/// Most administrators that get a mail.
const ADMINISTRATORS_MAILED_MAX: usize = 20;

/// How the shop's owner is notified of new orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderNotices {
    /// A mail for each order.
    #[default]
    Each,
    /// One mail for the orders of an hour.
    Digest,
    /// No mails.
    Off,
}
