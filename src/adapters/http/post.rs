//! Sends one message to one URL: resolves, connects, signs, sends, and reads the status. One
//! connection per message, no redirects, no proxy, one time limit over all of it.
//!
//! It connects to the very address that it checked, so a DNS name that changes between check and
//! connection cannot lead to a private address.

use super::address::special_use;
use super::bounded::Bounded;
use super::signature::sign;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, USER_AGENT};
use http::{Request, StatusCode};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use souk_actors::clock;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

/// Time limit for the whole exchange, connecting included.
const TIME_LIMIT: Duration = Duration::from_secs(15);
/// Time limit for connecting to one of several addresses.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Most addresses of one name that are tried.
const ADDRESSES_MAX: usize = 4;
/// Most octets read of an answer, up to the end of its headers; interim answers (1xx) included.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Header: the message's id. It is the same on every try, so that receivers can recognise repeats.
const ID_HEADER: &str = "souk-id";
/// Header: see [`sign`].
const SIGNATURE_HEADER: &str = "souk-signature";

/// Which addresses a message may be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressPolicy {
    /// Any address: the operator chose the URL.
    Anywhere,
    /// Only addresses on the public Internet.
    Public,
}

/// A message to send.
#[derive(Clone, Debug)]
pub(super) struct SignedRequest {
    pub(super) url: Url,
    pub(super) reach: AddressPolicy,
    pub(super) id: String,
    /// The secret that signs the message.
    pub(super) secret: String,
    pub(super) content_type: &'static str,
    pub(super) body: Bytes,
}

/// Why no answer arrived.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PostError {
    #[error("no answer within {} s", TIME_LIMIT.as_secs())]
    TimedOut,
    #[error("the URL names no host")]
    NoHost,
    #[error("the host has no address")]
    NoAddress(#[source] Option<std::io::Error>),
    /// With [`AddressPolicy::Public`] only.
    #[error(
        "{0} is not on the open Internet ({1}); the setting SOUK_WEBHOOK_PRIVATE_ADDRESSES=true allows \
         such addresses"
    )]
    PrivateAddress(IpAddr, &'static str),
    #[error("cannot connect")]
    Connect(#[source] std::io::Error),
    #[error("no secure connection")]
    Tls(#[source] std::io::Error),
    #[error("the request cannot be written")]
    Request(#[source] http::Error),
    #[error("the answer does not come to an end of its headers within {ANSWER_BYTES_MAX} octets")]
    EndlessAnswer,
    #[error("the connection broke off")]
    Http(#[source] hyper::Error),
}

/// Sends messages. Cheap to clone.
#[derive(Clone)]
pub(super) struct Poster {
    tls: TlsConnector,
}

impl Poster {
    /// Trusts the certificate authorities of the operating system and those the web trusts.
    pub(super) fn new() -> Self {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        let found = rustls_native_certs::load_native_certs();
        for error in found.errors {
            tracing::debug!(%error, "a certificate of the system cannot be read");
        }
        roots.add_parsable_certificates(found.certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring knows the versions of TLS that rustls does")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { tls: TlsConnector::from(Arc::new(config)) }
    }

    /// Sends a message and returns the status of the answer; the answer's body is not read.
    ///
    /// # Errors
    /// [`PostError`]; the receiver may have received the message anyway.
    pub(super) async fn post(&self, message: &SignedRequest) -> Result<StatusCode, PostError> {
        let posting = self.post_unbounded(message);
        tokio::time::timeout(TIME_LIMIT, posting).await.unwrap_or(Err(PostError::TimedOut))
    }

    async fn post_unbounded(&self, message: &SignedRequest) -> Result<StatusCode, PostError> {
        let addresses = addresses(&message.url, message.reach).await?;
        let stream = connect(&addresses).await?;
        if message.url.scheme() != "https" {
            return ask(stream, message).await;
        }
        let host = message.url.host_str().ok_or(PostError::NoHost)?;
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned());
        let name = name.map_err(|_| PostError::NoHost)?;
        ask(self.tls.connect(name, stream).await.map_err(PostError::Tls)?, message).await
    }
}

/// The addresses of a URL's host. With [`AddressPolicy::Public`], one private address rejects them all.
///
/// # Errors
/// [`PostError`].
pub(crate) async fn addresses(
    url: &Url,
    reach: AddressPolicy,
) -> Result<Vec<SocketAddr>, PostError> {
    let port = url.port_or_known_default().ok_or(PostError::NoHost)?;
    let found: Vec<SocketAddr> = match url.host().ok_or(PostError::NoHost)? {
        Host::Ipv4(address) => vec![(address, port).into()],
        Host::Ipv6(address) => vec![(address, port).into()],
        Host::Domain(name) => tokio::net::lookup_host((name, port))
            .await
            .map_err(|error| PostError::NoAddress(Some(error)))?
            .collect(),
    };
    let special = |found: &SocketAddr| Some((found.ip(), special_use(found.ip())?));
    if reach == AddressPolicy::Public
        && let Some((address, why)) = found.iter().find_map(special)
    {
        return Err(PostError::PrivateAddress(address, why));
    }
    if found.is_empty() { Err(PostError::NoAddress(None)) } else { Ok(found) }
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, PostError> {
    let mut failure = std::io::ErrorKind::TimedOut.into();
    for address in addresses.iter().take(ADDRESSES_MAX) {
        match tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failure = error,
            Err(_) => {}
        }
    }
    Err(PostError::Connect(failure))
}

async fn ask<T>(stream: T, message: &SignedRequest) -> Result<StatusCode, PostError>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let request = request(message).map_err(PostError::Request)?;
    let (stream, is_exceeded) = Bounded::new(stream, ANSWER_BYTES_MAX);
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(ANSWER_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(PostError::Http)?;
    let mut asking = std::pin::pin!(sender.send_request(request));
    // The connection ends with this future, with or without an answer.
    let answer = tokio::select! {
        biased;
        answer = &mut asking => answer,
        // The request future holds the answer that was read before the end, or the error.
        _ = connection => asking.await,
    };
    match answer {
        Ok(answer) => Ok(answer.status()),
        Err(_) if is_exceeded.load(Ordering::Relaxed) => Err(PostError::EndlessAnswer),
        Err(error) => Err(PostError::Http(error)),
    }
}

fn request(message: &SignedRequest) -> Result<Request<Full<Bytes>>, http::Error> {
    let SignedRequest { url, id, secret, content_type, body, .. } = message;
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    Request::post(target)
        .header(HOST, host)
        .header(USER_AGENT, concat!("Souk/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, *content_type)
        .header(CONTENT_LENGTH, body.len())
        .header("connection", "close")
        .header(ID_HEADER, id)
        .header(SIGNATURE_HEADER, sign(secret, body, clock::now().seconds()))
        .body(Full::new(body.clone()))
}
