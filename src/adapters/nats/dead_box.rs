//! The dead letters on the broker, for `souk dead`.

use super::connection::Broker;
use super::dead_letter::{BODY_LEFT_OUT_HEADER, DELIVERIES_HEADER, REASON_HEADER, SUBJECT_HEADER};
use super::streams::{self, ADVISORIES, DEAD};
use crate::adapters::outbox::{DeadLetter, DeadLetterError};
use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::context::GetStreamError;
use async_nats::jetstream::message::{PublishMessage, StreamMessage};
use async_nats::jetstream::stream::{RawMessageErrorKind, Stream};
use serde::Deserialize;
use std::error::Error;
use std::time::Duration;

/// Time limit for connecting to the broker.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// Prefixes of the subjects that `souk dead retry` can publish again. Events are not among them: they
/// are still on their stream.
const REPEATABLE: [&str; 2] = ["souk.notify.", "souk.log."];

/// The stream `SOUK_DEAD`, and the broker's advisories about unacknowledged messages.
pub(crate) struct DeadBox {
    broker: Broker,
    letters: Stream,
    advisories: Stream,
}

/// A letter's id: `d` or `a` for the stream, then its sequence there.
#[derive(Clone, Copy)]
enum LetterId {
    Letter(u64),
    Advisory(u64),
}

/// The broker's advisory about a message that was not acknowledged
/// (`io.nats.jetstream.advisory.v1.max_deliver` and `….terminated`).
#[derive(Deserialize)]
struct Advisory {
    timestamp: String,
    stream: String,
    consumer: String,
    stream_seq: u64,
    #[serde(default)]
    deliveries: u64,
    #[serde(default)]
    reason: Option<String>,
}

impl DeadBox {
    /// Opens the streams.
    ///
    /// # Errors
    /// [`DeadLetterError`]: the broker does not answer, or no shop ever connected to it.
    pub(crate) async fn open(urls: &str) -> Result<Self, DeadLetterError> {
        let broker = Broker::connect(urls, std::sync::Arc::default()).await?;
        let connected = tokio::time::timeout(CONNECT_WITHIN, broker.connected()).await;
        connected.map_err(|_| DeadLetterError::NoAnswer)?;
        let not_read = |error: GetStreamError| match streams::is_not_found(&error) {
            true => DeadLetterError::NoStream,
            false => failed(error),
        };
        let letters = broker.context().get_stream(DEAD).await.map_err(not_read)?;
        let advisories = broker.context().get_stream(ADVISORIES).await.map_err(not_read)?;
        Ok(Self { broker, letters, advisories })
    }

    /// The newest letters, oldest first, at most `limit` per stream.
    ///
    /// # Errors
    /// [`DeadLetterError`].
    pub(crate) async fn list(&self, limit: usize) -> Result<Vec<DeadLetter>, DeadLetterError> {
        let mut found = Vec::new();
        let kinds: [fn(u64) -> LetterId; 2] = [LetterId::Advisory, LetterId::Letter];
        for (stream, letter_id) in [&self.advisories, &self.letters].into_iter().zip(kinds) {
            let state = &stream.cached_info().state;
            let mut of_stream = Vec::new();
            for sequence in (state.first_sequence.max(1)..=state.last_sequence).rev() {
                if of_stream.len() == limit {
                    break;
                }
                of_stream.extend(self.read(letter_id(sequence)).await?);
            }
            found.extend(of_stream.into_iter().rev());
        }
        Ok(found)
    }

    /// One complete letter; for an advisory, the message it is about.
    ///
    /// # Errors
    /// [`DeadLetterError`].
    pub(crate) async fn show(&self, id: &str) -> Result<DeadLetter, DeadLetterError> {
        let letter_id = LetterId::of(id)?;
        let unknown = || DeadLetterError::Unknown { id: id.to_owned() };
        let mut letter = self.read(letter_id).await?.ok_or_else(unknown)?;
        if let LetterId::Advisory(sequence) = letter_id {
            let advisory = message_at(&self.advisories, sequence).await?.ok_or_else(unknown)?;
            let advisory: Advisory = serde_json::from_slice(&advisory.payload).map_err(failed)?;
            let stream = self.broker.context().get_stream(&advisory.stream).await;
            let stream = stream.map_err(failed)?;
            if let Some(message) = message_at(&stream, advisory.stream_seq).await? {
                letter.subject = message.subject.to_string();
                letter.body = message.payload.to_vec();
            }
        }
        Ok(letter)
    }

