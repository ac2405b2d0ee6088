//! Amounts, currencies and ids between the shop and Stripe.

use crate::error::{CallError, Cause, Invalid};
use crate::limits::ID_CHARACTERS_MAX;
use souk_domain::{Currency, Money};
use std::collections::HashMap;
use std::str::FromStr;

/// Currencies of ISO 4217 without decimals whose amounts Stripe wants in hundredths all the same
/// (<https://docs.stripe.com/currencies#special-cases>).
const WRITTEN_WITH_TWO_DECIMALS: [&str; 2] = ["ISK", "UGX"];

/// How many of Stripe's units one minor unit of the shop is.
fn units_per_minor_unit(currency: Currency) -> i64 {
    if WRITTEN_WITH_TWO_DECIMALS.contains(&currency.code()) { 100 } else { 1 }
}

/// The amount as Stripe counts it.
pub(crate) fn stripe_amount(amount: Money, currency: Currency) -> i64 {
    amount.minor_units().saturating_mul(units_per_minor_unit(currency))
}

/// The amount as the shop counts it.
pub(crate) fn shop_amount(units: i64, currency: Currency) -> Money {
    Money::from_minor_units(units / units_per_minor_unit(currency))
}

pub(crate) fn stripe_currency(currency: Currency) -> Result<stripe_types::Currency, CallError> {
    let code = currency.code().to_ascii_lowercase();
    match stripe_types::Currency::from_str(&code) {
        Ok(stripe_types::Currency::Unknown(_)) | Err(_) => Err(CallError::Invalid(Invalid {
            code: None,
            parameter: Some("currency".to_owned()),
            message: format!("Stripe does not know the currency {}", currency.code()),
        })),
        Ok(known) => Ok(known),
    }
}

/// Refuses what cannot be an id before it becomes part of an URL: some come from a browser.
pub(crate) fn require_id(id: &str) -> Result<&str, CallError> {
    let is_sound = (1..=ID_CHARACTERS_MAX).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_sound { Ok(id) } else { Err(CallError::NotFound) }
}

/// What is sold, for an intent or a checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// How much.
    pub amount: Money,
    /// In what.
    pub currency: Currency,
    /// What customer and operator read: `Order ORD-17`.
    pub title: String,
    /// What the operator finds at Stripe beside the payment: names and values.
    pub about: Vec<(&'static str, String)>,
}

impl Purchase {
    pub(crate) fn metadata(&self) -> HashMap<String, String> {
        self.about.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }
}

/// An answer in which something is missing or says what this version does not know.
pub(crate) const UNREADABLE: CallError = CallError::OutcomeUnknown { cause: Cause::Unreadable };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_counted_as_stripe_counts_them() {
        let currency = |code| Currency::from_code(code).expect("a currency");
        let money = Money::from_minor_units(1_999);
        for (code, units) in [("USD", 1_999), ("JPY", 1_999), ("ISK", 199_900), ("UGX", 199_900)] {
            assert_eq!(stripe_amount(money, currency(code)), units, "{code}");
            assert_eq!(shop_amount(units, currency(code)), money, "{code}");
        }
    }

    #[test]
    fn what_is_no_id_asks_for_nothing() {
        assert_eq!(require_id("cs_test_a1B2"), Ok("cs_test_a1B2"));
        for bad in ["", "cs/../../v1/balance", "cs_1?expand[]=x", "pi_é", &"x".repeat(256)] {
            assert_eq!(require_id(bad), Err(CallError::NotFound), "{bad}");
        }
    }

    #[test]
    fn a_currency_nobody_has_heard_of_is_refused() {
        assert!(stripe_currency(Currency::USD).is_ok());
        let unknown = Currency::from_code("QQQ").expect("three letters");
        assert!(matches!(stripe_currency(unknown), Err(CallError::Invalid(_))));
    }
}
