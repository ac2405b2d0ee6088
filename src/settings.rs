//! Settings: defaults, then config/souk.toml, then `SOUK_*` (design, "Surfaces others rely on").
//! Unknown keys are refused by name, so that a misspelt one is no silent default.

mod broker;
mod payments;
mod returns;

use crate::adapters::outgoing::{CrmSettings, OutgoingSettings, Reach};
use crate::adapters::{AdapterSettings, Workers};
use crate::app::{AppSettings, ServiceTokens, ServiceTokensError};
use crate::edge::{Cors, CorsError};
use crate::logs::LogLimits;
use figment::Figment;
use figment::providers::{Env, Format, Toml};
use returns::ReturnOriginsError;
use serde::{Deserialize, Deserializer};
use souk_actors::ShopSettings;
use souk_actors::orders::OrderNotices;
use souk_actors::store::StoreLimits;
use souk_domain::Currency;
use souk_stripe::{ApiBaseError, SecretKey, WebhookSecret};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::{Host, Url};

/// Read if it is there and no other file is named.
const DEFAULT_FILE: &str = "config/souk.toml";
/// Texts of mails, if it is there and no other directory is named.
const DEFAULT_MAIL_TEXTS: &str = "config/mail";
/// The key that signs tokens, where none is configured; in the data directory, mode 0600.
pub(crate) const JWT_SECRET_FILE: &str = "jwt-secret";
/// Octets of a made key (RFC 7518 section 3.2 wants at least 32 for HS256).
const JWT_SECRET_BYTES: usize = 32;
/// Largest page cache, so that the product fits a machine word.
const MAX_CACHE_MIB: usize = 65_536;

/// What the operator decides.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// Directory of the data.
    pub(crate) data: PathBuf,
    /// Where links of answers point; unset: derived from each request.
    #[serde(deserialize_with = "optional_text")]
    public_url: Option<String>,
    /// ISO 4217 code.
    #[serde(deserialize_with = "currency")]
    currency: Currency,
    /// The broker; unset: mails are drained in process.
    #[serde(deserialize_with = "optional_text")]
    nats_url: Option<String>,
    /// Who we are to the broker, if `nats_url` does not say so.
    #[serde(deserialize_with = "text")]
    nats_user: String,
    /// And with which password; unset: none.
    #[serde(deserialize_with = "optional_text")]
    nats_password: Option<String>,
    /// Pending rows of the outbox beyond which changes are refused.
    pub(crate) outbox_max_rows: u64,
    /// The mail server; unset: mails become files in DATA/mail.
    #[serde(deserialize_with = "optional_text")]
    smtp_url: Option<String>,
    /// Sender of mails.
    #[serde(deserialize_with = "optional_text")]
    mail_from: Option<String>,
    /// Directory of the texts of mails; unset: config/mail if it is there, else those built in.
    #[serde(deserialize_with = "optional_text")]
    mail_texts: Option<String>,
    /// How the shop calls itself in mails.
    shop_name: String,
    /// When a product's stock falls to this or below, the administrators get a mail.
    low_stock_threshold: u64,
    /// How the administrators hear of new orders.
    order_notices: OrderNotices,
    /// How long a new order waits for others in a digest.
    order_digest_seconds: u64,
    /// The account that takes the money; unset: the built-in sandbox does.
    #[serde(deserialize_with = "payments::secret_key")]
    stripe_secret_key: Option<SecretKey>,
    /// What the gateway signs its messages with.
    #[serde(deserialize_with = "payments::webhook_secrets")]
    stripe_webhook_secret: Vec<WebhookSecret>,
    /// Where Stripe is reached, if not at its own address.
    #[serde(deserialize_with = "optional_text")]
    stripe_api_base: Option<String>,
    /// How long a call to Stripe may take with all its attempts.
    stripe_timeout_seconds: u64,
    /// Where customers go after paying; unset: a page of the shop's own.
    #[serde(deserialize_with = "optional_text")]
    payment_success_url: Option<String>,
    /// Where customers go after giving up; unset: a page of the shop's own.
    #[serde(deserialize_with = "optional_text")]
    payment_cancel_url: Option<String>,
    /// Origins a call may send customers back to; unset: the shop's own and those of CORS.
    #[serde(deserialize_with = "optional_text")]
    return_origins: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    jwt_secret: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    service_tokens: Option<String>,
    /// Whose pages may read our answers in a browser; unset: nobody's.
    #[serde(deserialize_with = "optional_text")]
    cors_origins: Option<String>,
    /// Where completed orders are told; unset: nowhere.
    #[serde(deserialize_with = "optional_text")]
    crm_url: Option<String>,
    /// What the CRM knows our messages by.
    #[serde(deserialize_with = "optional_text")]
    crm_secret: Option<String>,
    /// Whether administrators' webhook endpoints may lie in private networks, and be HTTP.
    webhook_private_addresses: bool,
    /// How long an order may stay unpaid.
    order_ttl_seconds: u64,
    /// Whether the gateway's `payment_failed` cancels a pending order.
    cancel_on_payment_failed: bool,
    /// Whether the sandbox may be served on an address that others can reach.
    pub(crate) sandbox_public: bool,
    /// Whether guessing passwords is slowed down.
    rate_limit: Switch,
    /// Which consumers run within `souk serve`.
    #[serde(deserialize_with = "workers")]
    workers: Workers,
    /// Memory the store may use to cache pages, in MiB.
    cache_mib: usize,
    /// Below this much free space on the store's disk, changes are refused, in MiB.
    min_free_disk_mib: u64,
    /// Lines of the log are kept for so many days.
    log_keep_days: u32,
    /// Lines of the log may take so much of the disk, in MiB.
    log_keep_mib: u32,
    /// Which log lines: `info`, `souk=debug,warn`, …
    #[serde(deserialize_with = "text")]
    pub(crate) log: String,
    /// How log lines look.
    pub(crate) log_format: LogFormat,
}