    /// Publishes a letter's message for its worker again, then deletes the letter.
    ///
    /// # Errors
    /// [`DeadLetterError`]; the letter still exists.
    pub(crate) async fn retry(&self, id: &str) -> Result<(), DeadLetterError> {
        let unknown = || DeadLetterError::Unknown { id: id.to_owned() };
        let impossible = |why| DeadLetterError::NotRepeatable { id: id.to_owned(), why };
        let LetterId::Letter(sequence) = LetterId::of(id)? else {
            return Err(impossible("the message is still on its stream, for its consumer to read"));
        };
        let letter = message_at(&self.letters, sequence).await?.ok_or_else(unknown)?;
        let header = |name: &str| letter.headers.get(name).map(|value| value.as_str().to_owned());
        let subject = header(SUBJECT_HEADER).unwrap_or_default();
        if !REPEATABLE.iter().any(|prefix| subject.starts_with(prefix)) {
            return Err(impossible("no worker of the shop takes messages of its subject"));
        }
        if header(BODY_LEFT_OUT_HEADER).is_some() {
            return Err(impossible("its body was too large to be kept"));
        }
        // Retrying the same letter twice in a row publishes one message.
        let key = header(NATS_MESSAGE_ID.as_ref()).unwrap_or_default();
        let message = PublishMessage::build()
            .message_id(format!("retry.{sequence}.{key}"))
            .payload(letter.payload.clone());
        let context = self.broker.context();
        let sent = context.send_publish(subject, message).await.map_err(failed)?;
        sent.await.map_err(failed)?;
        self.drop_letter(id).await
    }

    /// Deletes a letter.
    ///
    /// # Errors
    /// [`DeadLetterError`].
    pub(crate) async fn drop_letter(&self, id: &str) -> Result<(), DeadLetterError> {
        let (stream, sequence) = match LetterId::of(id)? {
            LetterId::Letter(sequence) => (&self.letters, sequence),
            LetterId::Advisory(sequence) => (&self.advisories, sequence),
        };
        if message_at(stream, sequence).await?.is_none() {
            return Err(DeadLetterError::Unknown { id: id.to_owned() });
        }
        stream.delete_message(sequence).await.map(drop).map_err(failed)
    }

    async fn read(&self, id: LetterId) -> Result<Option<DeadLetter>, DeadLetterError> {
        match id {
            LetterId::Letter(sequence) => {
                let letter = message_at(&self.letters, sequence).await?;
                Ok(letter.map(|message| from_letter(sequence, &message)))
            }
            LetterId::Advisory(sequence) => {
                let advisory = message_at(&self.advisories, sequence).await?;
                let Some(advisory) = advisory else { return Ok(None) };
                let advisory: Advisory =
                    serde_json::from_slice(&advisory.payload).map_err(failed)?;
                Ok(Some(from_advisory(sequence, advisory)))
            }
        }
    }
}

impl LetterId {
    fn of(id: &str) -> Result<Self, DeadLetterError> {
        let unknown = || DeadLetterError::Unknown { id: id.to_owned() };
        let (kind, sequence) = id.split_at_checked(1).ok_or_else(unknown)?;
        let sequence = sequence.parse().map_err(|_| unknown())?;
        match kind {
            "d" => Ok(Self::Letter(sequence)),
            "a" => Ok(Self::Advisory(sequence)),
            _ => Err(unknown()),
        }
    }
}

fn from_letter(sequence: u64, message: &StreamMessage) -> DeadLetter {
    let header = |name: &str| {
        let value = message.headers.get(name);
        value.map(|value| value.as_str().to_owned()).unwrap_or_default()
    };
    let millis = i64::try_from(message.time.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
    DeadLetter {
        id: format!("d{sequence}"),
        time: souk_domain::UnixMillis::new(millis).to_string(),
        subject: header(SUBJECT_HEADER),
        tries: header(DELIVERIES_HEADER).parse().unwrap_or(0),
        reason: header(REASON_HEADER),
        body: message.payload.to_vec(),
    }
}

fn from_advisory(sequence: u64, advisory: Advisory) -> DeadLetter {
    let Advisory { timestamp, stream, consumer, stream_seq, deliveries, reason } = advisory;
    let why = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    DeadLetter {
        id: format!("a{sequence}"),
        time: timestamp,
        subject: format!("message {stream_seq} of {stream}"),
        tries: deliveries,
        reason: format!("the consumer {consumer} did not answer for it{why}"),
        body: Vec::new(),
    }
}

async fn message_at(
    stream: &Stream,
    sequence: u64,
) -> Result<Option<StreamMessage>, DeadLetterError> {
    match stream.get_raw_message(sequence).await {
        Ok(message) => Ok(Some(message)),
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

fn failed(error: impl Error + Send + Sync + 'static) -> DeadLetterError {
    DeadLetterError::Broker(Box::new(error))
}
