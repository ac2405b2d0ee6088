//! One connection to the broker, shared by the relay and the mail consumer.

use super::link::Link;
use crate::adapters::tasks::RelayStatus;
use crate::adapters::tasks::wait_after;
use async_nats::connection::State;
use async_nats::jetstream::context::ContextBuilder;
use async_nats::{Client, ConnectOptions, ServerAddr, jetstream};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The user whose permissions in `nats.conf` apply if the URL names none.
const DEFAULT_USER: &str = "souk";
/// Name of this connection in the broker's list.
const CLIENT_NAME: &str = "souk";
/// After this much silence the client pings the broker.
const PING_INTERVAL: Duration = Duration::from_secs(10);
/// Time limit for connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Time limit for the answer to a request or the acknowledgement of a message.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
const FIRST_RECONNECT_WAIT: Duration = Duration::from_millis(50);
const LONGEST_RECONNECT_WAIT: Duration = Duration::from_secs(2);
/// Commands that may queue for the connection.
const MAX_WAITING_COMMANDS: usize = 256;
/// Messages that may queue for one subscriber; a batch of the mail consumer is smaller.
const MAX_WAITING_MESSAGES: usize = 1_024;
/// Messages published and not yet acknowledged, including those of an interrupted relay session.
const MAX_UNACKNOWLEDGED: usize = 1_024;
/// The client may drop events about its connection; this check notices a dropped one.
const STATE_CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// Longest wait for room to publish a message that may be lost.
const PUBLISH_TIMEOUT: Duration = Duration::from_millis(100);
/// Longest wait at closing for acknowledgements to be sent.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// The broker's URL cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BrokerError {
    /// It is not a NATS URL.
    #[error("{url} is not the address of a NATS server")]
    Address {
        /// The URL without its password.
        url: String,
        #[source]
        source: std::io::Error,
    },
    /// The client could not be created.
    #[error("the NATS client cannot be set up")]
    Setup(#[source] async_nats::ConnectError),
}

/// The broker. Cheap to clone; all clones share the connection.
#[derive(Clone)]
pub(crate) struct Broker {
    client: Client,
    context: jetstream::Context,
    /// Counts lost connections.
    losses: watch::Receiver<u64>,
    link: Arc<Link>,
}

/// One unbroken connection, so that its loss is noticed even after a reconnect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionNumber(u64);

impl Broker {
    /// Starts to connect in the background: the shop opens even if the broker is away. `urls` may name
    /// several servers of one cluster, separated by commas; the first `user:password@` applies to all of
    /// them. Replies arrive under `_INBOX_<user>`, as the permissions in `nats.conf` require.
    ///
    /// # Errors
    /// [`BrokerError`].
    pub(crate) async fn connect(urls: &str, status: Arc<RelayStatus>) -> Result<Self, BrokerError> {
        let mut addresses = Vec::new();
        let mut login = None;
        let mut shown = Vec::new();
        for url in urls.split(',').map(str::trim) {
            let without_login = || url.rsplit('@').next().unwrap_or_default().to_owned();
            let address = url.parse::<ServerAddr>();
            let address =
                address.map_err(|source| BrokerError::Address { url: without_login(), source })?;
            shown.push(format!("{}://{}:{}", address.scheme(), address.host(), address.port()));
            if login.is_none() && address.has_user_pass() {
                let part = |part: Option<&str>| decoded(part.unwrap_or_default());
                login = Some((part(address.username()), part(address.password())));
            }
            addresses.push(address);
        }
        let (lost, losses) = watch::channel(0_u64);
        let options = match login.clone() {
            Some((user, password)) => ConnectOptions::with_user_and_password(user, password),
            None => ConnectOptions::new(),
        };
        let link = Arc::new(Link::to(shown.join(", "), lost, status));
        let observer = Arc::clone(&link);
        let user = login.map_or_else(|| DEFAULT_USER.to_owned(), |(user, _)| user);
        let client = options
            .custom_inbox_prefix(inbox_of(&user))
            .name(CLIENT_NAME)
            .retry_on_initial_connect()
            .ping_interval(PING_INTERVAL)
            .connection_timeout(CONNECT_TIMEOUT)
            .request_timeout(Some(REQUEST_TIMEOUT))
            .client_capacity(MAX_WAITING_COMMANDS)
            .subscription_capacity(MAX_WAITING_MESSAGES)
            .no_echo()
            .reconnect_delay_callback(|attempts| {
                let failures = u32::try_from(attempts).unwrap_or(u32::MAX);
                wait_after(failures, FIRST_RECONNECT_WAIT, LONGEST_RECONNECT_WAIT)
            })
            .event_callback(move |event| {
                observer.record(&event);
                async {}
            })
            .connect(addresses)
            .await
            .map_err(BrokerError::Setup)?;
        let context = ContextBuilder::new()
            .timeout(REQUEST_TIMEOUT)
            .ack_timeout(REQUEST_TIMEOUT)
            .max_ack_inflight(MAX_UNACKNOWLEDGED)
            .build(client.clone());
        Ok(Self { client, context, losses, link })
    }

