//! Checkout pages: where a customer without a browser full of Stripe.js pays. As at Stripe, the
//! intent behind a page is made when somebody pays there.

use super::cards::PAYING_CARD;
use super::rows::{CHECKOUT_BY_KEY, CHECKOUTS, INTENTS, SandboxCheckout};
use super::{CheckoutPage, Sandbox, events, intents};
use crate::Failure;
use crate::gateway::{Charge, CheckoutPages, CheckoutStatus, GatewayCheckout};
use crate::owner::Command;
use crate::store::{Read, Unit};
use souk_domain::{Missing, Refusal};

/// What stands for the session's id in the pages of a checkout, as at Stripe.
const SESSION_ID: &str = "{CHECKOUT_SESSION_ID}";
/// Random octets of a session's id.
const SESSION_BYTES: usize = 24;

/// Opens a page to pay at; the same key again gives the same page.
#[derive(Clone, Debug)]
pub struct OpenCheckout {
    /// The idempotency key.
    pub key: String,
    /// How much, and for what.
    pub charge: Charge,
    /// Where the customer goes from there.
    pub pages: CheckoutPages,
}

impl Command for OpenCheckout {
    type Owner = Sandbox;
    type Reply = GatewayCheckout;

    fn apply(self, unit: &Unit, _: &Sandbox) -> Result<GatewayCheckout, Failure> {
        let Self { key, charge, pages } = self;
        if let Some(id) = unit.get(CHECKOUT_BY_KEY, &key)? {
            return find(unit, &id);
        }
        let id = format!("cs_test_{}", crate::random_hex(SESSION_BYTES));
        let row = SandboxCheckout {
            amount: charge.amount,
            currency: charge.currency.code().to_ascii_lowercase(),
            pages: CheckoutPages {
                shop: pages.shop,
                success: pages.success.replace(SESSION_ID, &id),
                cancel: pages.cancel.replace(SESSION_ID, &id),
            },
            intent: None,
            is_expired: false,
            created_at: unit.now(),
        };
        unit.put(CHECKOUTS, &id, &row)?;
        unit.put(CHECKOUT_BY_KEY, &key, &id)?;
        find(unit, &id)
    }
}

/// Pays at a page, as if somebody pressed "Pay" there. Does nothing if somebody has paid already,
/// or the page has expired.
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
            let (intent, fresh) = intents::fresh(unit, row.amount, row.currency.clone());
            unit.put(INTENTS, &intent, &fresh)?;
            row.intent = Some(intent.clone());
            unit.put(CHECKOUTS, &id, &row)?;
            intents::confirm_in_browser(unit, &intent, &fresh.client_secret, PAYING_CARD)?;
            events::tell(unit, "checkout.session.completed", row.object(&id, "complete", "paid"))?;
        }
        page(unit, &id)
    }
}

/// Closes a page to pay at; one at which somebody has paid stays as it is.
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
            events::tell(unit, "checkout.session.expired", row.object(&id, "expired", "unpaid"))?;
        }
        find(unit, &id)
    }
}

fn row(read: &impl Read, id: &str) -> Result<SandboxCheckout, Failure> {
    Ok(read.get(CHECKOUTS, &id.to_owned())?.ok_or(Refusal::NotFound(Missing::Payment))?)
}

/// A checkout as the shop is told of it.
pub(super) fn find(read: &impl Read, id: &str) -> Result<GatewayCheckout, Failure> {
    Ok(page(read, id)?.checkout)
}

/// A checkout as the customer's browser sees it.
pub(super) fn page(read: &impl Read, id: &str) -> Result<CheckoutPage, Failure> {
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
