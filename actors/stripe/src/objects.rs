//! Converts amounts, currencies and ids between the shop and Stripe.

use crate::error::{CallError, Cause, Invalid};
use crate::limits::ID_CHARACTERS_MAX;
use souk_domain::{Currency, Money};
use std::collections::HashMap;
use std::str::FromStr;

/// Currencies without decimals in ISO 4217 whose amounts Stripe expects in hundredths
/// (<https://docs.stripe.com/currencies#special-cases>).
const WRITTEN_WITH_TWO_DECIMALS: [&str; 2] = ["ISK", "UGX"];

/// Stripe's units per minor unit of the shop.
fn units_per_minor_unit(currency: Currency) -> i64 {
    if WRITTEN_WITH_TWO_DECIMALS.contains(&currency.code()) { 100 } else { 1 }
}

/// The amount in Stripe's units.
pub(crate) fn stripe_amount(amount: Money, currency: Currency) -> i64 {
    amount.minor_units().saturating_mul(units_per_minor_unit(currency))
}

/// The amount in the shop's minor units, of any sign. Fails for a fraction of a minor unit.
pub(crate) fn shop_amount(units: i64, currency: Currency) -> Result<Money, CallError> {
    let per_minor_unit = units_per_minor_unit(currency);
    match units % per_minor_unit {
        0 => Ok(Money::from_minor_units(units / per_minor_unit)),
        _ => Err(UNREADABLE),
    }
}

/// The code of an object's currency.
pub(crate) fn code(currency: &stripe_types::Currency) -> String {
    currency.to_string()
}

/// The value of an entry of an object's metadata.
pub(crate) fn entry(metadata: Option<&HashMap<String, String>>, name: &str) -> Option<String> {
    metadata.and_then(|entries| entries.get(name)).cloned()
}

/// The metadata entry with our payment id, on intents and checkouts.
pub(crate) const PAYMENT_ENTRY: &str = "souk_payment";

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

/// Rejects malformed ids before they become part of a URL: some come from a browser.
pub(crate) fn require_id(id: &str) -> Result<&str, CallError> {
    let is_sound = (1..=ID_CHARACTERS_MAX).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_sound { Ok(id) } else { Err(CallError::NotFound) }
}

/// The purpose of an intent or a checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// The amount.
    pub amount: Money,
    /// The currency of the amount.
    pub currency: Currency,
    /// The title that the customer and the operator see: `Order ORD-17`.
    pub title: String,
    /// Metadata that the operator sees at Stripe: names and values.
    pub about: Vec<(&'static str, String)>,
}

impl Purchase {
    pub(crate) fn metadata(&self) -> HashMap<String, String> {
        self.about.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }
}

/// An answer with a missing field or a value that this version does not know.
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
            assert_eq!(shop_amount(units, currency(code)), Ok(money), "{code}");
        }
    }

    #[test]
    fn amounts_of_any_size_are_read_and_parts_of_a_unit_are_not() {
        let krona = Currency::from_code("ISK").expect("a currency");
        for units in [i64::MIN, -1, 0, i64::MAX] {
            let money = Ok(Money::from_minor_units(units));
            assert_eq!(shop_amount(units, Currency::USD), money);
        }
        for units in [-1, 50, 199_901, i64::MAX] {
            assert_eq!(shop_amount(units, krona), Err(UNREADABLE), "{units}");
        }
    }

    #[test]
    fn a_malformed_id_sends_no_request() {
        assert_eq!(require_id("cs_test_a1B2"), Ok("cs_test_a1B2"));
        for bad in ["", "cs/../../v1/balance", "cs_1?expand[]=x", "pi_é", &"x".repeat(256)] {
            assert_eq!(require_id(bad), Err(CallError::NotFound), "{bad}");
        }
    }

    #[test]
    fn an_unknown_currency_is_rejected() {
        assert!(stripe_currency(Currency::USD).is_ok());
        let unknown = Currency::from_code("QQQ").expect("three letters");
        assert!(matches!(stripe_currency(unknown), Err(CallError::Invalid(_))));
    }
}