/// On or off, as a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Switch {
    On,
    Off,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For a terminal.
    #[default]
    Text,
    /// For machines: one JSON object per line.
    Json,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("the settings file {} does not exist", .path.display())]
    NoFile { path: PathBuf },
    #[error("settings: {0}")]
    Wrong(Box<figment::Error>),
    #[error("cannot keep the token key in {}", .path.display())]
    Secret {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("service_tokens: {0}")]
    ServiceTokens(#[from] ServiceTokensError),
    #[error("cors_origins: {0}")]
    CorsOrigins(#[from] CorsError),
    #[error("stripe_api_base: {0}")]
    StripeApiBase(#[from] ApiBaseError),
    #[error(
        "stripe_webhook_secret: everybody knows the sandbox's; take the one Stripe shows for your endpoint"
    )]
    SandboxSecret,
    #[error("return_origins: {0}")]
    ReturnOrigins(#[from] ReturnOriginsError),
    #[error("{key}: {reason}")]
    ReturnAddress { key: &'static str, reason: &'static str },
    #[error("crm_url: {0}")]
    CrmUrl(&'static str),
    #[error("crm_secret: messages to the CRM must be signed")]
    NoCrmSecret,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8000)),
            data: PathBuf::from("data"),
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
            service_tokens: None,
            cors_origins: None,
            crm_url: None,
            crm_secret: None,
            webhook_private_addresses: false,
            order_ttl_seconds: 86_400,
            cancel_on_payment_failed: true,
            sandbox_public: false,
            rate_limit: Switch::On,
            workers: Workers::ALL,
            cache_mib: 16,
            min_free_disk_mib: 16,
            log_keep_days: 7,
            log_keep_mib: 256,
            log: "info".to_owned(),
            log_format: LogFormat::Text,
        }
    }
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// [`SettingsError`], with the name of the key.
    pub(crate) fn load(file: Option<&Path>) -> Result<Self, SettingsError> {
        let mut figment = Figment::new();
        let path = file.unwrap_or(Path::new(DEFAULT_FILE));
        if path.is_file() {
            figment = figment.merge(Toml::file_exact(path));
        } else if file.is_some() {
            return Err(SettingsError::NoFile { path: path.to_owned() });
        }
        let figment = figment.merge(Env::prefixed("SOUK_"));
        let mut settings: Self =
            figment.extract().map_err(|error| SettingsError::Wrong(Box::new(error)))?;
        settings.cache_mib = settings.cache_mib.clamp(1, MAX_CACHE_MIB);
        Ok(settings)
    }

    /// Refuses what cannot be used, and says what will not be.
    ///
    /// # Errors
    /// [`SettingsError`], with the name of the key.
    pub(crate) fn require_buildable(&self) -> Result<(), SettingsError> {
        self.service_tokens()?;
        self.returns()?;
        if let Some(stripe) = self.stripe()? {
            if stripe.key.is_for_tests() {
                tracing::warn!("Stripe is used with a test key: no real money moves");
            }
            if self.stripe_webhook_secret.is_empty() {
                tracing::warn!(
                    "stripe_webhook_secret is not set: no message of Stripe is believed, and what \
                     happens there is heard of only when somebody asks"
                );
            }
        }
        let unused = [(
            "stripe_api_base",
            self.stripe_api_base.is_some() && self.stripe_secret_key.is_none(),
        )];
        for (setting, _) in unused.iter().filter(|(_, is_set)| *is_set) {
            tracing::warn!(setting, "this version of Souk does not use this setting");
        }
        Ok(())
    }

    /// The services that may call, each with its token.
    ///
    /// # Errors
    /// What is no list of `name:token`.
    fn service_tokens(&self) -> Result<ServiceTokens, SettingsError> {
        Ok(ServiceTokens::parse(self.service_tokens.as_deref().unwrap_or_default())?)
    }

    /// Whose pages may read our answers in a browser.
    ///
    /// # Errors
    /// What is no list of origins.
    pub(crate) fn cors(&self) -> Result<Cors, SettingsError> {
        Ok(Cors::parse(self.cors_origins.as_deref().unwrap_or_default())?)
    }

    /// To whom the shop posts.
    ///
    /// # Errors
    /// A URL that is none, that is neither HTTPS nor of this machine, or a CRM without a secret.
    pub(crate) fn outgoing(&self) -> Result<OutgoingSettings, SettingsError> {
        let webhooks = self.webhook_reach();
        let Some(url) = &self.crm_url else { return Ok(OutgoingSettings { crm: None, webhooks }) };
        let url = Url::parse(url).map_err(|_| SettingsError::CrmUrl("this is no URL"))?;
        let is_this_machine = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if url.scheme() != "https" && !(url.scheme() == "http" && is_this_machine) {
            let rule = "it must be https (http only on this machine)";
            return Err(SettingsError::CrmUrl(rule));
        }
        let secret = self.crm_secret.clone().ok_or(SettingsError::NoCrmSecret)?;
        Ok(OutgoingSettings { crm: Some(CrmSettings { url, secret }), webhooks })
    }

    fn webhook_reach(&self) -> Reach {
        if self.webhook_private_addresses { Reach::Anywhere } else { Reach::Public }
    }

    /// Bounds of the store.
    pub(crate) fn store_limits(&self) -> StoreLimits {
        StoreLimits {
            cache_bytes: self.cache_mib << 20,
            // Without any reserve, every full disk would have to be met in the middle of a commit.
            min_free_disk_bytes: self.min_free_disk_mib.clamp(1, u64::MAX >> 20) << 20,
            ..StoreLimits::default()
        }
    }

    /// What the shop itself needs to know.
    pub(crate) fn shop(&self) -> ShopSettings {
        ShopSettings {
            currency: self.currency,
            order_time_to_live: Duration::from_secs(self.order_ttl_seconds),
            low_stock_threshold: self.low_stock_threshold,
            order_notices: self.order_notices,
            order_digest_every: Duration::from_secs(self.order_digest_seconds.max(1)),
            store: self.store_limits(),
        }
    }

    /// What leads out of the process.
    pub(crate) fn adapters(&self) -> AdapterSettings {
        AdapterSettings {
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
            keep_for: Duration::from_secs(u64::from(self.log_keep_days.max(1)) * 24 * 60 * 60),
            keep_bytes: u64::from(self.log_keep_mib.max(1)) << 20,
        }
    }

    fn mail_texts(&self) -> Option<PathBuf> {
        let default = || Some(PathBuf::from(DEFAULT_MAIL_TEXTS)).filter(|it| it.is_dir());
        self.mail_texts.as_ref().map(PathBuf::from).or_else(default)
    }

    /// Where the shop is to be found, as far as the settings say.
    pub(crate) fn base_url(&self) -> String {
        let here = || format!("http://{}", self.listen);
        self.public_url.clone().unwrap_or_else(here).trim_end_matches('/').to_owned()
    }

    /// The shop's currency.
    pub(crate) fn currency(&self) -> Currency {
        self.currency
    }

    /// What the application that listens at `address` needs to know.
    ///
    /// # Errors
    /// [`SettingsError::Secret`].
    pub(crate) fn app(&self, address: SocketAddr) -> Result<AppSettings, SettingsError> {
        Ok(AppSettings {
            jwt_secret: self.jwt_secret()?,
            public_url: self.public_url.clone(),
            address,
            shop_name: self.shop_name.clone(),
            returns: self.returns()?,
            throttles_guessing: self.rate_limit == Switch::On,
            services: self.service_tokens()?,
            webhook_secrets: self.webhook_secrets(),
            cancels_on_payment_failed: self.cancel_on_payment_failed,
            webhook_reach: self.webhook_reach(),
        })
    }

    /// The key that signs tokens: the configured one, else one made once and kept.
    ///
    /// # Errors
    /// A disk that fails.
    fn jwt_secret(&self) -> Result<Vec<u8>, SettingsError> {
        if let Some(secret) = &self.jwt_secret {
            if secret.len() < JWT_SECRET_BYTES {
                // RFC 7518 section 3.2.
                tracing::warn!("jwt_secret is shorter than 32 bytes: tokens may be forged");
            }
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
        // Written beside and renamed: a crash leaves the whole key or none.
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

/// A value of the environment looks like a number or a truth where it is meant as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Number(i64),
    Decimal(f64),
    Truth(bool),
}

impl Scalar {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
            Self::Decimal(number) => number.to_string(),
            Self::Truth(truth) => truth.to_string(),
        }
    }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Scalar::deserialize(deserializer).map(Scalar::into_text)
}

/// Empty means unset.
fn optional_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Some(text(deserializer)?).filter(|text| !text.is_empty()))
}

fn currency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Currency, D::Error> {
    let code = text(deserializer)?;
    let wrong = || serde::de::Error::custom(format!("{code} is no currency of two or no decimals"));
    Currency::from_code(&code).ok_or_else(wrong)
}

/// `mail,log`, one of them, or `off`.
fn workers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Workers, D::Error> {
    let text = text(deserializer)?;
    let mut workers = Workers { mail: false, log: false };
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match name {
            "mail" => workers.mail = true,
            "log" => workers.log = true,
            "off" => {}
            other => {
                let wrong = format!("{other} is no worker; name mail, log or both, or say off");
                return Err(serde::de::Error::custom(wrong));
            }
        }
    }
    Ok(workers)
}
