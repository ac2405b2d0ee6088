//! Where on the broker's streams the last confirmed rows are: what tells a broker that lost
//! messages from one that has them all.

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
    /// When the stream was made, in nanoseconds since 1970, by the broker's clock: a stream that
    /// was deleted and made again is another one.
    pub made_at_nanos: i64,
    /// The stream's own number of the message; 0 if it has none of this outbox.
    pub sequence: u64,
    /// The row's place in the outbox.
    pub row: u64,
}
