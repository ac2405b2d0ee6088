//! Every command validates the settings at its start and reports all errors at once, with value and origin.

use std::fs;

use crate::support::{Shop, run_souk, run_souk_with};

const SERVE: [&str; 5] = ["serve", "--listen", "127.0.0.1:0", "--data", "data"];

/// Variable, invalid value, and a word of the expected rule.
const WRONG: &[(&str, &str, &str)] = &[
    ("SOUK_PUBLIC_URL", "shop.example", "https://"),
    ("SOUK_PUBLIC_URL", "ftp://shop.example", "https://"),
    ("SOUK_PUBLIC_URL", "https://", "host"),
    ("SOUK_PUBLIC_URL", "https://shop.example/?a=b", "query"),
    ("SOUK_PUBLIC_URL", "https://shop.example\nX: y", "line"),
    ("SOUK_CURRENCY", "XYZ", "ISO 4217"),
    ("SOUK_CURRENCY", "eur", "`EUR`"),
    ("SOUK_CURRENCY", "EURO", "`EUR`"),
    ("SOUK_CURRENCY", "KWD", "three decimals"),
    ("SOUK_SHOP_NAME", "Souk\r\nBcc: a@b.example", "one line"),
    ("SOUK_SHOP_NAME", "Souk\u{7}", "one line"),
    ("SOUK_SHOP_NAME", "Souk\u{2028}x", "one line"),
    ("SOUK_MAIL_FROM", "Souk\n<a@b.example>", "one line"),
    ("SOUK_MAIL_FROM", "nobody", "Name <name@example.org>"),
    ("SOUK_JWT_SECRET", "thirty-one-octets-are-too-few-x", "32"),
    ("SOUK_JWT_SECRET", "0", "32"),
    ("SOUK_ORDER_TTL_SECONDS", "0", "seconds"),
    ("SOUK_ORDER_TTL_SECONDS", "-1", "seconds"),
    ("SOUK_ORDER_TTL_SECONDS", "3153600000", "seconds"),
    ("SOUK_ORDER_TTL_SECONDS", "18446744073709551616", "seconds"),
    ("SOUK_ORDER_TTL_SECONDS", "1.5", "seconds"),
    ("SOUK_STRIPE_TIMEOUT_SECONDS", "0", "60"),
    ("SOUK_STRIPE_TIMEOUT_SECONDS", "61", "60"),
    ("SOUK_LOG_KEEP_DAYS", "0", "days"),
    ("SOUK_LOG_KEEP_DAYS", "99999999", "days"),
    ("SOUK_LOG_KEEP_MIB", "0", "MiB"),
    ("SOUK_CACHE_MIB", "0", "MiB"),
    ("SOUK_CACHE_MIB", "99999999999", "MiB"),
    ("SOUK_OUTBOX_MAX_ROWS", "0", "rows"),
    ("SOUK_OUTBOX_MAX_ROWS", "many", "rows"),
    ("SOUK_LOW_STOCK_THRESHOLD", "-5", "pieces"),
    ("SOUK_IDEMPOTENCY_MAX_MIB", "0", "MiB"),
    ("SOUK_GUEST_MAX_CARTS", "0", "carts"),
    ("SOUK_GUEST_CARTS_PER_HOUR", "0", "carts"),
    ("SOUK_GUEST_MAX_UNPAID_KEPT", "-1", "orders"),
    ("SOUK_GUEST_UNPAID_KEPT_DAYS", "0", "days"),
    ("SOUK_LOG", "loud", "level"),
    ("SOUK_LOG", "inof", "did you mean `info`?"),
    ("SOUK_LOG", "souk=loud", "level"),
    ("SOUK_LOG", "sook=debug", "Souk"),
    ("SOUK_LOG", "info,,", "level"),
    ("SOUK_LOG_FORMAT", "xml", "json"),
    ("SOUK_ACCESS_LOG", "yes", "on or off"),
    ("SOUK_RATE_LIMIT", "maybe", "on or off"),
    ("SOUK_SANDBOX_PUBLIC", "yes", "true or false"),
    ("SOUK_NATS_URL", "127.0.0.1:4222", "nats://"),
    ("SOUK_NATS_URL", "http://127.0.0.1:4222", "nats://"),
    ("SOUK_NATS_URL", "nats://", "host"),
    ("SOUK_NATS_URL", "nats://broker:port", "nats://"),
    ("SOUK_NATS_URL", "nats://one:4222,two", "nats://"),
    ("SOUK_NATS_USER", "so\nuk", "one line"),
    ("SOUK_SMTP_URL", "mail.example:25", "smtp://"),
    ("SOUK_SMTP_URL", "http://mail.example", "smtp://"),
    ("SOUK_SMTP_URL", "smtp://mail.example?tsl=required", "tls"),
    ("SOUK_SMTP_URL", "smtps://mail.example?ca=/nowhere.pem", "/nowhere.pem"),
    ("SOUK_STRIPE_API_BASE", "api.stripe.com", "https://"),
    ("SOUK_STRIPE_API_BASE", "http://api.stripe.com", "https"),
    ("SOUK_STRIPE_SECRET_KEY", "pk_test_abc", "sk_"),
    ("SOUK_SERVICE_TOKENS", "mail:short", "16"),
    ("SOUK_SERVICE_TOKENS", ":a-token-that-is-long-enough", "name"),
    ("SOUK_SERVICE_TOKENS", "a:token-one-is-long-enough,a:token-two-is-long-enough", "twice"),
    ("SOUK_CORS_ORIGINS", "shop.example", "https://"),
    ("SOUK_CRM_URL", "http://crm.example", "https"),
    ("SOUK_WORKERS", "mial", "mail"),
    ("SOUK_WORKERS", "off", "nats_url"),
    ("SOUK_MAIL_TEXTS", "no-such-directory", "directory"),
    ("SOUK_DATA", "/dev/null", "directory"),
    ("SOUK_DATA", "/dev/null/data", "directory"),
    ("SOUK_LISTEN", "nowhere", "port"),
    ("SOUK_LISTEN", "127.0.0.1:99999", "port"),
    ("SOUK_LISTEN", "::1:8000", "[::1]"),
];

