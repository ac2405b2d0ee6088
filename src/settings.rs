//! Settings: defaults, then config/souk.toml, then `SOUK_*`, then options of the command line.
//! Every command validates all values at its start and reports everything that is wrong at once: the
//! key, the value, where it was written, and what would be right.

mod broker;
mod currency;
mod fault;
mod guests;
mod judge;
mod kept;
mod listen;
mod payments;
mod read;
mod returns;
mod source;
mod store;

pub(crate) use fault::Fault;
use fault::without_login;
pub(crate) use listen::Listen;

use crate::adapters::http::{AddressPolicy, CrmSettings, OutgoingSettings};
use crate::adapters::{AdapterSettings, Workers};
use crate::app::{AppSettings, GuestLimits, ServiceTokens};
use crate::edge::form::ReturnAddress;
use crate::edge::{Cors, TrustedProxies};
use crate::logs::LogLimits;
use fault::Faults;
use kept::KeptSettings;
use souk_actors::ShopSettings;
use souk_actors::orders::OrderNotices;
use souk_actors::store::{Database, StoreLimits};
use souk_domain::Currency;
use souk_stripe::{ApiBase, SecretKey, WebhookSecret};
use source::Reader;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

/// The settings file, if it exists and no other is named.
const DEFAULT_FILE: &str = "config/souk.toml";
/// The directory of mail texts, if it exists and no other is named.
const DEFAULT_MAIL_TEXTS: &str = "config/mail";
/// The generated key that signs tokens, if none is configured; in the data directory, mode 0600.
pub(crate) const JWT_SECRET_FILE: &str = "jwt-secret";
/// Octets of a generated key (RFC 7518 section 3.2, for HS256).
const JWT_SECRET_BYTES: usize = 32;

/// The validated settings.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The address to listen on.
    pub(crate) listen: Listen,
    /// The data directory.
    pub(crate) data: PathBuf,
    /// The database of the rows; unset: a file in the data directory.
    store: Option<Database>,
    /// Whether the start makes tables that the database lacks.
    migrate_on_start: bool,
    /// Base of the links in answers; unset: derived from each request.
    public_url: Option<String>,
    currency: Currency,
    /// The broker; unset: mails are sent in this process.
    nats_url: Option<String>,
    /// The shop's user at the broker, if `nats_url` names none.
    nats_user: String,
    /// Its password; unset: none.
    nats_password: Option<String>,
    /// With this many pending outbox rows, changes are refused.
    outbox_max_rows: u64,
    /// The mail server; unset: mails become files in DATA/mail.
    smtp_url: Option<String>,
    /// Sender of mails.
    mail_from: Option<String>,
    /// Directory of the mail texts; unset: config/mail if it exists, else the built-in texts.
    mail_texts: Option<PathBuf>,
    /// The shop's name in mails.
    shop_name: String,
    /// When a product's stock falls to this or below, the administrators get a mail.
    low_stock_threshold: u64,
    /// How administrators are notified of new orders.
    order_notices: OrderNotices,
    /// How long a new order waits for others in a digest.
    order_digest_seconds: u64,
    /// The key of the Stripe account; unset: the built-in sandbox takes payments.
    stripe_secret_key: Option<SecretKey>,
    /// The secrets that may sign the gateway's messages.
    stripe_webhook_secret: Vec<WebhookSecret>,
    /// Base URL of Stripe's API, if not its own.
    stripe_api_base: Option<ApiBase>,
    /// Time limit of a call to Stripe, all attempts included.
    stripe_timeout_seconds: u64,
    /// Where customers return after paying; unset: a page of the shop.
    payment_success_url: Option<ReturnAddress>,
    /// Where customers return after giving up; unset: a page of the shop.
    payment_cancel_url: Option<ReturnAddress>,
    /// Origins that a call may send customers back to; unset: the shop's own and those of CORS.
    return_origins: Option<Vec<String>>,
    jwt_secret: Option<String>,
    service_tokens: ServiceTokens,
    /// The origins whose pages may read our answers in a browser.
    cors: Cors,
    /// Where completed orders are sent; unset: nowhere.
    crm_url: Option<Url>,
    /// The secret that signs messages to the CRM.
    crm_secret: Option<String>,
    /// Whether webhook endpoints may be in private networks, and use HTTP.
    webhook_private_addresses: bool,
    /// How long an order may stay unpaid.
    order_ttl_seconds: u64,
    /// Limits for guests.
    guest_limits: GuestLimits,
    /// How much data of guests is kept, and for how long.
    kept: KeptSettings,
    /// Whether the gateway's `payment_failed` cancels a pending order.
    cancel_on_payment_failed: bool,
    /// Whether the sandbox may be served on an address that other machines can reach.
    pub(crate) sandbox_public: bool,
    /// Whether log-ins, registrations and guests' orders are throttled.
    rate_limit: bool,
    /// Proxies that are trusted to name their clients.
    pub(crate) trusted_proxies: TrustedProxies,
    /// Which consumers run within `souk serve`.
    workers: Workers,
    /// Memory for the store's page cache, in MiB.
    cache_mib: usize,
    /// With less free space than this on the store's disk, changes are refused, in MiB.
    min_free_disk_mib: u64,
    /// How many days log lines are kept.
    log_keep_days: u32,
    /// How much disk space log lines may take, in MiB.
    log_keep_mib: u32,
    /// The log filter: `info`, `souk=debug,warn`, …
    pub(crate) log: String,
    /// The format of log lines.
    pub(crate) log_format: LogFormat,
    /// Whether every request is logged.
    pub(crate) access_log: bool,
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For a terminal.
    #[default]
    Text,
    /// For machines: one JSON object per line.
    Json,
}

