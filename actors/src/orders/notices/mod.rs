//! News of new orders for the owner: in a mail for each, in one mail for those of an hour, or not at
//! all. An order that waits for the next digest is written down with the order itself, and is
//! crossed out in the commit that appends the digest, so each is mailed exactly once.

mod announce;
mod new_order;

use serde::Deserialize;

pub use announce::{AnnounceOrders, digest_is_due};

pub(super) use new_order::announce_or_list;

/// Administrators that get a mail.
const ADMINISTRATORS_MAILED_MAX: usize = 20;

/// How the owner gets news of new orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderNotices {
    /// In a mail for each.
    #[default]
    Each,
    /// In one mail for those of an hour.
    Digest,
    /// Not at all.
    Off,
}
