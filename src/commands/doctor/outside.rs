//! Checks of other systems: broker, mail server, gateway.

use super::Finding;
use super::here::is_behind;
use crate::adapters::{self, BrokerReport};
use crate::gateways::{self, StripeReport};
use crate::settings::Settings;
use rustix::fs::{Access, access};
use souk_stripe::SIGNATURE_TOLERANCE_SECONDS;

/// Largest difference between two clocks that are synchronised.
const CLOCK_DIFFERENCE_SECONDS_GOOD: u64 = 30;

/// Checks the broker, and the shop's permissions there.
pub(super) async fn broker(settings: &Settings) -> Vec<Finding> {
    let adapters = settings.adapters();
    let (Some(urls), Some(shown)) = (&adapters.nats_url, settings.broker()) else {
        let found = "none: events stay in the store, and other systems do not hear of them";
        return vec![Finding::ok("broker", found)];
    };
    let BrokerReport { version, missing, made_at } = match adapters::examine_broker(urls).await {
        Ok(seen) => seen,
        Err(reason) => {
            return vec![Finding::fail(
                "broker",
                format!("{shown}: {reason}"),
                "start nats-server with `-c nats.conf`, and give its password in SOUK_NATS_PASSWORD",
            )];
        }
    };
    let found = match missing.as_slice() {
        [] => format!("{shown} answers (nats-server {version}) and takes events and mails"),
        missing => format!(
            "{shown} answers (nats-server {version}); the first start makes {}",
            missing.join(", ")
        ),
    };
    let mut findings = vec![Finding::ok("broker", found)];
    if let Some(time) = made_at.filter(|time| is_behind(*time)) {
        let found = format!("the broker made a stream at {time}, which is in the future here");
        findings.push(Finding::fail("clock", found, "set the clocks, and keep them with NTP"));
    }
    findings
}

/// Checks the mail server: connection, encryption and log-in, without a mail.
pub(super) async fn mail_server(settings: &Settings) -> Finding {
    let adapters = settings.adapters();
    let (Some(url), Some(shown)) = (&adapters.smtp_url, settings.mail_server()) else {
        let folder = settings.data.join("mail");
        let shown = folder.display();
        if folder.is_dir() && access(&folder, Access::WRITE_OK | Access::EXEC_OK).is_err() {
            let found = format!("{shown} cannot be written to");
            return Finding::fail("mail", found, "run souk as the user whose directory it is");
        }
        let found = format!("mails are files in {shown}: nobody gets them");
        return Finding::warn("mail", found, "set smtp_url and mail_from");
    };
    match adapters::examine_mail_server(url).await {
        Ok(()) if adapters.mail_from.is_none() => {
            let found = format!("{shown} lets the shop in; mails come from shop@localhost");
            Finding::warn("mail", found, "set mail_from to an address of your own")
        }
        Ok(()) => Finding::ok("mail", format!("{shown} lets the shop in")),
        Err(reason) => Finding::fail(
            "mail",
            format!("{shown}: {reason}"),
            "check smtp_url: host, port, smtp:// or smtps://, user and password",
        ),
    }
}

/// Checks the gateway: who takes the money, whether the key works, and whether both clocks agree.
pub(super) async fn gateway(settings: &Settings) -> Vec<Finding> {
    let Some(stripe) = settings.stripe() else {
        let found = "the sandbox: no real money moves, and anybody can pay";
        let found = Finding::warn("gateway", found, "set stripe_secret_key before you sell");
        let clock = "not compared with another clock: there is no gateway to ask for the time";
        return vec![found, Finding::ok("clock", clock)];
    };
    let is_for_tests = stripe.key.is_for_tests();
    let StripeReport { key, clock_ahead_seconds } =
        gateways::examine_stripe(stripe, settings.currency()).await;
    vec![
        stripe_key(key, settings.can_verify_gateway_messages(), is_for_tests),
        stripe_clock(clock_ahead_seconds),
    ]
}

fn stripe_key(tried: Result<(), String>, is_heard: bool, is_for_tests: bool) -> Finding {
    match (tried, is_heard, is_for_tests) {
        (Err(reason), _, _) => Finding::fail(
            "gateway",
            format!("Stripe: {reason}"),
            "check stripe_secret_key in Stripe's dashboard, and the way to its host",
        ),
        (Ok(()), false, _) => Finding::warn(
            "gateway",
            "Stripe takes the key; its messages are not believed",
            "set stripe_webhook_secret to the secret Stripe shows for your endpoint",
        ),
        (Ok(()), true, true) => Finding::warn(
            "gateway",
            "Stripe takes the key, which is for tests: no real money moves",
            "take the live key before you sell",
        ),
        (Ok(()), true, false) => Finding::ok("gateway", "Stripe takes the key"),
    }
}

/// Compares our clock with Stripe's: we reject messages whose signing time is too far from ours.
fn stripe_clock(ahead_seconds: Option<i64>) -> Finding {
    let Some(ahead) = ahead_seconds else {
        let found = "not compared with Stripe's: no answer of it had a time";
        return Finding::warn("clock", found, "try again when Stripe answers");
    };
    let apart = ahead.unsigned_abs();
    let direction = if ahead > 0 { "ahead of" } else { "behind" };
    let advice = "keep the clock right with NTP: `timedatectl set-ntp true`, or chrony";
    if apart > SIGNATURE_TOLERANCE_SECONDS {
        let found = format!(
            "it is {apart} s {direction} Stripe's: beyond {SIGNATURE_TOLERANCE_SECONDS} s no message \
             of Stripe is believed"
        );
        return Finding::fail("clock", found, advice);
    }
    if apart > CLOCK_DIFFERENCE_SECONDS_GOOD {
        return Finding::warn("clock", format!("it is {apart} s {direction} Stripe's"), advice);
    }
    Finding::ok("clock", format!("it agrees with Stripe's to {apart} s"))
}
