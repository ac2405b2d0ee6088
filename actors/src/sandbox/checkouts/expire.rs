//! Closing a checkout page.

use super::page::{find, row};
use crate::Failure;
use crate::gateway::GatewayCheckout;
use crate::owner::Command;
use crate::sandbox::Sandbox;
use crate::sandbox::events::append_event;
use crate::sandbox::stored::CHECKOUTS;
use crate::store::Unit;

/// Closes a checkout page. Does nothing to a paid page.
#[derive(Clone, Debug)]
pub struct ExpireCheckout {
    /// The checkout's id.
    pub checkout: String,
}

impl Command for ExpireCheckout {
    type Owner = Sandbox;
    type Reply = GatewayCheckout;

    fn apply(self, unit: &Unit, _: &Sandbox) -> Result<GatewayCheckout, Failure> {
        let Self { checkout: id } = self;
        let mut row = row(unit, &id)?;
        if row.intent.is_none() && !row.is_expired {
            row.is_expired = true;
            unit.put(CHECKOUTS, &id, &row)?;
            append_event(unit, "checkout.session.expired", row.object(&id, "expired", "unpaid"))?;
        }
        find(unit, &id)
    }
}
