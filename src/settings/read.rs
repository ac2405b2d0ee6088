//! Reads every setting with its rule, in the order of config/souk.toml where possible.

use super::fault::Disclosure;
use super::source::Reader;
use super::{JWT_SECRET_BYTES, Listen, LogFormat, Settings, currency, judge, store};
use crate::adapters::Workers;
use crate::app::ServiceTokens;
use crate::edge::Cors;
use souk_actors::orders::OrderNotices;

/// Largest page cache; in octets it fits a machine word.
const CACHE_MIB_MAX: usize = 65_536;
/// Five years; a longer time is probably in the wrong unit.
const ORDER_TTL_SECONDS_MAX: u64 = 5 * 365 * 24 * 60 * 60;
/// A week; a longer wait is no useful digest.
const DIGEST_SECONDS_MAX: u64 = 7 * 24 * 60 * 60;
/// Ten years.
const LOG_KEEP_DAYS_MAX: u32 = 3_650;
/// One tebibyte.
const LOG_KEEP_MIB_MAX: u32 = 1 << 20;
/// Largest value whose octets fit a `u64`.
const DISK_MIB_MAX: u64 = u64::MAX >> 20;
/// More rows than any disk holds.
const OUTBOX_ROWS_MAX: u64 = 1_000_000_000_000;
/// More units than any product has.
const LOW_STOCK_MAX: u64 = 1_000_000_000;

impl Settings {
    pub(super) fn read_shop(&mut self, reader: &mut Reader) {
        use Disclosure::Whole;
        put(&mut self.listen, reader.read("listen", Whole, Listen::parse));
        put(&mut self.data, reader.read("data", Whole, judge::new_directory));
        self.store = reader.read("store", Disclosure::Address, store::parse).flatten();
        put(&mut self.migrate_on_start, reader.read("migrate_on_start", Whole, on_or_off));
        self.public_url = reader.read("public_url", Disclosure::Address, judge::public_url);
        put(&mut self.currency, reader.read("currency", Whole, currency::parse));
        put(&mut self.shop_name, reader.read("shop_name", Whole, judge::one_line));
        let rows = |text: &str| judge::number(text, &(0..=LOW_STOCK_MAX), "pieces");
        put(&mut self.low_stock_threshold, reader.read("low_stock_threshold", Whole, rows));
        let notices = [
            ("each", OrderNotices::Each),
            ("digest", OrderNotices::Digest),
            ("off", OrderNotices::Off),
        ];
        let notices = |text: &str| judge::word(text, &notices);
        put(&mut self.order_notices, reader.read("order_notices", Whole, notices));
        let seconds = |text: &str| judge::number(text, &(1..=DIGEST_SECONDS_MAX), "seconds");
        put(&mut self.order_digest_seconds, reader.read("order_digest_seconds", Whole, seconds));
        let seconds = |text: &str| judge::number(text, &(1..=ORDER_TTL_SECONDS_MAX), "seconds");
        put(&mut self.order_ttl_seconds, reader.read("order_ttl_seconds", Whole, seconds));
        let size = |text: &str| judge::number(text, &(1..=CACHE_MIB_MAX), "MiB");
        put(&mut self.cache_mib, reader.read("cache_mib", Whole, size));
        let size = |text: &str| judge::number(text, &(1..=DISK_MIB_MAX), "MiB");
        put(&mut self.min_free_disk_mib, reader.read("min_free_disk_mib", Whole, size));
    }

