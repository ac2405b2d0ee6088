//! One call to Stripe: its idempotency key, its time limit, its attempts.

use crate::error::{AttemptError, CallError, Cause};
use crate::key::SecretKey;
use crate::limits::{ATTEMPT_MIN, ATTEMPTS_MAX, CALL_SECONDS_DEFAULT, FIRST_WAIT, WAIT_MAX};
use crate::transport::Transport;
use backon::{BackoffBuilder, ExponentialBuilder};
use std::fmt;
use std::time::{Duration, SystemTime};
use stripe_client_core::{IdempotencyKey, RequestStrategy, StripeRequest};
use tokio::time::Instant;
use url::{Host, Url};

/// How to reach Stripe.
#[derive(Clone, Debug)]
pub struct StripeSettings {
    /// The secret key of the account.
    pub key: SecretKey,
    /// Another base URL; `None` means Stripe itself.
    pub api_base: Option<ApiBase>,
    /// The time limit of a call, including all attempts.
    pub call_time: Duration,
}

impl StripeSettings {
    /// Stripe itself, with the default bounds.
    #[must_use]
    pub fn new(key: SecretKey) -> Self {
        Self { key, api_base: None, call_time: Duration::from_secs(CALL_SECONDS_DEFAULT) }
    }
}

/// The base URL of requests instead of `https://api.stripe.com/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiBase(Url);

/// Why a text is not an API base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiBaseError {
    /// It is not a URL with a host.
    #[error("write a URL like https://api.stripe.com/")]
    NotAnUrl,
    /// It would send the secret key over a network unencrypted.
    #[error("only https, or http to this machine itself: the secret key goes there")]
    InTheClear,
}

impl ApiBase {
    /// Parses a URL from the operator's settings.
    ///
    /// # Errors
    /// [`ApiBaseError`].
    pub fn parse(text: &str) -> Result<Self, ApiBaseError> {
        let mut url = Url::parse(text.trim()).map_err(|_| ApiBaseError::NotAnUrl)?;
        let is_local = match url.host().ok_or(ApiBaseError::NotAnUrl)? {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        match url.scheme() {
            "https" => {}
            "http" if is_local => {}
            "http" => return Err(ApiBaseError::InTheClear),
            _ => return Err(ApiBaseError::NotAnUrl),
        }
        url.set_query(None);
        url.set_fragment(None);
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(Self(url))
    }
}

/// Stripe could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("Stripe's client cannot be set up with these settings")]
pub struct SetUpError;

/// An account at Stripe. Cheap to clone.
#[derive(Clone)]
pub struct Stripe {
    transport: Transport,
    call_time: Duration,
}

impl fmt::Debug for Stripe {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Stripe").field("call_time", &self.call_time).finish_non_exhaustive()
    }
}

impl Stripe {
    /// Prepares the client; sends nothing. The caller must have installed the process-wide rustls
    /// provider of cryptography.
    ///
    /// # Errors
    /// [`SetUpError`]: no request can be made with these settings.
    pub fn new(settings: StripeSettings) -> Result<Self, SetUpError> {
        let base = settings.api_base.map(|ApiBase(url)| url);
        let transport = Transport::new(&settings.key, base)?;
        Ok(Self { transport, call_time: settings.call_time })
    }

    /// The `Date` of Stripe's last answer, in whole seconds; `None` before the first.
    #[must_use]
    pub fn last_date(&self) -> Option<SystemTime> {
        self.transport.last_date()
    }

    /// The time limit of a call, including all attempts.
    pub(crate) fn call_time(&self) -> Duration {
        self.call_time
    }

    /// Makes a call that changes something, with an idempotency key of ours: however often it is
    /// attempted, it takes effect once.
    pub(crate) async fn change<R>(&self, request: &R, key: &str) -> Result<R::Output, CallError>
    where
        R: StripeRequest,
        R::Output: miniserde::Deserialize,
    {
        let key = IdempotencyKey::new(key).map_err(|_| CallError::KeyReused)?;
        self.call(request, &RequestStrategy::Idempotent(key)).await
    }

    /// Makes a call that changes nothing.
    pub(crate) async fn ask<R>(&self, request: &R) -> Result<R::Output, CallError>
    where
        R: StripeRequest,
        R::Output: miniserde::Deserialize,
    {
        self.call(request, &RequestStrategy::Once).await
    }

    async fn call<R>(&self, request: &R, strategy: &RequestStrategy) -> Result<R::Output, CallError>
    where
        R: StripeRequest,
        R::Output: miniserde::Deserialize,
    {
        let deadline = Instant::now() + self.call_time;
        let mut may_have_worked = false;
        // Without jitter, all callers with the same failure would retry at the same instant.
        let mut waits = ExponentialBuilder::new()
            .with_min_delay(FIRST_WAIT / 2)
            .with_max_delay(WAIT_MAX / 2)
            .with_jitter()
            .without_max_times()
            .build();
        let mut attempt = 1;
        loop {
            let time_left = deadline.saturating_duration_since(Instant::now());
            let sending = request
                .customize()
                .request_strategy(strategy.clone())
                // An attempt that hangs leaves time for another.
                .timeout(time_left.min(self.call_time / 2))
                .send(&self.transport);
            let cause = match sending.await.map_err(AttemptError::of) {
                Ok(answer) => return Ok(answer),
                Err(AttemptError::Final(error)) => return Err(error),
                Err(AttemptError::Passing(cause)) => cause,
            };
            may_have_worked |= cause.may_have_worked();
            let wait = waits.next().unwrap_or(WAIT_MAX);
            let is_late = Instant::now() + wait + ATTEMPT_MIN > deadline;
            if attempt == ATTEMPTS_MAX || is_late {
                return Err(given_up(cause, may_have_worked));
            }
            tracing::debug!(attempt, ?cause, "retrying a call to Stripe");
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }
}

fn given_up(cause: Cause, may_have_worked: bool) -> CallError {
    match may_have_worked {
        true => CallError::OutcomeUnknown { cause },
        false => CallError::Unavailable { cause },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_crosses_no_network_in_the_clear() {
        for good in [
            "https://api.stripe.com",
            "http://127.0.0.1:12111/",
            "http://localhost:1",
            "http://[::1]:1",
        ] {
            assert!(ApiBase::parse(good).is_ok(), "{good}");
        }
        assert_eq!(ApiBase::parse("http://stripe.example"), Err(ApiBaseError::InTheClear));
        assert_eq!(ApiBase::parse("http://10.0.0.1/"), Err(ApiBaseError::InTheClear));
        for bad in ["", "stripe", "ftp://127.0.0.1/", "unix:/tmp/x"] {
            assert_eq!(ApiBase::parse(bad), Err(ApiBaseError::NotAnUrl), "{bad}");
        }
        let base = ApiBase::parse("https://proxy.example/stripe?x#y").expect("a base");
        assert_eq!(base.0.as_str(), "https://proxy.example/stripe/");
    }
}
