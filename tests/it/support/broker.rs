//! A real nats-server with the repository's nats.conf, on its own port and with its own store.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::ops::RangeBounds;
use std::process::Command;
use std::time::Duration;

use async_nats::jetstream;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::Mutex;

use super::process::Process;
use super::{environment, eventually};

pub(crate) struct Broker {
    directory: TempDir,
    port: u16,
    process: Option<Process>,
    /// The part of the stream that was read before.
    read: Mutex<Vec<Event>>,
}

/// One message of the stream SOUK_EVENTS.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) subject: String,
    pub(crate) message_id: String,
    pub(crate) body: Value,
}

impl Broker {
    pub(crate) fn start() -> Self {
        let directory =
            tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary directory");
        let mut broker = Self { directory, port: 0, process: None, read: Mutex::default() };
        broker.restart();
        broker
    }

    pub(crate) fn url(&self) -> String {
        self.url_of("souk")
    }

    /// The address with the name and password of a user in nats.conf.
    pub(crate) fn url_of(&self, user: &str) -> String {
        format!("nats://{user}:{}@127.0.0.1:{}", password_of(user), self.port)
    }

    /// A connection as one of these users.
    pub(crate) async fn client_of(&self, user: &str) -> async_nats::Client {
        async_nats::ConnectOptions::with_user_and_password(user.to_owned(), password_of(user))
            .custom_inbox_prefix(format!("_INBOX_{user}"))
            .connect(self.url_of(user))
            .await
            .expect("the broker can be reached")
    }

    /// Deletes the broker's disk. The broker must not run.
    pub(crate) fn wipe(&mut self) {
        assert!(self.process.is_none(), "a running broker keeps its files open");
        std::fs::remove_dir_all(self.directory.path().join("data/nats")).expect("deleted");
        self.read.get_mut().clear();
    }

    pub(crate) fn kill(&mut self) {
        self.process.take().expect("the broker runs").kill();
    }

    pub(crate) async fn stop(&mut self) {
        let process = self.process.take().expect("the broker runs");
        process.terminate();
        process.ended_within(Duration::from_secs(10)).await;
    }

