//! The message that one outbox row becomes, ready to publish.

/// The JetStream stream a message belongs to (design, "NATS subjects and streams").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// `SOUK_EVENTS`: what happened to orders, payments, products and users.
    Events,
    /// `SOUK_NOTIFY`: mails that a mailer should send.
    Notify,
}

impl Stream {
    /// The stream's name on the broker.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Events => "SOUK_EVENTS",
            Self::Notify => "SOUK_NOTIFY",
        }
    }
}

impl Message {
    /// The event's name, such as `order.paid`, for readers that filter events; `None` for a mail.
    #[must_use]
    pub fn event(&self) -> Option<String> {
        let rest = self.subject.strip_prefix("souk.event.v1.")?;
        let (kind, what) = (rest.split('.').next()?, rest.rsplit('.').next()?);
        Some(format!("{kind}.{what}"))
    }
}

/// A message. The same row always gives the same message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The row's position in the outbox: 1, 2, 3 … in commit order.
    pub sequence: u64,
    /// The name of the store that wrote it, with its generation.
    pub store: String,
    /// The JetStream stream it is published to.
    pub stream: Stream,
    /// The NATS subject, without wildcards.
    pub subject: String,
    /// The CloudEvents `id`, which is also the `Nats-Msg-Id`.
    pub id: String,
    /// CloudEvents 1.0, structured JSON.
    pub body: Vec<u8>,
}
