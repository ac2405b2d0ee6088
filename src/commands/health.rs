//! `souk health`: asks the running shop over HTTP, for monitoring.

use crate::settings::{Listen, Settings};
use bytes::Bytes;
use clap::Args;
use http::header::HOST;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpStream;

/// Time limit for the answer.
const TIME_LIMIT: Duration = Duration::from_secs(3);
/// Most octets read of an answer's body.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// What to ask.
#[derive(Debug, Args)]
pub(super) struct Health {
    /// Ask whether the shop takes changes (/readyz), and not only whether it answers (/healthz).
    #[arg(long)]
    ready: bool,
}

/// Why the shop counts as unhealthy.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HealthError {
    #[error("cannot find the address of {listen}")]
    Resolve {
        listen: Listen,
        #[source]
        source: io::Error,
    },
    #[error("nobody listens on {address}")]
    Connect {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    #[error("{address} gives no answer within {} s", TIME_LIMIT.as_secs())]
    TimedOut { address: SocketAddr },
    #[error("{address} does not answer as a shop does")]
    Http {
        address: SocketAddr,
        #[source]
        source: hyper::Error,
    },
    #[error("the shop on {address} answers {status} {body}")]
    Unwell { address: SocketAddr, status: StatusCode, body: String },
}

/// Prints the answer of a healthy shop.
///
/// # Errors
/// [`HealthError`].
pub(super) async fn ask(options: &Health, settings: &Settings) -> Result<ExitCode, HealthError> {
    let resolve = |source| HealthError::Resolve { listen: settings.listen.clone(), source };
    let address = reachable(settings.listen.resolve().await.map_err(resolve)?);
    let path = if options.ready { "/readyz" } else { "/healthz" };
    let (status, body) = tokio::time::timeout(TIME_LIMIT, get(address, path))
        .await
        .unwrap_or(Err(HealthError::TimedOut { address }))?;
    if status != StatusCode::OK {
        return Err(HealthError::Unwell { address, status, body });
    }
    println!("{body}");
    Ok(ExitCode::SUCCESS)
}

async fn get(address: SocketAddr, path: &str) -> Result<(StatusCode, String), HealthError> {
    let stream = TcpStream::connect(address)
        .await
        .map_err(|source| HealthError::Connect { address, source })?;
    let wrong = |source| HealthError::Http { address, source };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(wrong)?;
    // Its error is reported by the request itself.
    let connection = tokio::spawn(connection);
    let request = Request::get(path)
        .header(HOST, address.to_string())
        .body(Empty::<Bytes>::new())
        .expect("an address is a valid header");
    let answer = sender.send_request(request).await.map_err(wrong)?;
    let status = answer.status();
    // If the body is too long or breaks off, the status alone is shown.
    let body = Limited::new(answer.into_body(), BODY_BYTES_MAX).collect().await;
    let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    connection.abort();
    Ok((status, String::from_utf8_lossy(&body).trim().to_owned()))
}

/// An address of this machine to connect to, also if the listener binds every address.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_every_address_is_reached_on_this_machine() {
        for (listen, reached) in [
            ("0.0.0.0:8000", "127.0.0.1:8000"),
            ("[::]:80", "[::1]:80"),
            ("127.0.0.2:8000", "127.0.0.2:8000"),
            ("[fd00::1]:8000", "[fd00::1]:8000"),
        ] {
            assert_eq!(reachable(listen.parse().expect("an address")).to_string(), reached);
        }
    }
}
