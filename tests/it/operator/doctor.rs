//! `souk doctor`: its checks, its advice, and that it changes nothing.

use crate::support;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::{Broker, MailSink, Shop, StripeStandIn};
use serde_json::Value;

/// The findings by the name of the check: states and texts.
struct Found {
    ok: bool,
    checks: Vec<(String, String, String)>,
}

impl Found {
    fn by(shop: &Shop) -> Self {
        let said = shop.run(&["doctor", "--json"], "");
        let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
        let ok = report["ok"].as_bool().expect("a truth");
        assert_eq!(said.code, Some(i32::from(!ok)), "{said:#?}");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let checks = report["checks"].as_array().expect("checks").iter();
        let checks = checks.map(|it| {
            let words = format!("{} {}", text(&it["found"]), text(&it["do"]));
            assert_eq!(it["do"].is_null(), it["state"] == "ok", "what is to be done: {it}");
            (text(&it["check"]), text(&it["state"]), words)
        });
        Self { ok, checks: checks.collect() }
    }

    #[track_caller]
    fn says(&self, check: &str, state: &str, words: &str) {
        let is_there = self.checks.iter().any(|(known, found, said)| {
            (known.as_str(), found.as_str()) == (check, state) && said.contains(words)
        });
        assert!(is_there, "{check} {state} {words}: {:#?}", self.checks);
    }
}

#[tokio::test]
async fn doctor_creates_nothing_in_a_new_directory() {
    let mut shop = Shop::closed_with(&[]);
    let found = Found::by(&shop);
    assert!(found.ok);
    found.says("settings", "ok", "");
    found.says("data", "warn", "souk admin create");
    found.says("store", "ok", "none yet");
    found.says("disk", "ok", "MiB");
    found.says("clock", "ok", "it says");
    found.says("clock", "ok", "not compared");
    found.says("gateway", "warn", "sandbox");
    found.says("broker", "ok", "none");
    found.says("mail", "warn", "smtp_url");
    assert!(!shop.data().exists());

    shop.start();
    Found::by(&shop).says("store", "ok", "the shop is open");
    shop.stop().await;
    let files = || {
        let of = |path| fs::read_dir(path).expect("a directory").filter_map(Result::ok);
        of(shop.data()).map(|it| (it.file_name(), fs::read(it.path()).ok())).collect::<Vec<_>>()
    };
    let before = files();
    Found::by(&shop).says("store", "ok", "opens");
    let names = |files: &[(std::ffi::OsString, Option<Vec<u8>>)]| {
        files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&files()), names(&before));
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("set");
}

#[tokio::test]
async fn doctor_finds_faults_of_the_data() {
    let mut shop = Shop::open().await;
    shop.stop().await;
    let file = shop.data().join("souk.redb");
    mode(&file, 0o644);
    mode(&shop.data().join("jwt-secret"), 0o640);
    mode(&shop.data(), 0o755);
    let found = Found::by(&shop);
    found.says("modes", "warn", "chmod 600");
    found.says("modes", "warn", "jwt-secret");
    found.says("modes", "warn", "chmod 700");
    for path in [&file, &shop.data().join("jwt-secret")] {
        mode(path, 0o600);
    }
    mode(&shop.data(), 0o700);
    Found::by(&shop).says("modes", "ok", "");

    let good = fs::read(&file).expect("the store");
    let backwards: Vec<u8> = good.iter().rev().copied().collect();
    for damaged in [&b""[..], b"not a store", &backwards] {
        fs::write(&file, damaged).expect("written");
        let found = Found::by(&shop);
        assert!(!found.ok);
        found.says("store", "FAIL", "restore");
        assert_eq!(fs::read(&file).expect("still there"), damaged);
    }
    fs::write(&file, good).expect("written");
    shop.check();
}

