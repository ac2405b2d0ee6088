//! What an answer is.

use super::stored::WholeAnswerV1;
use super::{Counted, Fingerprint, Grant};
use crate::store::{Stored, read_all};
use souk_domain::{SessionId, UnixMillis};

/// An answer that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// When it was given; `None` in records of version 1, which do not say.
    pub given_at: Option<UnixMillis>,
    /// The session it was asked in. It may have ended with this very answer.
    pub session: Option<SessionId>,
    /// What must still hold for the answer to be given again.
    pub grant: Option<Grant>,
    /// The [`WholeAnswer`], sealed with a key that is not in the store.
    pub sealed: Vec<u8>,
    /// As what it was counted; `None` in records of versions 1 and 2, which were not.
    pub(super) counted: Option<Counted>,
    /// What a record of version 1 holds instead.
    pub plain: Option<PlainAnswer>,
}

/// A record of version 1. The last of them is deleted a day after the shop was upgraded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainAnswer {
    /// What was asked.
    pub fingerprint: Fingerprint,
    /// The HTTP status.
    pub status: u16,
    /// Headers that belong to the answer, beside those every answer has.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// An answer as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Headers that belong to the answer, beside those every answer has.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl WholeAnswer {
    /// The octets to seal; `None` if it cannot be written.
    #[must_use]
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        postcard::to_stdvec(&WholeAnswerV1::of(self)).ok()
    }

    /// Reads what [`WholeAnswer::to_bytes`] wrote.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        read_all::<WholeAnswerV1<'_>>(bytes)?.value()
    }
}
