//! A selection of Stripe's test cards (<https://docs.stripe.com/testing>).

/// The result of charging a test payment method.
pub(super) enum TestMethod {
    Pays,
    NeedsConfirmation,
    IsDeclined(&'static str),
}

/// The card behind the "Pay" button; it always pays.
pub(super) const PAYING_CARD: &str = "pm_card_visa";

pub(super) fn test_method(name: &str) -> Option<TestMethod> {
    Some(match name {
        PAYING_CARD | "pm_card_visa_debit" | "pm_card_mastercard" | "pm_card_amex"
        | "pm_card_discover" | "pm_card_diners" | "pm_card_jcb" | "pm_card_unionpay" => {
            TestMethod::Pays
        }
        "pm_card_authenticationRequired" | "pm_card_threeDSecure2Required" => {
            TestMethod::NeedsConfirmation
        }
        "pm_card_chargeDeclined" | "pm_card_visa_chargeDeclined" => {
            TestMethod::IsDeclined("Your card was declined.")
        }
        "pm_card_chargeDeclinedInsufficientFunds"
        | "pm_card_visa_chargeDeclinedInsufficientFunds" => {
            TestMethod::IsDeclined("Your card has insufficient funds.")
        }
        "pm_card_chargeDeclinedExpiredCard" => TestMethod::IsDeclined("Your card has expired."),
        "pm_card_chargeDeclinedIncorrectCvc" => {
            TestMethod::IsDeclined("Your card's security code is incorrect.")
        }
        "pm_card_chargeDeclinedProcessingError" => TestMethod::IsDeclined(
            "An error occurred while processing your card. Try again in a little bit.",
        ),
        _ => return None,
    })
}
