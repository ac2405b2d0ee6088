//! Consumes `SOUK_LOGS`: stores the log messages of any system.
//!
//! A message is acknowledged after it is stored, so none is lost, and one may be stored twice.

use super::connection::{Broker, ConnectionNumber};
use super::dead_letter::DeadLetters;
use super::streams::{self, LOGS};
use crate::adapters::tasks::LoopStatus;
use crate::adapters::tasks::{Interruption, Stop};
use crate::logs::{Level, LogCounts, LogRecord, LogRefusal, LogStore, SUBJECT_PREFIX};
use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::pull::Config;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer};
use futures_util::StreamExt;
use souk_actors::clock;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The durable consumer's name.
const CONSUMER: &str = "logger";
/// Every subject of the stream.
const ALL_SUBJECTS: &str = "souk.log.>";
/// Messages stored in one commit.
const MAX_BATCH: usize = 500;
/// Pause after each batch, so that a flood of log messages costs no more than storing a few thousand
/// lines a second.
const PAUSE: Duration = Duration::from_millis(100);
/// If more messages than this wait at the broker, lines below a warning are sampled.
const MAX_WAITING: u64 = 20_000;
/// The broker redelivers a batch that is not acknowledged for this long.
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_secs(60);
const MAX_UNANSWERED: i64 = 2_000;
/// How long one pull request waits at the broker.
const PULL_FOR: Duration = Duration::from_secs(30);

const DEAD_LETTERS: DeadLetters = DeadLetters { stream: LOGS, consumer: CONSUMER };

/// Consumes log messages from the broker.
#[derive(Clone)]
pub(crate) struct LogConsumer {
    pub(crate) broker: Broker,
    pub(crate) store: LogStore,
    pub(crate) counts: Arc<LogCounts>,
    pub(crate) status: Arc<LoopStatus>,
    pub(crate) stop: Stop,
}

/// Why a session of the consumer ended.
#[derive(Debug, thiserror::Error)]
enum LogConsumerError {
    #[error("the connection to the broker was lost")]
    ConnectionLost,
    #[error("the broker ended a pull")]
    Pull(#[source] async_nats::Error),
    #[error("the broker took no answer")]
    Answer(#[source] async_nats::Error),
}

impl LogConsumer {
    /// Stores messages until `stop` or the first failure of the broker or the log's store.
    ///
    /// # Errors
    /// [`Interruption`]; the broker redelivers unacknowledged messages.
    pub(crate) async fn session(self) -> Result<(), Interruption> {
        let connection = tokio::select! {
            connection = self.broker.connected() => connection,
            () = self.stop.requested() => return Ok(()),
        };
        let broker = self.broker.clone();
        let ended = self.follow(connection).await;
        ended.map_err(|interruption| interruption.of_known_cause(broker.has_lost(connection)))
    }

    async fn follow(self, connection: ConnectionNumber) -> Result<(), Interruption> {
        let context = self.broker.context();
        let consumer = tokio::select! {
            consumer = streams::consumer_on(context, config(), LOGS) => consumer?,
            () = self.broker.lost(connection) => {
                return Err(LogConsumerError::ConnectionLost.into());
            }
            () = self.stop.requested() => return Ok(()),
        };
        self.status.is_well();
        tokio::select! {
            ended = self.take_messages(&consumer) => ended,
            () = self.broker.lost(connection) => Err(LogConsumerError::ConnectionLost.into()),
            () = self.stop.requested() => Ok(()),
        }
    }

    async fn take_messages(&self, consumer: &PullConsumer) -> Result<(), Interruption> {
        loop {
            let mut messages = Vec::new();
            let mut first = consumer.batch().max_messages(1).expires(PULL_FOR).messages().await?;
            while let Some(message) = first.next().await {
                messages.push(message.map_err(LogConsumerError::Pull)?);
            }
            if messages.is_empty() {
                continue;
            }
            let mut rest = consumer.fetch().max_messages(MAX_BATCH - 1).messages().await?;
            while let Some(message) = rest.next().await {
                messages.push(message.map_err(LogConsumerError::Pull)?);
            }
            self.keep(messages).await?;
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn keep(&self, messages: Vec<Message>) -> Result<(), Interruption> {
        let (now, mut records) = (clock::now(), Vec::with_capacity(messages.len()));
        let oldest = self.store.oldest(now);
        let Some(last) = messages.last() else { return Ok(()) };
        for message in &messages {
            let waiting = message.info().map_or(0, |info| info.pending);
            match LogRecord::published(&message.subject, &message.payload, now, oldest) {
                Ok(record) if waiting > MAX_WAITING && !self.counts.takes_sample(record.level) => {}
                Ok(record) => records.push(record),
                Err(refusal) => self.refuse(message, &refusal).await?,
            }
        }
        if !records.is_empty() {
            let number = u64::try_from(records.len()).unwrap_or(u64::MAX);
            self.store.append(records).await?;
            self.counts.kept.fetch_add(number, Ordering::Relaxed);
        }
        // Acknowledges all messages up to the last one.
        last.ack().await.map_err(LogConsumerError::Answer)?;
        Ok(())
    }

    async fn refuse(&self, message: &Message, refusal: &LogRefusal) -> Result<(), Interruption> {
        let reason = refusal.to_string();
        DEAD_LETTERS.keep(self.broker.context(), message, &reason).await?;
        self.counts.refused.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(subject = %message.subject, reason, "a log message is refused");
        Ok(())
    }
}

fn config() -> Config {
    Config {
        durable_name: Some(CONSUMER.to_owned()),
        description: Some("Keeps the log".to_owned()),
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::All,
        ack_wait: ACKNOWLEDGE_WITHIN,
        max_deliver: -1,
        max_ack_pending: MAX_UNANSWERED,
        // Every subject of the stream: a malformed message becomes a dead letter with the reason.
        filter_subject: ALL_SUBJECTS.to_owned(),
        ..Config::default()
    }
}

/// The subject for lines of this service and level.
pub(super) fn subject(service: &str, level: Level) -> String {
    format!("{SUBJECT_PREFIX}{service}.{}", level.name())
}