/// Command line options that override settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides {
    /// `--data`.
    pub(crate) data: Option<PathBuf>,
    /// `--listen`.
    pub(crate) listen: Option<String>,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("the settings file {} cannot be read", .path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{}, line {line}: this is not TOML: {what}", .path.display())]
    NotToml { path: PathBuf, line: usize, what: String },
    #[error("{0}")]
    Faults(Faults),
    #[error("cannot keep the token key in {}", .path.display())]
    Secret {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: Listen::default(),
            data: PathBuf::from("data"),
            store: None,
            migrate_on_start: true,
            public_url: None,
            currency: Currency::USD,
            nats_url: None,
            nats_user: "souk".to_owned(),
            nats_password: None,
            outbox_max_rows: 5_000_000,
            smtp_url: None,
            mail_from: None,
            mail_texts: None,
            shop_name: "Souk".to_owned(),
            low_stock_threshold: 5,
            order_notices: OrderNotices::Each,
            order_digest_seconds: 3_600,
            stripe_secret_key: None,
            stripe_webhook_secret: Vec::new(),
            stripe_api_base: None,
            stripe_timeout_seconds: souk_stripe::CALL_SECONDS_DEFAULT,
            payment_success_url: None,
            payment_cancel_url: None,
            return_origins: None,
            jwt_secret: None,
            service_tokens: ServiceTokens::default(),
            cors: Cors::Nobody,
            crm_url: None,
            crm_secret: None,
            webhook_private_addresses: false,
            order_ttl_seconds: 86_400,
            guest_limits: GuestLimits::default(),
            kept: KeptSettings::default(),
            cancel_on_payment_failed: true,
            sandbox_public: false,
            rate_limit: true,
            trusted_proxies: TrustedProxies::default(),
            workers: Workers::ALL,
            cache_mib: 16,
            min_free_disk_mib: 16,
            log_keep_days: 7,
            log_keep_mib: 256,
            log: "info".to_owned(),
            log_format: LogFormat::Text,
            access_log: false,
        }
    }
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// [`SettingsError`], with everything that is wrong.
    pub(crate) fn load(file: Option<&Path>, overrides: Overrides) -> Result<Self, SettingsError> {
        let (settings, faults) = Self::examine(file, overrides)?;
        if faults.is_empty() { Ok(settings) } else { Err(SettingsError::Faults(Faults(faults))) }
    }

    /// Reads the settings and returns the faults with them; an invalid value counts as not set.
    ///
    /// # Errors
    /// [`SettingsError`]: the file cannot be read at all.
    pub(crate) fn examine(
        file: Option<&Path>,
        overrides: Overrides,
    ) -> Result<(Self, Vec<Fault>), SettingsError> {
        let Overrides { data: own_data, listen } = overrides;
        let text = |data: &PathBuf| ("data", "--data", data.to_string_lossy().into_owned());
        let data = own_data.as_ref().map(text);
        let listen = listen.map(|listen| ("listen", "--listen", listen));
        let mut reader = Reader::open(file, data.into_iter().chain(listen))?;
        let mut settings = Self::default();
        settings.read_shop(&mut reader);
        if let Some(data) = own_data.filter(|_| !reader.is_refused("data")) {
            // A path need not be UTF-8.
            settings.data = data;
        }
        settings.read_integrations(&mut reader);
        settings.read_payments(&mut reader);
        settings.read_returns(&mut reader);
        settings.read_callers(&mut reader);
        settings.read_guests(&mut reader);
        settings.read_kept(&mut reader);
        settings.read_log(&mut reader);
        Ok((settings, reader.into_faults()))
    }

    /// Warns of settings that have no effect, or less than an operator may expect.
    pub(crate) fn warn_of_what_has_no_effect(&self) {
        if let Some(key) = &self.stripe_secret_key {
            if key.is_for_tests() {
                tracing::warn!("Stripe is used with a test key: no real money moves");
            }
            if self.stripe_webhook_secret.is_empty() {
                tracing::warn!(
                    "stripe_webhook_secret is not set: no message of Stripe is believed, and what \
                     happens there is heard of only when somebody asks"
                );
            }
        }
        let without_effect = [
            (
                "stripe_api_base",
                self.stripe_api_base.is_some(),
                "stripe_secret_key",
                self.stripe_secret_key.is_some(),
            ),
            ("nats_password", self.nats_password.is_some(), "nats_url", self.nats_url.is_some()),
            ("crm_secret", self.crm_secret.is_some(), "crm_url", self.crm_url.is_some()),
        ];
        for (setting, is_set, other, other_is_set) in without_effect {
            if is_set && !other_is_set {
                tracing::warn!("{setting} has no effect, because {other} is not set");
            }
        }
    }

    /// The origins whose pages may read our answers in a browser.
    pub(crate) fn cors(&self) -> Cors {
        self.cors.clone()
    }

    /// Where the shop sends messages.
    pub(crate) fn outgoing(&self) -> OutgoingSettings {
        let crm = self.crm_url.clone().zip(self.crm_secret.clone());
        let crm = crm.map(|(url, secret)| CrmSettings { url, secret });
        OutgoingSettings { crm, webhooks: self.webhook_reach() }
    }

    fn webhook_reach(&self) -> AddressPolicy {
        if self.webhook_private_addresses { AddressPolicy::Anywhere } else { AddressPolicy::Public }
    }

    /// Limits of the store.
    pub(crate) fn store_limits(&self) -> StoreLimits {
        StoreLimits {
            cache_bytes: self.cache_mib << 20,
            // Without a reserve, a full disk would be noticed only during a commit.
            min_free_disk_bytes: self.min_free_disk_mib << 20,
            ..StoreLimits::default()
        }
    }

    /// The settings of the shop itself.
    pub(crate) fn shop(&self) -> ShopSettings {
        ShopSettings {
            currency: self.currency,
            order_time_to_live: Duration::from_secs(self.order_ttl_seconds),
            low_stock_threshold: self.low_stock_threshold,
            order_notices: self.order_notices,
            order_digest_every: Duration::from_secs(self.order_digest_seconds),
            guest_unpaid_kept_for: self.kept.guest_unpaid(),
            store: self.store_limits(),
        }
    }

    /// The settings of the adapters.
    pub(crate) fn adapters(&self) -> AdapterSettings {
        AdapterSettings {
            has_database: self.store.is_some(),
            nats_url: self.nats_urls_with_login(),
            outbox_max_rows: self.outbox_max_rows,
            smtp_url: self.smtp_url.clone(),
            mail_from: self.mail_from.clone(),
            mail_texts: self.mail_texts(),
            data_dir: self.data.clone(),
            shop_name: self.shop_name.clone(),
            workers: self.workers,
            logs: self.logs(),
        }
    }

    /// How much of the log is kept.
    pub(crate) fn logs(&self) -> LogLimits {
        LogLimits {
            keep_for: Duration::from_secs(u64::from(self.log_keep_days) * 24 * 60 * 60),
            keep_bytes: u64::from(self.log_keep_mib) << 20,
        }
    }

    fn mail_texts(&self) -> Option<PathBuf> {
        let default = || Some(PathBuf::from(DEFAULT_MAIL_TEXTS)).filter(|it| it.is_dir());
        self.mail_texts.clone().or_else(default)
    }

    /// The shop's base URL: the configured one, else the address it listens on.
    pub(crate) fn base_url(&self) -> String {
        let here = || format!("http://{}", self.listen);
        self.public_url.clone().unwrap_or_else(here).trim_end_matches('/').to_owned()
    }

    /// The configured base of links.
    pub(crate) fn public_url(&self) -> Option<&str> {
        self.public_url.as_deref()
    }

    /// Whether the key that signs tokens is configured.
    pub(crate) fn has_jwt_secret(&self) -> bool {
        self.jwt_secret.is_some()
    }

    /// Whether the gateway's messages can be verified.
    pub(crate) fn can_verify_gateway_messages(&self) -> bool {
        !self.webhook_secrets().is_empty()
    }

    /// The mail server, without its password.
    pub(crate) fn mail_server(&self) -> Option<String> {
        self.smtp_url.as_deref().map(without_login)
    }

    /// The broker, without its password.
    pub(crate) fn broker(&self) -> Option<String> {
        let addresses = self.nats_url.as_deref()?.split(',').map(str::trim);
        Some(addresses.map(without_login).collect::<Vec<_>>().join(", "))
    }

    /// The shop's currency.
    pub(crate) fn currency(&self) -> Currency {
        self.currency
    }

    /// The settings of the application that listens at `address`.
    ///
    /// # Errors
    /// [`SettingsError::Secret`].
    pub(crate) fn app(&self, address: SocketAddr) -> Result<AppSettings, SettingsError> {
        Ok(AppSettings {
            jwt_secret: self.jwt_secret()?,
            public_url: self.public_url.clone(),
            address,
            shop_name: self.shop_name.clone(),
            returns: self.returns(),
            throttles_guessing: self.rate_limit,
            guest_limits: self.guest_limits,
            kept_limits: self.kept.limits,
            services: self.service_tokens.clone(),
            webhook_secrets: self.webhook_secrets(),
            cancels_on_payment_failed: self.cancel_on_payment_failed,
            webhook_reach: self.webhook_reach(),
        })
    }

    /// The key that signs tokens: the configured one, else one that is generated once and stored.
    ///
    /// # Errors
    /// The disk failed.
    fn jwt_secret(&self) -> Result<Vec<u8>, SettingsError> {
        if let Some(secret) = &self.jwt_secret {
            return Ok(secret.clone().into_bytes());
        }
        let path = self.data.join(JWT_SECRET_FILE);
        let failed = |source| SettingsError::Secret { path: path.clone(), source };
        match fs::read(&path) {
            Ok(secret) if secret.len() >= JWT_SECRET_BYTES => return Ok(secret),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let secret = souk_actors::random_hex(JWT_SECRET_BYTES).into_bytes();
        // Written to a second file and renamed, so that a crash leaves the whole key or none.
        let unfinished = path.with_extension("new");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)
            .map_err(failed)?;
        file.write_all(&secret).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&unfinished, &path).map_err(failed)?;
        Ok(secret)
    }
}
