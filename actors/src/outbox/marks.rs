//! The positions of the last confirmed rows on the broker's streams. They show whether the broker
//! has lost messages.

/// One mark for each stream that rows go to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamMarks {
    /// On `SOUK_EVENTS`; `None` before the first event.
    pub events: Option<StreamMark>,
    /// On `SOUK_NOTIFY`; `None` before the first mail.
    pub mails: Option<StreamMark>,
}

/// The last message of this outbox that a stream has confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamMark {
    /// When the stream was created, in nanoseconds since 1970, by the broker's clock. A stream that
    /// was deleted and recreated has another time.
    pub made_at_nanos: i64,
    /// The stream's own number of the message; 0 if the stream has no message of this outbox.
    pub sequence: u64,
    /// The row's number in the outbox.
    pub row: u64,
}