    /// Starts it: the first time on a free port, later on the same one, always with the same store.
    pub(crate) fn restart(&mut self) {
        assert!(self.process.is_none(), "the broker runs already");
        let port = match self.port {
            0 => "-1".to_owned(),
            port => port.to_string(),
        };
        // The store in nats.conf is relative to the working directory.
        let mut command = Command::new(environment::nats_server());
        command
            .current_dir(self.directory.path())
            .arg("-c")
            .arg(environment::repository().join("nats.conf"));
        command.args(["-a", "127.0.0.1", "-p", &port]);
        command.envs(PASSWORDS.map(|(variable, user)| (variable, password_of(user))));
        let log = self.directory.path().join("nats.log");
        // The server logs this after JetStream has started.
        let ready = "Listening for client connections on ";
        let (process, line) = Process::start("nats-server", &mut command, &log, ready);
        self.process = Some(process);
        self.port = line
            .trim()
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok())
            .expect("a port number");
    }

    /// Every event on the stream, in order. Empty if the stream does not exist: the shop may not have created it yet.
    pub(crate) async fn events(&self) -> Vec<Event> {
        let context = jetstream::new(self.client_of("souk").await);
        let Ok(stream) = context.get_stream("SOUK_EVENTS").await else { return Vec::new() };
        let last = stream.cached_info().state.last_sequence;
        let mut read = self.read.lock().await;
        assert!(
            read.len() as u64 <= last,
            "the broker forgot events: {} were there, now {last}",
            read.len()
        );
        for sequence in read.len() as u64 + 1..=last {
            let message = stream
                .get_raw_message(sequence)
                .await
                .expect("a message within the limits of the stream");
            let message_id =
                message.headers.get("Nats-Msg-Id").map(ToString::to_string).unwrap_or_default();
            let body = serde_json::from_slice(&message.payload).expect("an event is JSON");
            read.push(Event { subject: message.subject.to_string(), message_id, body });
        }
        read.clone()
    }

    /// Publishes as any other system would; returns once the broker has stored the message.
    pub(crate) async fn publish(&self, subject: &str, body: impl Into<Vec<u8>>) {
        let client = self.client_of("souk").await;
        let context = jetstream::new(client);
        let published = context.publish(subject.to_owned(), body.into().into()).await;
        published.expect("sent").await.expect("a stream has the subject");
    }

    /// Publishes the same message many times, as fast as the broker accepts it.
    pub(crate) async fn flood(&self, subject: &str, body: &str, times: usize) {
        let client = self.client_of("souk").await;
        for _ in 0..times {
            client.publish(subject.to_owned(), body.to_owned().into()).await.expect("sent");
        }
        client.flush().await.expect("the broker has them");
    }

    /// Waits until this many notifications are in the queue.
    pub(crate) async fn expect_notifications(&self, number: impl RangeBounds<u64> + Debug) {
        let client = self.client_of("souk").await;
        let context = jetstream::new(client);
        eventually(&format!("{number:?} notifications in the queue"), async || {
            let stream = context.get_stream("SOUK_NOTIFY").await.ok()?;
            number.contains(&stream.cached_info().state.messages).then_some(())
        })
        .await;
    }

    /// The reasons in the dead letters of one consumer, in order.
    pub(crate) async fn reasons_of_dead_letters(&self, consumer: &str) -> Vec<String> {
        let client = self.client_of("souk").await;
        let Ok(stream) = jetstream::new(client).get_stream("SOUK_DEAD").await else {
            return Vec::new();
        };
        let state = &stream.cached_info().state;
        let mut reasons = Vec::new();
        for sequence in state.first_sequence.max(1)..=state.last_sequence {
            let letter = stream.get_raw_message(sequence).await.expect("a dead letter");
            if letter.subject.ends_with(consumer) {
                let reason = letter.headers.get("Souk-Dead-Reason").map(ToString::to_string);
                reasons.push(reason.unwrap_or_default());
            }
        }
        reasons
    }

    /// The events of one order, as the last words of their subjects; waits until there are as many as expected.
    pub(crate) async fn expect_history(&self, order: i64, history: &[&str]) -> Vec<Event> {
        let what = format!("the events {history:?} of order {order}");
        let events = eventually(&what, async || {
            let events = self.events_of_order(order).await;
            (events.len() >= history.len()).then_some(events)
        })
        .await;
        let happened: Vec<&str> = events.iter().map(Event::what).collect();
        assert_eq!(happened, history, "the history of order {order}: {events:#?}");
        expect_versions_without_gap(&events);
        events
    }

    pub(crate) async fn events_of_order(&self, order: i64) -> Vec<Event> {
        let mut events = self.events().await;
        expect_no_repetition(&events);
        events.retain(|event| event.order() == Some(order));
        events
    }
}

/// The users of nats.conf and the environment variables of their passwords.
const PASSWORDS: [(&str, &str); 4] = [
    ("SOUK_NATS_PASSWORD", "souk"),
    ("NATS_MAILER_PASSWORD", "mailer"),
    ("NATS_LOGGER_PASSWORD", "logger"),
    ("NATS_SUBSCRIBER_PASSWORD", "subscriber"),
];

fn password_of(user: &str) -> String {
    format!("{user}-password-1")
}

impl Event {
    /// `placed` in `souk.event.v1.order.17.placed`.
    pub(crate) fn what(&self) -> &str {
        self.subject.rsplit('.').next().unwrap_or_default()
    }

    /// 17 in `souk.event.v1.order.17.placed`; `None` if the subject is not about an order.
    pub(crate) fn order(&self) -> Option<i64> {
        self.subject.strip_prefix("souk.event.v1.order.")?.split('.').next()?.parse().ok()
    }

    pub(crate) fn version(&self) -> Option<u64> {
        self.body["data"]["version"].as_u64()
    }
}

#[track_caller]
fn expect_no_repetition(events: &[Event]) {
    let mut seen = BTreeSet::new();
    for event in events {
        assert!(seen.insert(&event.message_id), "published twice: {event:#?}");
    }
}

#[track_caller]
fn expect_versions_without_gap(events: &[Event]) {
    let versions: Vec<_> = events.iter().filter_map(Event::version).collect();
    let wanted: Vec<_> = (1..=events.len() as u64).collect();
    assert_eq!(versions, wanted, "versions count without a gap: {events:#?}");
}
