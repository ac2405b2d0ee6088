//! Who takes the money, and what its messages are signed with.

use super::{Settings, SettingsError, optional_text};
use serde::{Deserializer, de};
use souk_stripe::{ApiBase, SecretKey, StripeSettings, WebhookSecret};
use std::time::Duration;

/// What the sandbox gateway signs its messages with, where nothing else is configured.
pub(crate) const SANDBOX_WEBHOOK_SECRET: &str = "whsec_sandbox";
/// A customer waits no longer for a gateway, whatever the operator says.
const TIMEOUT_SECONDS_MAX: u64 = 60;

impl Settings {
    /// How Stripe is reached; `None`: the built-in sandbox takes the money.
    ///
    /// # Errors
    /// An API base that cannot be used; the sandbox's webhook secret beside a key of Stripe, with
    /// which anybody could say that an order is paid.
    pub(crate) fn stripe(&self) -> Result<Option<StripeSettings>, SettingsError> {
        let Some(key) = self.stripe_secret_key.clone() else { return Ok(None) };
        let sandbox = WebhookSecret::parse_list(SANDBOX_WEBHOOK_SECRET);
        if self.stripe_webhook_secret.iter().any(|secret| sandbox.contains(secret)) {
            return Err(SettingsError::SandboxSecret);
        }
        let api_base = self.stripe_api_base.as_deref().map(ApiBase::parse).transpose()?;
        let seconds = self.stripe_timeout_seconds.clamp(1, TIMEOUT_SECONDS_MAX);
        Ok(Some(StripeSettings { key, api_base, call_time: Duration::from_secs(seconds) }))
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

/// Empty means unset. The error never repeats what was given.
pub(super) fn secret_key<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SecretKey>, D::Error> {
    let text = optional_text(deserializer)?;
    text.as_deref().map(SecretKey::parse).transpose().map_err(de::Error::custom)
}

pub(super) fn webhook_secrets<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<WebhookSecret>, D::Error> {
    let text = optional_text(deserializer)?.unwrap_or_default();
    Ok(WebhookSecret::parse_list(&text))
}