    /// The server's version.
    pub(super) fn version(&self) -> String {
        self.client.server_info().version
    }

    pub(crate) fn context(&self) -> &jetstream::Context {
        &self.context
    }

    /// Waits until the broker is connected.
    pub(crate) async fn connected(&self) -> ConnectionNumber {
        loop {
            let number = ConnectionNumber(*self.losses.borrow());
            if self.client.connection_state() == State::Connected {
                return number;
            }
            tokio::time::sleep(FIRST_RECONNECT_WAIT).await;
        }
    }

    /// Whether this connection is lost; the loss is in the log.
    pub(crate) fn has_lost(&self, connection: ConnectionNumber) -> bool {
        *self.losses.borrow() != connection.0 || self.client.connection_state() != State::Connected
    }

    /// Returns once this connection is lost, even if there is a new one by then.
    pub(crate) async fn lost(&self, connection: ConnectionNumber) {
        let mut losses = self.losses.clone();
        loop {
            let is_other = *losses.borrow_and_update() != connection.0;
            if is_other || self.client.connection_state() != State::Connected {
                return;
            }
            let _ = tokio::time::timeout(STATE_CHECK_INTERVAL, losses.changed()).await;
        }
    }

    /// Publishes a message that may be lost; false if it could not be sent at once.
    pub(crate) async fn publish_if_ready(&self, subject: String, body: Vec<u8>) -> bool {
        if self.client.connection_state() != State::Connected {
            return false;
        }
        let publishing = self.client.publish(subject, body.into());
        matches!(tokio::time::timeout(PUBLISH_TIMEOUT, publishing).await, Ok(Ok(())))
    }

    /// Flushes what waits to be sent, then closes the connection.
    pub(crate) async fn close(&self) {
        self.link.will_close();
        if self.client.connection_state() == State::Connected {
            let _ = tokio::time::timeout(CLOSE_TIMEOUT, self.client.flush()).await;
        }
        let _ = self.client.drain().await;
    }
}

/// Decodes the percent escapes of a part of the URL.
fn decoded(part: &str) -> String {
    let pair = format!("={}", part.replace('+', "%2B").replace('&', "%26"));
    let value = url::form_urlencoded::parse(pair.as_bytes()).next();
    value.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// The prefix of a user's reply subjects. A name that cannot be part of a subject is replaced by the default user.
fn inbox_of(user: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    let is_word = !user.is_empty() && user.bytes().all(is_plain);
    format!("_INBOX_{}", if is_word { user } else { DEFAULT_USER })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_may_hold_any_character() {
        assert_eq!(decoded("p%40ss+%26%3d"), "p@ss+&=");
        assert_eq!(decoded("plain&=x"), "plain&=x");
    }

    #[test]
    fn everybody_hears_answers_in_a_place_of_their_own() {
        assert_eq!(inbox_of("mailer"), "_INBOX_mailer");
        assert_eq!(inbox_of("a.>"), "_INBOX_souk");
    }
}
