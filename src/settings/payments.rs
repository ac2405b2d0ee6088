//! Who takes the money, and what its messages are signed with.

use super::fault::{Shown, is_control};
use super::read::put;
use super::source::Reader;
use super::{Settings, judge};
use souk_stripe::{ApiBase, SecretKey, StripeSettings, WebhookSecret};
use std::time::Duration;

/// What the sandbox gateway signs its messages with, where nothing else is configured.
pub(crate) const SANDBOX_WEBHOOK_SECRET: &str = "whsec_sandbox";
/// A customer waits no longer for a gateway.
const TIMEOUT_SECONDS_MAX: u64 = 60;

impl Settings {
    /// Reads what is about the gateway. Beside a key of Stripe, the sandbox's webhook secret would
    /// let anybody say that an order is paid.
    pub(super) fn read_payments(&mut self, reader: &mut Reader) {
        use Shown::{Address, Nothing, Whole};
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
        let cancel = reader.read("cancel_on_payment_failed", Whole, judge::truth);
        put(&mut self.cancel_on_payment_failed, cancel);
        put(&mut self.sandbox_public, reader.read("sandbox_public", Whole, judge::truth));
    }

    /// How Stripe is reached; `None`: the built-in sandbox takes the money.
    pub(crate) fn stripe(&self) -> Option<StripeSettings> {
        Some(StripeSettings {
            key: self.stripe_secret_key.clone()?,
            api_base: self.stripe_api_base.clone(),
            call_time: Duration::from_secs(self.stripe_timeout_seconds),
        })
    }

    /// Any of these may have signed a message of the gateway. With Stripe and none configured, no
    /// message is believed.
    pub(super) fn webhook_secrets(&self) -> Vec<WebhookSecret> {
        match (&self.stripe_secret_key, self.stripe_webhook_secret.as_slice()) {
            (None, []) => WebhookSecret::parse_list(SANDBOX_WEBHOOK_SECRET),
            (_, configured) => configured.to_vec(),
        }
    }
}

/// One secret or several, with commas between.
fn webhook_secrets(text: &str) -> Result<Vec<WebhookSecret>, String> {
    if text.chars().any(is_control) {
        return Err("it must be one line without control characters".to_owned());
    }
    Ok(WebhookSecret::parse_list(text))
}
