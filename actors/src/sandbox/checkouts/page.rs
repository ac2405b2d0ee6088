//! The shop's and the customer's views of a checkout.

use crate::Failure;
use crate::gateway::{CheckoutPages, CheckoutStatus, GatewayCheckout};
use crate::sandbox::books::SandboxCheckout;
use crate::sandbox::intents;
use crate::sandbox::stored::CHECKOUTS;
use crate::store::Read;
use souk_domain::{Missing, Refusal};

/// A checkout as the customer's browser shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutPage {
    /// The shop's view of it.
    pub checkout: GatewayCheckout,
    /// The URLs that the page leads to.
    pub pages: CheckoutPages,
}

pub(super) fn row(read: &impl Read, id: &str) -> Result<SandboxCheckout, Failure> {
    Ok(read.get(CHECKOUTS, &id.to_owned())?.ok_or(Refusal::NotFound(Missing::Payment))?)
}

/// A checkout as the shop sees it.
pub(in crate::sandbox) fn find(read: &impl Read, id: &str) -> Result<GatewayCheckout, Failure> {
    Ok(page(read, id)?.checkout)
}

/// A checkout as the customer's browser shows it.
pub(in crate::sandbox) fn page(read: &impl Read, id: &str) -> Result<CheckoutPage, Failure> {
    let row = row(read, id)?;
    let status = match (&row.intent, row.is_expired) {
        (Some(_), _) => CheckoutStatus::Complete,
        (None, true) => CheckoutStatus::Expired,
        (None, false) => CheckoutStatus::Open,
    };
    let intent = match &row.intent {
        Some(intent) => Some(intents::find(read, intent)?.shown(intent)),
        None => None,
    };
    let url = (status == CheckoutStatus::Open)
        .then(|| format!("{}/sandbox/checkout/{id}", row.pages.shop));
    let checkout = GatewayCheckout {
        id: id.to_owned(),
        url,
        status,
        amount: row.amount,
        intent,
        currency: Some(row.currency),
        payment: None,
    };
    Ok(CheckoutPage { checkout, pages: row.pages })
}
