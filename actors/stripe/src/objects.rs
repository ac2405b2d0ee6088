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

/// The amount as the shop counts it, whatever its sign; a part of a minor unit is no amount.
pub(crate) fn shop_amount(units: i64, currency: Currency) -> Result<Money, CallError> {
    let per_minor_unit = units_per_minor_unit(currency);
    match units % per_minor_unit {
        0 => Ok(Money::from_minor_units(units / per_minor_unit)),
        _ => Err(UNREADABLE),
    }
}

/// Code of the currency of an object.
pub(crate) fn code(currency: &stripe_types::Currency) -> String {
    currency.to_string()
}

/// The value of an entry of an object's metadata.
pub(crate) fn entry(metadata: Option<&HashMap<String, String>>, name: &str) -> Option<String> {
    metadata.and_then(|entries| entries.get(name)).cloned()
}

/// Where an intent or a page keeps the payment of ours it was made for.
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
