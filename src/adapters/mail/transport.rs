//! Where mails go: to a mail server, or into files where none is configured.

use super::files::write_once;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{AsyncSmtpTransportBuilder, Error as SmtpError, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

/// Longest wait for one answer of the mail server.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(20);
/// Connections kept to the mail server.
const MAX_CONNECTIONS: u32 = 4;
/// A connection nobody used for so long is closed.
const MAX_IDLE: Duration = Duration::from_secs(30);
const SMTP_PORT: u16 = 25;

/// Submission with STARTTLS (RFC 6409).
const SUBMISSION_PORT: u16 = 587;
/// Another way to write `smtp://…?tls=required`.
const STARTTLS_SCHEME: &str = "smtp+starttls";
/// Parameter of the URL: a file with certificates to trust beside the public ones.
const CERTIFICATES: &str = "ca";
/// Last line of a certificate in a PEM file.
const CERTIFICATE_END: &str = "-----END CERTIFICATE-----";

/// The address of the mail server cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SmtpUrlError {
    /// It is no URL.
    #[error("the address of the mail server is no URL")]
    Url(#[source] url::ParseError),
    /// It is none of a mail server. The URL is not repeated here: it may hold a password.
    #[error("the mail server needs an address such as smtp://user:password@host:587")]
    Server(#[source] SmtpError),
    /// It names no server.
    #[error("the address of the mail server names no host")]
    NoHost,
    /// It names a file with certificates, and that cannot be read.
    #[error("the certificates in {} cannot be read", .file.display())]
    Certificates {
        /// Which.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It names a file, and there is no certificate in it.
    #[error("{} holds no certificate", .file.display())]
    NoCertificate {
        /// Which.
        file: PathBuf,
    },
}

/// A way out for mails.
pub(crate) enum Transport {
    /// A mail server.
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    /// `<name>.eml` files in this directory.
    Files(PathBuf),
}

/// A mail was not handed over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// By the mail server's word, or because it cannot be reached.
    #[error("the mail server refused or cannot be reached")]
    Smtp(#[source] SmtpError),
    /// By the file system's.
    #[error("it could not be written")]
    File(#[source] io::Error),
}

impl Transport {
    /// A mail server by its URL: `smtps://` speaks TLS from the start; `smtp+starttls://` (port 587)
    /// and `smtp://…?tls=required` change to TLS before anything else is said; `smtp://` changes
    /// to TLS if the server offers it, and `smtp://…?tls=none` never does. `?ca=FILE` names
    /// certificates (PEM) to trust beside the public ones. A user and a password in the URL log in.
    ///
    /// # Errors
    /// [`SmtpUrlError`].
    pub(crate) fn smtp(url: &str) -> Result<Self, SmtpUrlError> {
        let pool = PoolConfig::new().max_size(MAX_CONNECTIONS).idle_timeout(MAX_IDLE);
        Ok(Self::Smtp(server(url)?.timeout(Some(COMMAND_TIMEOUT)).pool_config(pool).build()))
    }

    /// Hands a mail over. `name` is the same for the same mail: a file of that name is this mail.
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

    /// Connects and logs in, without a mail.
    ///
    /// # Errors
    /// [`SendError`].
    pub(crate) async fn try_connection(&self) -> Result<(), SendError> {
        match self {
            Self::Smtp(server) => server.test_connection().await.map(drop).map_err(SendError::Smtp),
            Self::Files(_) => Ok(()),
        }
    }

    /// Takes leave of the mail server.
    pub(crate) async fn close(&self) {
        if let Self::Smtp(server) = self {
            server.shutdown().await;
        }
    }
}

/// What the URL of a mail server says, as [`Transport::smtp`] reads it. Needs no runtime.
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
        // Neither scheme is one of the special ones, so this cannot fail.
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

/// What a certificate of the mail server must prove.
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