#[tokio::test]
async fn doctor_advises_on_unreachable_services() {
    let nowhere = [
        ("SOUK_NATS_URL", "nats://souk:p-hidden@127.0.0.1:9"),
        ("SOUK_SMTP_URL", "smtp://user:p-hidden@127.0.0.1:9"),
        ("SOUK_STRIPE_SECRET_KEY", "sk_test_hidden"),
        ("SOUK_STRIPE_API_BASE", "http://127.0.0.1:9"),
        ("SOUK_STRIPE_TIMEOUT_SECONDS", "1"),
        ("SOUK_CURRENCY", "EURO"),
        ("SOUK_LISTEN", "0.0.0.0:0"),
    ];
    let shop = Shop::closed_with(&nowhere);
    let found = Found::by(&shop);
    assert!(!found.ok);
    found.says("settings", "FAIL", "`EUR`");
    found.says("broker", "FAIL", "nats-server");
    found.says("mail", "FAIL", "smtp_url");
    found.says("gateway", "FAIL", "stripe_secret_key");
    found.says("clock", "warn", "not compared with Stripe's");
    found.says("public_url", "FAIL", "public_url");
    let said = shop.run(&["doctor"], "");
    assert_eq!(said.code, Some(1), "{said:#?}");
    let said = said.stdout;
    assert!(said.contains("FAIL  broker") && said.contains("5 do not work"), "{said}");
    assert!(!said.contains("hidden"), "{said}");
}

#[tokio::test]
async fn doctor_leaves_working_services_unchanged() {
    let (broker, mail, stripe) = (Broker::start(), MailSink::start(), StripeStandIn::start());
    let (nats, smtp) = (broker.url(), mail.url());
    let mut settings = stripe.settings();
    settings.extend([("SOUK_NATS_URL", nats.as_str()), ("SOUK_SMTP_URL", smtp.as_str())]);
    let mut shop = Shop::closed_with(&settings);
    let found = Found::by(&shop);
    assert!(found.ok, "{:#?}", found.checks);
    found.says("broker", "ok", "SOUK_EVENTS");
    found.says("mail", "ok", "lets the shop in");
    found.says("gateway", "warn", "for tests");
    found.says("clock", "ok", "agrees with Stripe's");
    assert!(broker.events().await.is_empty());

    shop.start();
    support::eventually("the streams", async || {
        let found = Found::by(&shop);
        found
            .checks
            .iter()
            .any(|(_, _, said)| said.contains("takes events and mails"))
            .then_some(())
    })
    .await;
    assert!(broker.events().await.is_empty());
    assert!(mail.mails().is_empty());

    for (variable, value, check) in [
        ("SOUK_NATS_URL", nats.replace("souk-password-1", "p-guess"), "broker"),
        ("SOUK_NATS_URL", broker.url_of("subscriber"), "broker"),
        ("SOUK_STRIPE_SECRET_KEY", "sk_test_of_nobody".to_owned(), "gateway"),
    ] {
        shop.set(variable, &value);
        Found::by(&shop).says(check, "FAIL", "");
        shop.set("SOUK_NATS_URL", &nats);
    }
}

#[tokio::test]
async fn the_clock_is_compared_with_that_of_the_gateway() {
    let stripe = StripeStandIn::start();
    let mut shop = Shop::closed_with(&stripe.settings());
    // The stand-in uses the shop's clock; ten seconds allow for a slow machine.
    for (seconds, state, words) in [
        (10, "ok", "agrees with Stripe's"),
        (-10, "ok", "agrees with Stripe's"),
        (60, "warn", "behind Stripe's"),
        (-60, "warn", "ahead of Stripe's"),
        (600, "FAIL", "NTP"),
        (-600, "FAIL", "beyond 300 s no message of Stripe is believed"),
    ] {
        stripe.clock_ahead(seconds).await;
        let found = Found::by(&shop);
        found.says("clock", state, words);
        found.says("gateway", "warn", "for tests");
        assert_eq!(found.ok, state != "FAIL", "{:#?}", found.checks);
    }
    shop.set("SOUK_STRIPE_SECRET_KEY", "sk_test_of_nobody");
    let found = Found::by(&shop);
    found.says("gateway", "FAIL", "");
    found.says("clock", "FAIL", "ahead of Stripe's");
}
