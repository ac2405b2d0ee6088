//! Checkout pages: where a customer without a browser full of Stripe.js pays.

use super::commands::retrieve;
use super::rows::{CHECKOUT_BY_INTENT, CHECKOUTS, SandboxCheckout};
use super::{CheckoutPages, GatewayCheckout};
use crate::Failure;
use crate::store::{Read, Unit};
use souk_domain::{Missing, Refusal};

/// What stands for the session's id in the pages of a checkout, as at Stripe.
const SESSION_ID: &str = "{CHECKOUT_SESSION_ID}";
/// Random octets of a session's id.
const SESSION_BYTES: usize = 24;

/// One checkout per intent; asked for again it leads to the pages named last.
pub(super) fn open(
    unit: &Unit,
    intent: &str,
    pages: CheckoutPages,
) -> Result<GatewayCheckout, Failure> {
    let shown = retrieve(unit, intent)?;
    let id = match unit.get(CHECKOUT_BY_INTENT, &intent.to_owned())? {
        Some(known) => known,
        None => format!("cs_test_{}", crate::random_hex(SESSION_BYTES)),
    };
    let CheckoutPages { success, cancel } = pages;
    let pages = CheckoutPages {
        success: success.replace(SESSION_ID, &id),
        cancel: cancel.replace(SESSION_ID, &id),
    };
    unit.put(CHECKOUT_BY_INTENT, &intent.to_owned(), &id)?;
    let row = SandboxCheckout { intent: intent.to_owned(), pages: pages.clone() };
    unit.put(CHECKOUTS, &id, &row)?;
    Ok(GatewayCheckout { id, intent: shown, pages })
}

/// The checkout as it was last committed.
pub(super) fn find(read: &impl Read, id: &str) -> Result<GatewayCheckout, Failure> {
    let row = read.get(CHECKOUTS, &id.to_owned())?;
    let SandboxCheckout { intent, pages } = row.ok_or(Refusal::NotFound(Missing::Payment))?;
    Ok(GatewayCheckout { id: id.to_owned(), intent: retrieve(read, &intent)?, pages })
}
