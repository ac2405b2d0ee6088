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

/// Whose permissions in `nats.conf` are meant where the address names no user.
const DEFAULT_USER: &str = "souk";
/// Name under which the broker lists this connection.
const CLIENT_NAME: &str = "souk";
/// Silence after which the broker is asked whether it is still there.
const PING_INTERVAL: Duration = Duration::from_secs(10);
/// Longest wait for a connection to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest wait for the answer to a request or for the acknowledgement of a message.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
const FIRST_RECONNECT_WAIT: Duration = Duration::from_millis(50);
const LONGEST_RECONNECT_WAIT: Duration = Duration::from_secs(2);
/// Commands that may wait for the connection.
const MAX_WAITING_COMMANDS: usize = 256;
/// Messages that may wait for one subscriber here; a batch of the mail consumer is smaller.
const MAX_WAITING_MESSAGES: usize = 1_024;
/// Messages published and not yet acknowledged, those of an interrupted relay session included.
const MAX_UNACKNOWLEDGED: usize = 1_024;
/// The client tells of its connection in passing; what it might drop is noticed after this.
const STATE_CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// Longest wait for room to send what may be lost.
const TELL_TIMEOUT: Duration = Duration::from_millis(100);
/// Longest wait for acknowledgements to leave when the connection is closed.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// The address of the broker cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BrokerError {
    /// It is no NATS address.
    #[error("{url} is not the address of a NATS server")]
    Address {
        /// What was given, without a password.
        url: String,
        /// What is wrong with it.
        #[source]
        source: std::io::Error,
    },
    /// The client could not be set up.
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

/// One unbroken connection, to notice that it broke even if there is a new one by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionNumber(u64);

impl Broker {
    /// Starts to connect and does not wait for it: the shop opens though the broker is away.
    /// `urls` may name several servers of one cluster, with commas between them; the first
    /// `user:password@` counts for all of them. Answers are heard under `_INBOX_<user>`, as the
    /// permissions in `nats.conf` want it.
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
        let noted = Arc::clone(&link);
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
                noted.note(&event);
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

    /// What the server says it is.
    pub(super) fn version(&self) -> String {
        self.client.server_info().version
    }

    pub(crate) fn context(&self) -> &jetstream::Context {
        &self.context
    }

    /// Waits until the broker answers.
    pub(crate) async fn connected(&self) -> ConnectionNumber {
        loop {
            let number = ConnectionNumber(*self.losses.borrow());
            if self.client.connection_state() == State::Connected {
                return number;
            }
            tokio::time::sleep(FIRST_RECONNECT_WAIT).await;
        }
    }

    /// Whether this connection is lost, which was logged then.
    pub(crate) fn has_lost(&self, connection: ConnectionNumber) -> bool {
        *self.losses.borrow() != connection.0 || self.client.connection_state() != State::Connected
    }

    /// Returns once this connection is lost, whether or not there is another one.
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

    /// Publishes what may be lost: false if it could not be sent at once.
    pub(crate) async fn tell(&self, subject: String, body: Vec<u8>) -> bool {
        if self.client.connection_state() != State::Connected {
            return false;
        }
        let telling = self.client.publish(subject, body.into());
        matches!(tokio::time::timeout(TELL_TIMEOUT, telling).await, Ok(Ok(())))
    }

    /// Sends what still waits to be sent, then closes the connection.
    pub(crate) async fn close(&self) {
        self.link.is_left();
        if self.client.connection_state() == State::Connected {
            let _ = tokio::time::timeout(CLOSE_TIMEOUT, self.client.flush()).await;
        }
        let _ = self.client.drain().await;
    }
}

/// A part of an address, without its percent signs.
fn decoded(part: &str) -> String {
    let pair = format!("={}", part.replace('+', "%2B").replace('&', "%26"));
    let value = url::form_urlencoded::parse(pair.as_bytes()).next();
    value.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// Where a user hears answers; a name that is no word of a subject counts as none.
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
