//! The types of a stored answer.

use super::stored::WholeAnswerV1;
use super::{Counted, Fingerprint, Grant};
use crate::store::{Stored, read_all};
use souk_domain::{SessionId, UnixMillis};

/// An answer that was given, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// When it was given; `None` in records of version 1, which do not contain it.
    pub given_at: Option<UnixMillis>,
    /// The session of the request. This answer may have ended it.
    pub session: Option<SessionId>,
    /// The conditions for repeating the answer.
    pub grant: Option<Grant>,
    /// The [`WholeAnswer`], sealed with a key that is not in the store.
    pub sealed: Vec<u8>,
    /// The values it was counted with; `None` in records of versions 1 and 2, which were not
    /// counted.
    pub(super) counted: Option<Counted>,
    /// The unencrypted content of a record of version 1.
    pub plain: Option<PlainAnswer>,
}

/// A record of version 1. The last of them is deleted a day after the upgrade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainAnswer {
    /// The fingerprint of the request.
    pub fingerprint: Fingerprint,
    /// The HTTP status.
    pub status: u16,
    /// The answer's own headers, without those that every answer has.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// An answer as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The answer's own headers, without those that every answer has.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl WholeAnswer {
    /// The bytes to seal; `None` if it cannot be encoded.
    #[must_use]
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        postcard::to_stdvec(&WholeAnswerV1::of(self)).ok()
    }

    /// Reads the bytes that [`WholeAnswer::to_bytes`] wrote.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        read_all::<WholeAnswerV1<'_>>(bytes)?.value()
    }
}
