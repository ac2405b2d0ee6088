//! Checkout pages: where a customer without a browser full of Stripe.js pays.

use super::commands::retrieve;
use super::rows::{BY_KEY, CHECKOUT_BY_INTENT, CHECKOUTS, INTENTS, SandboxCheckout};
use super::{CheckoutPages, GatewayCheckout};
use crate::Failure;
use crate::check::Findings;
use crate::store::{Direction, Read, Snapshot, StoreError, Unit};
use souk_domain::{Missing, Refusal};
use std::ops::ControlFlow;

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

/// Every checkout is the one of its intent, and every intent is found by the key it was made with.
pub(crate) fn check(snapshot: &Snapshot, findings: &mut Findings) -> Result<(), StoreError> {
    let mut checkouts = Vec::new();
    snapshot.visit(CHECKOUTS, &String::new(), None, Direction::Ascending, |id, row| {
        checkouts.push((id, row.intent));
        ControlFlow::Continue(())
    })?;
    for (id, intent) in &checkouts {
        let is_known = snapshot.get(INTENTS, intent)?.is_some();
        findings.require(is_known, || format!("checkout {id} is for no intent"));
        let current = snapshot.get(CHECKOUT_BY_INTENT, intent)?;
        findings.require(current.as_ref() == Some(id), || format!("checkout {id} is a second one"));
    }
    let count = u64::try_from(checkouts.len()).unwrap_or(u64::MAX);
    let indexes_agree = snapshot.count(CHECKOUT_BY_INTENT)? == count
        && snapshot.count(BY_KEY)? == snapshot.count(INTENTS)?;
    findings.require(indexes_agree, || "stray entries in the sandbox's indexes".into());
    Ok(())
}
