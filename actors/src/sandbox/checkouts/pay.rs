//! Paying at a checkout page.

use super::page::{CheckoutPage, page, row};
use crate::Failure;
use crate::owner::Command;
use crate::sandbox::Sandbox;
use crate::sandbox::cards::PAYING_CARD;
use crate::sandbox::events::append_event;
use crate::sandbox::intents::{confirm_in_browser, fresh};
use crate::sandbox::stored::{CHECKOUTS, INTENTS};
use crate::store::Unit;

/// Pays a checkout page, as the "Pay" button does. Does nothing if the page is paid or expired.
#[derive(Clone, Debug)]
pub struct PayCheckout {
    /// The checkout's id.
    pub checkout: String,
}

impl Command for PayCheckout {
    type Owner = Sandbox;
    type Reply = CheckoutPage;

    fn apply(self, unit: &Unit, _: &Sandbox) -> Result<CheckoutPage, Failure> {
        let Self { checkout: id } = self;
        let mut row = row(unit, &id)?;
        if row.intent.is_none() && !row.is_expired {
            let (intent, fresh) = fresh(unit, row.amount, row.currency.clone());
            unit.put(INTENTS, &intent, &fresh)?;
            row.intent = Some(intent.clone());
            unit.put(CHECKOUTS, &id, &row)?;
            confirm_in_browser(unit, &intent, &fresh.client_secret, PAYING_CARD)?;
            append_event(unit, "checkout.session.completed", row.object(&id, "complete", "paid"))?;
        }
        page(unit, &id)
    }
}
