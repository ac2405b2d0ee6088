//! The settings of the payment gateway and of its messages' signatures.

use super::fault::{Disclosure, is_control};
use super::read::put;
use super::source::Reader;
use super::{Settings, judge};
use souk_stripe::{ApiBase, SecretKey, StripeSettings, WebhookSecret};
use std::time::Duration;

/// The secret that signs the sandbox gateway's messages, if no other is configured.
pub(crate) const SANDBOX_WEBHOOK_SECRET: &str = "whsec_sandbox";
/// The longest time limit that can be set for a gateway: a customer waits meanwhile.
const TIMEOUT_SECONDS_MAX: u64 = 60;

impl Settings {
    /// Reads the gateway's settings. With a Stripe key, the sandbox's well-known webhook secret is refused:
    /// anybody could use it to report an order as paid.
    pub(super) fn read_payments(&mut self, reader: &mut Reader) {
        use Disclosure::{Address, Nothing, Whole};
        let key = |text: &str| SecretKey::parse(text).map_err(|error| error.to_string());
        self.stripe_secret_key = reader.read("stripe_secret_key", Nothing, key);
        put(
            &mut self.stripe_webhook_secret,
            reader.read("stripe_webhook_secret", Nothing, webhook_secrets),
        );
        let sandbox = WebhookSecret::parse_list(SANDBOX_WEBHOOK_SECRET);
        let is_known_to_all = self.stripe_webhook_secret.iter().any(|it| sandbox.contains(it));
        if self.stripe_secret_key.is_some() && is_known_to_all {
            reader.refuse(
                "stripe_webhook_secret",
                "everybody knows the sandbox's; take the one Stripe shows for your endpoint",
            );
        }
        self.stripe_api_base = reader.read("stripe_api_base", Address, |text| {
            judge::api_base(text)?;
            ApiBase::parse(text).map_err(|error| error.to_string())
        });
        let seconds = |text: &str| judge::number(text, &(1..=TIMEOUT_SECONDS_MAX), "seconds");
        put(
            &mut self.stripe_timeout_seconds,
            reader.read("stripe_timeout_seconds", Whole, seconds),
        );
        let cancel = reader.read("cancel_on_payment_failed", Whole, judge::boolean);
        put(&mut self.cancel_on_payment_failed, cancel);
        put(&mut self.sandbox_public, reader.read("sandbox_public", Whole, judge::boolean));
    }

    /// The settings for Stripe; `None`: the built-in sandbox takes payments.
    pub(crate) fn stripe(&self) -> Option<StripeSettings> {
        Some(StripeSettings {
            key: self.stripe_secret_key.clone()?,
            api_base: self.stripe_api_base.clone(),
            call_time: Duration::from_secs(self.stripe_timeout_seconds),
        })
    }

    /// The secrets that may have signed a message of the gateway. With Stripe and no secret configured,
    /// every message is rejected.
    pub(super) fn webhook_secrets(&self) -> Vec<WebhookSecret> {
        match (&self.stripe_secret_key, self.stripe_webhook_secret.as_slice()) {
            (None, []) => WebhookSecret::parse_list(SANDBOX_WEBHOOK_SECRET),
            (_, configured) => configured.to_vec(),
        }
    }
}

/// One secret, or several separated by commas.
fn webhook_secrets(text: &str) -> Result<Vec<WebhookSecret>, String> {
    if text.chars().any(is_control) {
        return Err("it must be one line without control characters".to_owned());
    }
    Ok(WebhookSecret::parse_list(text))
}
