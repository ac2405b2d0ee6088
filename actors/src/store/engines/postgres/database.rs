//! Which database: the operator's URL, and what can be wrong with it.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// After this long without an acknowledgement from the other side a connection is dead.
const SILENCE: Duration = Duration::from_secs(5);
const DEFAULT_PORT: u16 = 5_432;

/// A PostgreSQL database, as the operator named it. Its `Debug` and `Display` hide the password.
#[derive(Clone)]
pub struct Database {
    config: Arc<tokio_postgres::Config>,
    /// Certificates that servers are checked against, instead of the system's.
    root_certificates: Option<PathBuf>,
}

/// Why a URL names no database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadUrl(String);

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// No connection.
    #[error("cannot connect to {database}: {why}")]
    Connect {
        /// The database.
        database: Database,
        /// What its server, or the network, said.
        why: String,
    },
    /// TLS cannot be set up.
    #[error("cannot set up TLS to the database: {why}")]
    Tls {
        /// The cause.
        why: String,
    },
    /// A statement failed.
    #[error("{database} refused a statement: {why}")]
    Statement {
        /// The database.
        database: Database,
        /// What it said.
        why: String,
    },
    /// It has tables of something else.
    #[error(
        "{database} has tables of another application ({tables}); it was left as it is: give Souk a database of \
         its own, or a schema of its own with ?options=-csearch_path%3DNAME"
    )]
    OtherApplication {
        /// The database.
        database: Database,
        /// Some of these tables.
        tables: String,
    },
    /// It is empty.
    #[error(
        "{database} has no shop yet: `souk migrate` makes its tables, and so does `souk serve` unless \
         migrate_on_start is off"
    )]
    NoShop {
        /// The database.
        database: Database,
    },
    /// It lacks tables, as before the first start of a newer version.
    #[error(
        "{database} lacks tables of this version of Souk ({tables}): `souk migrate` makes them, and so \
         does `souk serve` unless migrate_on_start is off"
    )]
    Incomplete {
        /// The database.
        database: Database,
        /// The missing tables.
        tables: String,
    },
    /// Written by a newer or unknown Souk.
    #[error(
        "the tables in {database} have format {found}; this program reads {known}: use the version of Souk \
         that made them"
    )]
    UnknownFormat {
        /// The database.
        database: Database,
        /// The format that was found.
        found: String,
        /// The format this program knows.
        known: String,
    },
    /// It takes no writes.
    #[error(
        "{database} is read-only (a standby?): name the primary, or several hosts with \
         ?target_session_attrs=read-write"
    )]
    ReadOnly {
        /// The database.
        database: Database,
    },
    /// The clocks differ.
    #[error(
        "this machine's clock is {seconds:.1} s off that of {database}: let both follow a time server (NTP)"
    )]
    Clock {
        /// The database.
        database: Database,
        /// The difference, in seconds.
        seconds: f64,
    },
    /// A pooler gives each transaction another connection.
    #[error(
        "{database} is behind a pooler in transaction mode: set pool_mode = session for this database, or \
         connect to PostgreSQL itself"
    )]
    TransactionPooling {
        /// The database.
        database: Database,
    },
    /// The copy of the rows on this machine cannot be used.
    #[error("cannot keep the copy of the rows in {}", .path.display())]
    Copy {
        /// The copy's file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: Box<redb::Error>,
    },
    /// A thread could not be started.
    #[error("cannot start the threads that talk to the database")]
    Threads(#[source] std::io::Error),
}