    pub(super) fn read_integrations(&mut self, reader: &mut Reader) {
        use Disclosure::{Address, Nothing, Whole};
        self.nats_url = reader.read("nats_url", Address, judge::nats_urls);
        put(&mut self.nats_user, reader.read("nats_user", Whole, judge::one_line));
        self.nats_password = reader.read("nats_password", Nothing, judge::one_line);
        let rows = |text: &str| judge::number(text, &(1..=OUTBOX_ROWS_MAX), "rows");
        put(&mut self.outbox_max_rows, reader.read("outbox_max_rows", Whole, rows));
        self.smtp_url = reader.read("smtp_url", Address, judge::smtp_url);
        self.mail_from = reader.read("mail_from", Whole, judge::mail_from);
        self.mail_texts = reader.read("mail_texts", Whole, judge::directory);
        put(&mut self.workers, reader.read("workers", Whole, workers));
        let is_alone = self.nats_url.is_none() && !reader.is_refused("nats_url");
        if is_alone && self.workers != Workers::ALL {
            reader.refuse("workers", "`mail` and `log` can be left out only where nats_url is set");
        }
        self.crm_url = reader.read("crm_url", Address, judge::confidential_url);
        self.crm_secret = reader.read("crm_secret", Nothing, judge::one_line);
        if self.crm_url.is_some() && self.crm_secret.is_none() && !reader.is_refused("crm_secret") {
            reader
                .refuse("crm_secret", "it must be set beside crm_url: messages are signed with it");
        }
        let private = reader.read("webhook_private_addresses", Whole, judge::boolean);
        put(&mut self.webhook_private_addresses, private);
    }

    pub(super) fn read_callers(&mut self, reader: &mut Reader) {
        use Disclosure::{Nothing, Whole};
        self.jwt_secret = reader.read("jwt_secret", Nothing, |text| match text.len() {
            // RFC 7518 section 3.2.
            JWT_SECRET_BYTES.. => Ok(text.to_owned()),
            octets => Err(format!(
                "it has {octets} octets and needs {JWT_SECRET_BYTES} or more; \
                 `openssl rand -hex 32` makes one"
            )),
        });
        let has_secret = self.jwt_secret.is_some() || reader.is_refused("jwt_secret");
        if self.database().is_some() && !has_secret {
            reader.refuse(
                "jwt_secret",
                "it must be set beside store: all processes of the shop sign with the same key; \
                 `openssl rand -hex 32` makes one",
            );
        }
        let tokens = |text: &str| ServiceTokens::parse(text).map_err(|error| error.to_string());
        put(&mut self.service_tokens, reader.read("service_tokens", Nothing, tokens));
        let cors = |text: &str| Cors::parse(text).map_err(|error| error.to_string());
        put(&mut self.cors, reader.read("cors_origins", Whole, cors));
        put(&mut self.rate_limit, reader.read("rate_limit", Whole, on_or_off));
    }

    pub(super) fn read_log(&mut self, reader: &mut Reader) {
        use Disclosure::Whole;
        put(&mut self.log, reader.read("log", Whole, judge::log_filter));
        let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
        let format = |text: &str| judge::word(text, &formats);
        put(&mut self.log_format, reader.read("log_format", Whole, format));
        put(&mut self.access_log, reader.read("access_log", Whole, on_or_off));
        let days = |text: &str| judge::number(text, &(1..=LOG_KEEP_DAYS_MAX), "days");
        put(&mut self.log_keep_days, reader.read("log_keep_days", Whole, days));
        let size = |text: &str| judge::number(text, &(1..=LOG_KEEP_MIB_MAX), "MiB");
        put(&mut self.log_keep_mib, reader.read("log_keep_mib", Whole, size));
    }
}

/// Replaces the setting if a value was given.
pub(super) fn put<T>(setting: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *setting = value;
    }
}

fn on_or_off(text: &str) -> Result<bool, String> {
    judge::word(text, &[("on", true), ("off", false)])
}

/// `mail,log`, one of them, or `off`.
fn workers(text: &str) -> Result<Workers, String> {
    let mut workers = Workers { mail: false, log: false };
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match name {
            "mail" => workers.mail = true,
            "log" => workers.log = true,
            "off" => {}
            other => {
                return Err(format!("`{other}` is not a worker; write mail, log, mail,log or off"));
            }
        }
    }
    Ok(workers)
}
