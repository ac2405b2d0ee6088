//! Keeps messages that were given up on `SOUK_DEAD`, with the reason, for an operator.

use super::streams::DEAD;
use async_nats::header::{NATS_EXPECTED_STREAM, NATS_MESSAGE_ID};
use async_nats::jetstream::context::PublishError;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{Context, Message};
use bytes::Bytes;

/// Header: why the message was given up.
pub(super) const REASON_HEADER: &str = "Souk-Dead-Reason";
/// Header: the subject the message came on.
pub(super) const SUBJECT_HEADER: &str = "Souk-Dead-Subject";
/// Header: how often the message was tried.
pub(super) const DELIVERIES_HEADER: &str = "Souk-Dead-Deliveries";
/// Header: present if the body was left out to stay below the broker's size limit.
pub(super) const BODY_LEFT_OUT_HEADER: &str = "Souk-Dead-Body-Left-Out";
/// Longest reason kept, in characters.
const MAX_REASON_CHARS: usize = 500;
/// Octets reserved for headers in a message of the largest size.
const HEADER_ROOM_BYTES: usize = 4_096;

/// The dead letters of one consumer.
pub(super) struct DeadLetters {
    pub(super) stream: &'static str,
    pub(super) consumer: &'static str,
}

impl DeadLetters {
    /// Keeps a message with its body and the reason; returns once the broker has it.
    ///
    /// # Errors
    /// [`PublishError`]: the letter is not kept, so the caller MUST keep the message.
    pub(super) async fn keep(
        &self,
        context: &Context,
        message: &Message,
        reason: &str,
    ) -> Result<(), PublishError> {
        let (place, deliveries) =
            message.info().map_or((0, 0), |info| (info.stream_sequence, info.delivered));
        // If the acknowledgement is lost, the letter is published again; its id makes both one.
        let id = format!("dead.{}.{}.{place}", self.stream, self.consumer);
        let reason: String = reason
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(MAX_REASON_CHARS)
            .collect();
        let mut letter = PublishMessage::build()
            .header(NATS_MESSAGE_ID, id.as_str())
            .header(NATS_EXPECTED_STREAM, DEAD)
            .header(REASON_HEADER, reason.as_str())
            .header(SUBJECT_HEADER, message.subject.as_str())
            .header(DELIVERIES_HEADER, deliveries.to_string().as_str());
        let fits = message.payload.len() + HEADER_ROOM_BYTES <= context.client().max_payload();
        letter = if fits {
            letter.payload(message.payload.clone())
        } else {
            letter
                .header(BODY_LEFT_OUT_HEADER, message.payload.len().to_string().as_str())
                .payload(Bytes::new())
        };
        let subject = format!("souk.dead.{}.{}", self.stream, self.consumer);
        context.send_publish(subject, letter).await?.await?;
        Ok(())
    }
}