impl Database {
    /// Reads `postgres://user:password@host:port/database?sslmode=…`.
    ///
    /// # Errors
    /// [`BadUrl`], without the password.
    pub fn from_url(url: &str) -> Result<Self, BadUrl> {
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut ssl_mode, mut root_certificates, mut rest) = (None, None, Vec::new());
        for parameter in query.split('&').filter(|it| !it.is_empty()) {
            match parameter.split_once('=') {
                Some(("sslmode", mode)) => ssl_mode = Some(ssl_mode_of(mode)?),
                Some(("sslrootcert", path)) => root_certificates = Some(PathBuf::from(path)),
                _ => rest.push(parameter),
            }
        }
        let mut plain = address.to_owned();
        if !rest.is_empty() {
            plain = format!("{plain}?{}", rest.join("&"));
        }
        let mut config: tokio_postgres::Config =
            plain.parse().map_err(|error| BadUrl(super::session::with_causes(&error)))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(BadUrl("names no host".to_owned()));
        }
        if config.get_dbname().is_none_or(str::is_empty) {
            return Err(BadUrl("names no database after the host".to_owned()));
        }
        config.ssl_mode(ssl_mode.unwrap_or(SslMode::Prefer));
        config.connect_timeout(CONNECT_TIMEOUT).tcp_user_timeout(SILENCE);
        config.keepalives_idle(SILENCE).keepalives_interval(SILENCE).keepalives_retries(2);
        if config.get_application_name().is_none() {
            config.application_name("souk");
        }
        Ok(Self { config: Arc::new(config), root_certificates })
    }

    /// True if all its hosts are this machine.
    #[must_use]
    pub fn is_on_this_machine(&self) -> bool {
        self.config.get_hosts().iter().all(|host| match host {
            Host::Tcp(name) => ["127.0.0.1", "localhost", "::1"].contains(&name.as_str()),
            Host::Unix(_) => true,
        })
    }

    pub(super) fn config(&self) -> &tokio_postgres::Config {
        &self.config
    }

    /// What makes TLS connections. Servers are checked against the system's certificates, or against
    /// those of `sslrootcert`.
    pub(super) fn tls(&self) -> Result<MakeRustlsConnect, DatabaseError> {
        let tls = |why: String| DatabaseError::Tls { why };
        let mut roots = rustls::RootCertStore::empty();
        if let Some(path) = &self.root_certificates {
            let named = |error: &dyn fmt::Display| tls(format!("{}: {error}", path.display()));
            let found = CertificateDer::pem_file_iter(path).map_err(|error| named(&error))?;
            for certificate in found {
                let certificate = certificate.map_err(|error| named(&error))?;
                roots.add(certificate).map_err(|error| named(&error))?;
            }
        } else if self.config.get_ssl_mode() != SslMode::Disable {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| tls(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(MakeRustlsConnect::new(config))
    }
}

fn ssl_mode_of(mode: &str) -> Result<SslMode, BadUrl> {
    match mode {
        "disable" => Ok(SslMode::Disable),
        "prefer" => Ok(SslMode::Prefer),
        // With TLS the certificate and the name in it are always checked.
        "require" | "verify-ca" | "verify-full" => Ok(SslMode::Require),
        other => Err(BadUrl(format!(
            "has sslmode={other}; it can be disable, prefer, require, verify-ca or verify-full"
        ))),
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        if let Some(user) = self.config.get_user() {
            write!(f, "{user}@")?;
        }
        let ports = self.config.get_ports();
        for (at, host) in self.config.get_hosts().iter().enumerate() {
            if at > 0 {
                f.write_str(",")?;
            }
            match host {
                Host::Tcp(name) => f.write_str(name)?,
                Host::Unix(path) => write!(f, "{}", path.display())?,
            }
            let port = ports.get(at).or(ports.first()).copied().unwrap_or(DEFAULT_PORT);
            write!(f, ":{port}")?;
        }
        write!(f, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_and_its_password_never_shown() {
        let url = "postgres://ann:s3cret@db.example:6432/shop?sslmode=verify-full&sslrootcert=/etc/ca.pem";
        let database = Database::from_url(url).expect("a database");
        assert_eq!(database.to_string(), "postgres://ann@db.example:6432/shop");
        assert!(!format!("{database:?}").contains("s3cret"));
        assert_eq!(database.config.get_ssl_mode(), SslMode::Require);
        assert_eq!(database.root_certificates, Some(PathBuf::from("/etc/ca.pem")));
    }

    #[test]
    fn several_hosts_and_sockets_are_hosts() {
        let url = "postgres://shop@one:1,two:2/shop?target_session_attrs=read-write";
        assert_eq!(
            Database::from_url(url).expect("a database").to_string(),
            "postgres://shop@one:1,two:2/shop"
        );
        let url = "postgres:///shop?host=/var/run/postgresql&user=shop";
        assert_eq!(
            Database::from_url(url).expect("a database").to_string(),
            "postgres://shop@/var/run/postgresql:5432/shop"
        );
    }

    #[test]
    fn a_bad_url_says_what_is_wrong() {
        for (url, what) in [
            ("postgres://ann@host", "names no database"),
            ("postgres://ann@host/shop?sslmode=sometimes", "sslmode=sometimes"),
            ("postgres://ann@host/shop?colour=red", "colour"),
            ("postgres:///shop", "names no host"),
            ("mysql://host/shop", ""),
        ] {
            let error = Database::from_url(url).expect_err(url).to_string();
            assert!(error.contains(what), "{url}: {error}");
        }
    }
}
