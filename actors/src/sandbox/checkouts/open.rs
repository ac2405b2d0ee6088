//! Opening a checkout page.

use super::page::find;
use crate::Failure;
use crate::gateway::{Charge, CheckoutPages, GatewayCheckout};
use crate::owner::Command;
use crate::sandbox::Sandbox;
use crate::sandbox::books::SandboxCheckout;
use crate::sandbox::stored::{CHECKOUT_BY_KEY, CHECKOUTS};
use crate::store::{Read, Unit};

/// The placeholder for the session's id in the return URLs of a checkout, as at Stripe.
const SESSION_ID: &str = "{CHECKOUT_SESSION_ID}";

/// Random bytes of a session's id.
const SESSION_BYTES: usize = 24;

/// Opens a checkout page. The same key returns the same page.
#[derive(Clone, Debug)]
pub struct OpenCheckout {
    /// The idempotency key.
    pub key: String,
    /// The amount and its purpose.
    pub charge: Charge,
    /// The URLs that the page leads to.
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