#[test]
fn invalid_settings_are_refused_by_name_with_origin_and_rule() {
    for (variable, value, right) in WRONG {
        let key = variable.trim_start_matches("SOUK_").to_lowercase();
        let refused = run_souk_with(&[(variable, value)], &["openapi", "classic"]);
        let refused = refused.expect_refusal().naming(&key).naming(variable).naming(right);
        assert!(refused.stdout.is_empty(), "{variable}={value:?}: {refused:#?}");
        assert!(refused.stderr.contains("environment"), "{variable}={value:?}: {refused:#?}");
    }
}

#[test]
fn every_command_validates_the_settings() {
    for command in [
        &SERVE[..],
        &["check"],
        &["admin", "list"],
        &["admin", "create", "--username", "boss", "--email", "boss@souk.example"],
        &["backup", "copy"],
        &["restore", "copy"],
        &["events", "export", "--since", "1h"],
        &["logs"],
        &["dead", "list"],
        &["crm", "replay"],
        &["payments", "reconcile"],
        &["worker", "mail"],
    ] {
        run_souk_with(&[("SOUK_CURRENCY", "EURO")], command).expect_refusal().naming("currency");
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_once_and_nothing_is_made() {
    let shop = Shop::closed_with(&[
        ("SOUK_CURRENCY", "EURO"),
        ("SOUK_JWT_SECRET", "too-short"),
        ("SOUK_LOG", "loud"),
        ("SOUK_COLOUR", "blue"),
    ]);
    let file = shop.directory().join("souk.toml");
    let text =
        "# A shop\norder_ttl_seconds = 0\ncurency = \"EUR\"\nlisten = [1]\nsmtp_url = \"x\"\n";
    fs::write(&file, text).expect("written");
    let file = file.to_str().expect("text");
    let refused = shop.run(&["serve", "--config", file], "").expect_refusal();
    for words in [
        "8 settings cannot be used",
        "currency = EURO (SOUK_CURRENCY in the environment)",
        "jwt_secret (SOUK_JWT_SECRET in the environment)",
        "log = loud",
        "colour (SOUK_COLOUR in the environment): there is no such setting",
        "souk.toml, line 2",
        "curency",
        "souk.toml, line 3): there is no such setting; did you mean `currency`?",
        "souk.toml, line 4",
        "souk.toml, line 5",
    ] {
        assert!(refused.stderr.contains(words), "{words}: {refused:#?}");
    }
    assert!(!refused.stderr.contains("too-short"), "{refused:#?}");
    assert!(!shop.data().exists());
}

#[test]
fn a_misspelt_key_is_answered_with_the_one_that_was_meant() {
    for (variable, meant) in [
        ("SOUK_CURENCY", "`currency`"),
        ("SOUK_SMPT_URL", "`smtp_url`"),
        ("SOUK_JWT_SECERT", "`jwt_secret`"),
        ("SOUK_NATS_URLS", "`nats_url`"),
        ("SOUK_ORDER_TTL", "`order_ttl_seconds`"),
    ] {
        let refused = run_souk_with(&[(variable, "p4ssw0rd")], &["check"]);
        let refused = refused.expect_refusal().naming(variable).naming(meant);
        assert!(!refused.stderr.contains("p4ssw0rd"), "{refused:#?}");
    }
}

#[test]
fn no_secret_is_repeated() {
    let hidden = "h1dden";
    for (variable, value) in [
        ("SOUK_JWT_SECRET", "h1dden"),
        ("SOUK_NATS_PASSWORD", "h1dden\n"),
        ("SOUK_CRM_SECRET", "h1dden\n"),
        ("SOUK_STRIPE_SECRET_KEY", "pk_h1dden"),
        ("SOUK_STRIPE_WEBHOOK_SECRET", "whsec_h1dden\nx"),
        ("SOUK_SERVICE_TOKENS", "a:h1dden"),
        ("SOUK_NATS_URL", "nats//souk:h1dden@broker:4222"),
        ("SOUK_NATS_URL", "http://souk:h1dden@broker:4222,nats://b"),
        ("SOUK_SMTP_URL", "http://user:h1dden@mail.example"),
        ("SOUK_SMTP_URL", "smtp://user:h1dden@mail.example:port"),
        ("SOUK_SMTP_URL", "smtp://user:h1dden@mail.example?tls=maybe"),
        ("SOUK_CRM_URL", "http://user:h1dden@crm.example/?token=h1dden"),
        ("SOUK_PUBLIC_URL", "https://user:h1dden@shop.example"),
    ] {
        let refused = run_souk_with(&[(variable, value)], &SERVE).expect_refusal();
        assert!(refused.stderr.contains(variable), "{variable}={value:?}: {refused:#?}");
        assert!(!refused.stderr.contains(hidden), "{variable}={value:?}: {refused:#?}");
        let broken = format!("a = 1\n{} = {value}\n", variable.to_lowercase());
        let shop = Shop::closed_with(&[]);
        let file = shop.directory().join("souk.toml");
        fs::write(&file, broken).expect("written");
        let file = file.to_str().expect("text");
        let refused = shop.run(&["check", "--config", file], "").expect_refusal();
        assert!(!refused.stderr.contains(hidden), "{refused:#?}");
    }
}

#[test]
fn valid_settings_are_accepted_and_empty_ones_count_as_unset() {
    for (variable, value) in [
        ("SOUK_PUBLIC_URL", "https://shop.example/souk/"),
        ("SOUK_CURRENCY", "JPY"),
        ("SOUK_SHOP_NAME", "Käse & Söhne"),
        ("SOUK_LOG", "souk=debug,warn"),
        ("SOUK_LOG", "off"),
        ("SOUK_NATS_URL", "nats://a:4222, tls://user:p%40ss@b:4222"),
        ("SOUK_NATS_PASSWORD", "0123"),
        ("SOUK_SMTP_URL", "smtp+starttls://user:p%40ss@mail.example"),
        ("SOUK_SERVICE_TOKENS", "mail:0123456789abcdef"),
        ("SOUK_ORDER_TTL_SECONDS", "1"),
        ("SOUK_LISTEN", "[::1]:0"),
        ("SOUK_DATA", "new/data"),
        ("SOUK_CURRENCY", ""),
        ("SOUK_CACHE_MIB", ""),
        ("SOUK_PUBLIC_URL", ""),
        ("SOUK_LISTEN", "\"127.0.0.1:0\""),
    ] {
        run_souk_with(&[(variable, value)], &["openapi", "classic"]).expect_success();
    }
    run_souk(&["openapi", "classic"]).expect_success();
}

#[test]
fn options_are_validated_like_settings() {
    run_souk(&["check", "--data", "/dev/null"])
        .expect_refusal()
        .naming("data = /dev/null (--data)");
    run_souk(&["serve", "--listen", "nowhere"])
        .expect_refusal()
        .naming("listen = nowhere (--listen)");
    run_souk(&["check", "--config", "no-such-file.toml"])
        .expect_refusal()
        .naming("no-such-file.toml");
    run_souk(&["check", "--config", "/"]).expect_refusal().naming("cannot be read");
    // The option is validated, not the setting that it replaces.
    run_souk_with(&[("SOUK_DATA", "/dev/null")], &["check", "--data", "nothing"])
        .expect_refusal()
        .naming("no shop in nothing");
}

#[tokio::test]
async fn a_setting_without_effect_is_named_with_the_one_it_needs() {
    let mut shop = Shop::closed_with(&[
        ("SOUK_STRIPE_API_BASE", "https://api.stripe.com/"),
        ("SOUK_NATS_PASSWORD", "a-password"),
    ]);
    shop.start();
    let said = shop.output();
    for words in [
        "stripe_api_base has no effect, because stripe_secret_key is not set",
        "nats_password has no effect, because nats_url is not set",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains("crm_secret"), "{said}");
}
