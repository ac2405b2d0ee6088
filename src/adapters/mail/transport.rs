//! Where mails go: to a mail server, or into files where none is configured.

use super::files::write_once;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::{Error as SmtpError, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Longest wait for one answer of the mail server.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(20);
/// Connections kept to the mail server.
const MAX_CONNECTIONS: u32 = 4;
/// A connection nobody used for so long is closed.
const MAX_IDLE: Duration = Duration::from_secs(30);
const SMTP_PORT: u16 = 25;

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
pub(super) enum SendError {
    /// By the mail server's word, or because it cannot be reached.
    #[error("the mail server did not take it")]
    Smtp(#[source] SmtpError),
    /// By the file system's.
    #[error("it could not be written")]
    File(#[source] io::Error),
}

impl Transport {
    /// A mail server by its URL: `smtps://` speaks TLS from the start; `smtp://` changes to TLS if
    /// the server offers it, `smtp://…?tls=required` insists, `smtp://…?tls=none` never does.
    ///
    /// # Errors
    /// [`SmtpUrlError`].
    pub(crate) fn smtp(url: &str) -> Result<Self, SmtpUrlError> {
        let mut url = url::Url::parse(url).map_err(SmtpUrlError::Url)?;
        let tls =
            url.query_pairs().find(|(name, _)| name == "tls").map(|(_, tls)| tls.into_owned());
        let host = url.host_str().ok_or(SmtpUrlError::NoHost)?.to_owned();
        if tls.as_deref() == Some("none") {
            url.set_query(None);
        }
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str())
            .map_err(SmtpUrlError::Server)?;
        if url.scheme() == "smtp" && tls.is_none() {
            let parameters = TlsParameters::new(host).map_err(SmtpUrlError::Server)?;
            builder =
                builder.port(url.port().unwrap_or(SMTP_PORT)).tls(Tls::Opportunistic(parameters));
        }
        let pool = PoolConfig::new().max_size(MAX_CONNECTIONS).idle_timeout(MAX_IDLE);
        Ok(Self::Smtp(builder.timeout(Some(COMMAND_TIMEOUT)).pool_config(pool).build()))
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

    /// Takes leave of the mail server.
    pub(super) async fn close(&self) {
        if let Self::Smtp(server) = self {
            server.shutdown().await;
        }
    }
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
        ] {
            assert!(Transport::smtp(url).is_ok(), "{url}");
        }
        for url in ["mail.example", "http://mail.example", "smtp://mail.example?tls=maybe", ""] {
            assert!(Transport::smtp(url).is_err(), "{url}");
        }
    }
}
