//! Sends mails to a mail server, or writes them to files if none is configured.

use super::files::write_once;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{AsyncSmtpTransportBuilder, Error as SmtpError, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

/// Time limit for one answer of the mail server.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(20);
/// Most open connections to the mail server.
const MAX_CONNECTIONS: u32 = 4;
/// A connection that is idle for this long is closed.
const MAX_IDLE: Duration = Duration::from_secs(30);
const SMTP_PORT: u16 = 25;

/// Submission with STARTTLS (RFC 6409).
const SUBMISSION_PORT: u16 = 587;
/// Alias of `smtp://…?tls=required`.
const STARTTLS_SCHEME: &str = "smtp+starttls";
/// URL parameter: a PEM file with certificates to trust in addition to the public ones.
const CERTIFICATES: &str = "ca";
/// Last line of a certificate in a PEM file.
const CERTIFICATE_END: &str = "-----END CERTIFICATE-----";

/// The mail server's URL cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SmtpUrlError {
    /// It is not a URL.
    #[error("the address of the mail server is no URL")]
    Url(#[source] url::ParseError),
    /// Its scheme or its parameters are wrong. The URL is not repeated here: it may hold a password.
    #[error("the mail server needs an address such as smtp://user:password@host:587")]
    Server(#[source] SmtpError),
    /// It has no host.
    #[error("the address of the mail server names no host")]
    NoHost,
    /// Its certificate file cannot be read.
    #[error("the certificates in {} cannot be read", .file.display())]
    Certificates {
        file: PathBuf,
        #[source]
        source: io::Error,
    },
    /// Its certificate file holds no certificate.
    #[error("{} holds no certificate", .file.display())]
    NoCertificate { file: PathBuf },
}

/// Where mails are sent.
pub(crate) enum Transport {
    /// A mail server.
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    /// `<name>.eml` files in this directory.
    Files(PathBuf),
}

/// A mail was not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// The mail server rejected it or cannot be reached.
    #[error("the mail server refused or cannot be reached")]
    Smtp(#[source] SmtpError),
    /// The file could not be written.
    #[error("it could not be written")]
    File(#[source] io::Error),
}

impl Transport {
    /// A mail server by its URL. `smtps://` uses TLS from the start. `smtp+starttls://` (port 587) and
    /// `smtp://…?tls=required` require STARTTLS. `smtp://` uses STARTTLS if the server offers it, and
    /// `smtp://…?tls=none` never does. `?ca=FILE` names certificates (PEM) to trust in addition to the
    /// public ones. A user and a password in the URL are used to log in.
    ///
    /// # Errors
    /// [`SmtpUrlError`].
    pub(crate) fn smtp(url: &str) -> Result<Self, SmtpUrlError> {
        let pool = PoolConfig::new().max_size(MAX_CONNECTIONS).idle_timeout(MAX_IDLE);
        Ok(Self::Smtp(server(url)?.timeout(Some(COMMAND_TIMEOUT)).pool_config(pool).build()))
    }

    /// Sends a mail. `name` identifies the mail: a file with that name is this mail.
    ///
    /// # Errors
    /// [`SendError`].
    pub(super) async fn send(&self, name: &str, message: &Message) -> Result<(), SendError> {
        match self {
            Self::Smtp(server) => {
                let sent = server.send_raw(message.envelope(), &message.formatted()).await;
                sent.map(drop).map_err(SendError::Smtp)
            }
            Self::Files(directory) => {
                let file = format!("{name}.eml");
                let written = write_once(directory.clone(), file, message.formatted()).await;
                written.map_err(SendError::File)
            }
        }
    }

    /// Connects and logs in, and sends no mail.
    ///
    /// # Errors
    /// [`SendError`].
    pub(crate) async fn try_connection(&self) -> Result<(), SendError> {
        match self {
            Self::Smtp(server) => server.test_connection().await.map(drop).map_err(SendError::Smtp),
            Self::Files(_) => Ok(()),
        }
    }

    /// Closes the connections to the mail server.
    pub(crate) async fn close(&self) {
        if let Self::Smtp(server) = self {
            server.shutdown().await;
        }
    }
}

/// Parses a mail server's URL as [`Transport::smtp`] does. Needs no runtime.
///
/// # Errors
/// [`SmtpUrlError`].
pub(crate) fn server(url: &str) -> Result<AsyncSmtpTransportBuilder, SmtpUrlError> {
    let mut url = url::Url::parse(url).map_err(SmtpUrlError::Url)?;
    let parameter = |name: &str| {
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    let (mut tls, certificates) = (parameter("tls"), parameter(CERTIFICATES));
    let host = url.host_str().ok_or(SmtpUrlError::NoHost)?.to_owned();
    if url.scheme() == STARTTLS_SCHEME {
        // Neither is a special scheme of the URL standard, so this cannot fail.
        let _ = url.set_scheme("smtp");
        if url.port().is_none() {
            let _ = url.set_port(Some(SUBMISSION_PORT));
        }
        tls = Some("required".to_owned());
    }
    let is_plain = tls.as_deref() == Some("none");
    url.set_query(tls.as_ref().filter(|_| !is_plain).map(|tls| format!("tls={tls}")).as_deref());
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str())
        .map_err(SmtpUrlError::Server)?;
    let parameters = || parameters(host, certificates.as_deref().map(Path::new));
    match (url.scheme(), tls.as_deref()) {
        ("smtps", _) => builder = builder.tls(Tls::Wrapper(parameters()?)),
        (_, Some("none")) => {}
        (_, Some("required")) => builder = builder.tls(Tls::Required(parameters()?)),
        (_, Some(_)) => builder = builder.tls(Tls::Opportunistic(parameters()?)),
        (_, None) => {
            let port = url.port().unwrap_or(SMTP_PORT);
            builder = builder.port(port).tls(Tls::Opportunistic(parameters()?));
        }
    }
    Ok(builder)
}

/// The TLS parameters: the host name and the certificates that the server's certificate must match.
fn parameters(host: String, certificates: Option<&Path>) -> Result<TlsParameters, SmtpUrlError> {
    let mut builder = TlsParameters::builder(host);
    if let Some(file) = certificates {
        let wrong = |source| SmtpUrlError::Certificates { file: file.to_owned(), source };
        let text = fs::read_to_string(file).map_err(wrong)?;
        let mut found = 0;
        for certificate in text.split_inclusive(CERTIFICATE_END) {
            if !certificate.contains(CERTIFICATE_END) {
                continue;
            }
            let certificate =
                Certificate::from_pem(certificate.as_bytes()).map_err(SmtpUrlError::Server)?;
            builder = builder.add_root_certificate(certificate);
            found += 1;
        }
        if found == 0 {
            return Err(SmtpUrlError::NoCertificate { file: file.to_owned() });
        }
    }
    builder.build().map_err(SmtpUrlError::Server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn addresses_of_mail_servers() {
        for url in [
            "smtp://localhost",
            "smtp://user:p%40ss@mail.example:2525",
            "smtp://mail.example?tls=required",
            "smtp://mail.example?tls=opportunistic",
            "smtp://mail.example?tls=none",
            "smtps://user:pass@mail.example",
            "smtp+starttls://user:pass@mail.example",
            "smtp+starttls://mail.example:2525",
        ] {
            assert!(Transport::smtp(url).is_ok(), "{url}");
        }
        for url in [
            "mail.example",
            "http://mail.example",
            "smtp://mail.example?tls=maybe",
            "smtps://mail.example?ca=/nowhere.pem",
            concat!("smtps://mail.example?ca=", env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
            "",
        ] {
            assert!(Transport::smtp(url).is_err(), "{url}");
        }
    }
}
