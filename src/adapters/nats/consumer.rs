//! Consumes `SOUK_NOTIFY` for the mail worker: sends each notification's mail and acknowledges it.

use super::connection::{Broker, ConnectionNumber};
use super::dead_letter::DeadLetters;
use super::streams::{self, NOTIFY, NOTIFY_SUBJECTS};
use crate::adapters::mail::{DeliveryError, Mailer, PermanentCause, RetryPolicy};
use crate::adapters::tasks::MailStatus;
use crate::adapters::tasks::{Interruption, Stop};
use crate::error_chain::chain;
use async_nats::jetstream::consumer::pull::{Batch, Config};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer};
use async_nats::jetstream::{AckKind, Message};
use futures_util::StreamExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::JoinSet;

/// The durable consumer's name.
const CONSUMER: &str = "mailer";
/// Mails sent at the same time.
const MAX_MAILS_UNDER_WAY: usize = 4;
/// The broker redelivers a notification that is not acknowledged for this long; longer than one
/// delivery may take.
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_secs(60);
/// Notifications delivered and not yet acknowledged. Mails that wait for a retry count, so more than
/// this many of them hold up new ones.
const MAX_UNANSWERED: i64 = 1_000;
/// How often an acknowledgement is sent if the broker does not confirm it.
const MAX_ANSWERS: u32 = 4;
/// How long one pull request waits at the broker.
const PULL_FOR: Duration = Duration::from_secs(30);
/// Wait before another try to keep a dead letter.
const DEAD_LETTER_RETRY: Duration = Duration::from_secs(30);
/// How long a stopping worker waits for mails in flight.
const STOP_WITHIN: Duration = Duration::from_secs(2);

const DEAD_LETTERS: DeadLetters = DeadLetters { stream: NOTIFY, consumer: CONSUMER };

/// Consumes notifications from the broker.
#[derive(Clone)]
pub(crate) struct NotifyConsumer {
    pub(crate) broker: Broker,
    pub(crate) mailer: Arc<Mailer>,
    pub(crate) retry: RetryPolicy,
    pub(crate) status: Arc<MailStatus>,
    pub(crate) stop: Stop,
}

/// Why a session of the consumer ended.
#[derive(Debug, thiserror::Error)]
enum ConsumerError {
    #[error("the connection to the broker was lost")]
    ConnectionLost,
    #[error("the broker ended a pull")]
    Pull(#[source] async_nats::Error),
}

impl NotifyConsumer {
    /// Sends mails until `stop` or the first failure of the broker.
    ///
    /// # Errors
    /// [`Interruption`]; the broker redelivers unacknowledged notifications.
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
            consumer = streams::consumer_on(context, config(), NOTIFY) => consumer?,
            () = self.broker.lost(connection) => return Err(ConsumerError::ConnectionLost.into()),
            () = self.stop.requested() => return Ok(()),
        };
        self.status.work.is_well();
        let mut under_way = JoinSet::new();
        let ended = tokio::select! {
            ended = self.take_mails(&consumer, &mut under_way) => ended,
            () = self.broker.lost(connection) => Err(ConsumerError::ConnectionLost.into()),
            () = self.stop.requested() => Ok(()),
        };
        // A mail that is cut off may be sent twice, so mails in flight may finish.
        let finish = async { while under_way.join_next().await.is_some() {} };
        if self.stop.is_requested() {
            let _ = tokio::time::timeout(STOP_WITHIN, finish).await;
        } else {
            finish.await;
        }
        ended
    }

    async fn take_mails(
        &self,
        consumer: &PullConsumer,
        under_way: &mut JoinSet<()>,
    ) -> Result<(), Interruption> {
        loop {
            while under_way.len() >= MAX_MAILS_UNDER_WAY {
                under_way.join_next().await;
            }
            while under_way.try_join_next().is_some() {}
            // Pulls only as many as can start now: the acknowledgement deadline runs from delivery.
            let wanted = MAX_MAILS_UNDER_WAY - under_way.len();
            let mut batch: Batch =
                consumer.batch().max_messages(wanted).expires(PULL_FOR).messages().await?;
            while let Some(message) = batch.next().await {
                let message = message.map_err(ConsumerError::Pull)?;
                let worker = self.clone();
                under_way.spawn(async move { worker.handle(message).await });
            }
        }
    }

    async fn handle(&self, message: Message) {
        let deliveries =
            message.info().map_or(1, |info| u32::try_from(info.delivered).unwrap_or(1));
        let sent = if deliveries > self.retry.max_tries {
            // One delivery beyond the limit: the workers that had the earlier ones died without an answer.
            Err(PermanentCause::NeverAnswered.into())
        } else {
            self.mailer.deliver(&message.subject, &message.payload).await
        };
        let answer = match sent {
            Ok(()) => {
                self.status.sent.fetch_add(1, Ordering::Relaxed);
                AckKind::Ack
            }
            Err(DeliveryError::Temporary(cause)) if deliveries < self.retry.max_tries => {
                self.status.put_off.fetch_add(1, Ordering::Relaxed);
                let wait = self.retry.wait_after(deliveries);
                tracing::warn!(
                    subject = %message.subject, deliveries, wait_seconds = wait.as_secs(),
                    reason = chain(&cause), "a mail is put off"
                );
                AckKind::Nak(Some(wait))
            }
            Err(error) => self.give_up(&message, &chain(&error)).await,
        };
        // An acknowledgement can be lost with its connection. Then the broker redelivers the
        // notification, and the mailer's memory prevents a second mail.
        for _ in 0..MAX_ANSWERS {
            match message.double_ack_with(answer).await {
                Ok(()) => return,
                Err(error) => tracing::debug!(error, "could not acknowledge a notification"),
            }
        }
    }

    async fn give_up(&self, message: &Message, reason: &str) -> AckKind {
        match DEAD_LETTERS.keep(self.broker.context(), message, reason).await {
            Ok(()) => {
                self.status.dead.fetch_add(1, Ordering::Relaxed);
                tracing::error!(subject = %message.subject, reason, "a mail is given up");
                AckKind::Term
            }
            Err(error) => {
                tracing::error!(reason = chain(&error), "a dead letter could not be kept");
                AckKind::Nak(Some(DEAD_LETTER_RETRY))
            }
        }
    }
}

fn config() -> Config {
    Config {
        durable_name: Some(CONSUMER.to_owned()),
        description: Some("Sends mails".to_owned()),
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACKNOWLEDGE_WITHIN,
        // The worker counts the deliveries and keeps a dead letter. If the broker stopped on its own,
        // the notification would stay in the queue unnoticed.
        max_deliver: -1,
        max_ack_pending: MAX_UNANSWERED,
        // Every subject of the queue: a message without a known template becomes a dead letter instead
        // of staying there unnoticed.
        filter_subject: NOTIFY_SUBJECTS.to_owned(),
        ..Config::default()
    }
}
