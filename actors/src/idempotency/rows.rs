//! How records lie in the file.

use super::{Counted, Fingerprint, Grant};
use crate::store::{Row, Table};
use serde::{Deserialize, Serialize};
use souk_domain::{SessionId, UnixMillis};

pub(super) const RECORDS: Table<[u8; 32], StoredAnswer> = Table::new("idempotency.records");
pub(super) const BY_TIME: Table<(UnixMillis, [u8; 32]), ()> = Table::new("idempotency.by_time");

/// An answer that was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    #[serde(skip)]
    pub plain: Option<PlainAnswer>,
}

impl Row for StoredAnswer {
    const VERSION: u8 = 3;
    type Stored<'a> = crate::store::AsIs<'a, Self>;

    fn read(version: u8, bytes: &[u8]) -> Option<Self> {
        match version {
            1 => {
                let plain: PlainAnswer = read_all(bytes)?;
                let session = plain.session;
                let sealed = Vec::new();
                let plain = Some(plain);
                Some(Self { given_at: None, session, grant: None, sealed, counted: None, plain })
            }
            2 => {
                let (given_at, session, grant, sealed) = read_all(bytes)?;
                Some(Self { given_at, session, grant, sealed, counted: None, plain: None })
            }
            3 => read_all(bytes),
            _ => None,
        }
    }
}

pub(super) fn read_all<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (value, rest) = postcard::take_from_bytes(bytes).ok()?;
    rest.is_empty().then_some(value)
}

/// A record of version 1. The last of them is deleted a day after the shop was upgraded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlainAnswer {
    /// What was asked.
    pub fingerprint: Fingerprint,
    session: Option<SessionId>,
    /// The HTTP status.
    pub status: u16,
    /// Headers that belong to the answer, beside those every answer has.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// An answer as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
        postcard::to_stdvec(self).ok()
    }

    /// Reads what [`WholeAnswer::to_bytes`] wrote.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        read_all(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::idempotency::Caller;

    /// A record as version 1 wrote it: fingerprint, session 42, 201, one header, `{}`.
    fn bytes_of_version_1() -> Vec<u8> {
        let mut bytes = vec![0xab; 32];
        bytes.extend_from_slice(&[1, 42, 0xc9, 0x01, 1, 12]);
        bytes.extend_from_slice(b"content-type");
        bytes.push(16);
        bytes.extend_from_slice(b"application/json");
        bytes.extend_from_slice(&[2, b'{', b'}']);
        bytes
    }

    #[test]
    fn a_record_of_version_1_is_read() {
        let stored = StoredAnswer::read(1, &bytes_of_version_1()).expect("readable");
        let plain = stored.plain.as_ref().expect("the answer");
        assert_eq!((stored.session.map(SessionId::get), stored.given_at), (Some(42), None));
        assert_eq!((plain.status, &plain.body[..]), (201, &b"{}"[..]));
        assert_eq!(plain.fingerprint, Fingerprint([0xab; 32]));
        assert_eq!(plain.headers, [("content-type".to_owned(), "application/json".to_owned())]);
        for version in 2..=4 {
            assert!(StoredAnswer::read(version, &bytes_of_version_1()).is_none());
        }
    }

    /// A record as version 2 wrote it: given at 1000, session 42, no grant, three sealed octets.
    const BYTES_OF_VERSION_2: &[u8] = &[1, 0xd0, 0x0f, 1, 42, 0, 3, 7, 8, 9];

    #[test]
    fn a_record_of_version_2_is_read_and_was_not_counted() {
        let stored = StoredAnswer::read(2, BYTES_OF_VERSION_2).expect("readable");
        let expected = StoredAnswer {
            given_at: Some(UnixMillis::new(1_000)),
            session: SessionId::new(42),
            grant: None,
            sealed: vec![7, 8, 9],
            counted: None,
            plain: None,
        };
        assert_eq!(stored, expected);
        assert!(StoredAnswer::read(3, BYTES_OF_VERSION_2).is_none());
    }

    /// The same as version 3 writes it, counted as 300 octets of an anonymous caller.
    const BYTES_OF_VERSION_3: &[u8] = &[1, 0xd0, 0x0f, 1, 42, 0, 3, 7, 8, 9, 1, 1, 0xac, 2];

    #[test]
    fn a_record_of_version_3_says_as_what_it_was_counted() {
        let stored = StoredAnswer::read(3, BYTES_OF_VERSION_3).expect("readable");
        let counted = Counted { caller: Caller::Anonymous, octets: 300 };
        assert_eq!(stored.counted, Some(counted));
        assert_eq!(postcard::to_stdvec(&stored).expect("written"), BYTES_OF_VERSION_3);
        assert!(StoredAnswer::read(4, BYTES_OF_VERSION_3).is_none());
    }
}
