//! The tables of idempotency records.

use super::answer::{PlainAnswer, StoredAnswer, WholeAnswer};
use super::kept::{Caller, Counted, Kept};
use super::{Fingerprint, Grant};
use crate::store::{Octets, Row, Stored, Table, Text, read_all, tables};
use crate::stored;
use serde::{Deserialize, Serialize};
use souk_domain::UnixMillis;

pub(super) const RECORDS: Table<[u8; 32], StoredAnswer> = Table::new("idempotency.records");
pub(super) const BY_TIME: Table<(UnixMillis, [u8; 32]), ()> = Table::new("idempotency.by_time");
/// The counts by kind of caller ([`Caller::key`]).
pub(super) const COUNTS: Table<u64, Kept> = Table::new("idempotency.counts");

tables![RECORDS, BY_TIME, COUNTS];

/// An unencrypted answer. The last of them is deleted a day after the upgrade.
#[derive(Deserialize)]
struct StoredAnswerV1 {
    fingerprint: [u8; 32],
    session: Option<u64>,
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// A sealed answer that was not counted.
#[derive(Deserialize)]
struct StoredAnswerV2 {
    given_at: Option<i64>,
    session: Option<u64>,
    grant: Option<GrantV1>,
    sealed: Vec<u8>,
}

/// A sealed answer, with the values it was counted with.
#[derive(Serialize, Deserialize)]
pub struct StoredAnswerV3<'a> {
    given_at: Option<i64>,
    session: Option<u64>,
    grant: Option<GrantV1>,
    sealed: Octets<'a>,
    counted: Option<CountedV1>,
}

stored! {
    /// The conditions for repeating an answer.
    struct GrantV1 of Grant {
        user: u64,
        session: Option<(u64, u64)>,
        password: Option<[u8; 32]>,
        names: Option<[u8; 32]>,
        seconds: Option<u32>,
    }

    /// The values a record was counted with.
    struct CountedV1 of Counted {
        caller: CallerV1,
        octets: u64,
    }

    /// The counts of a kind of caller.
    pub struct KeptV1 of Kept {
        records: u64,
        octets: u64,
    }

    /// The content of a sealed answer.
    pub(super) struct WholeAnswerV1<'a> of WholeAnswer {
        status: u16,
        headers: Vec<(Text<'a>, Text<'a>)>,
        body: Octets<'a>,
    }
}

stored! {
    /// The kind of caller.
    enum CallerV1 of Caller {
        Known,
        Anonymous,
    }
}

impl Row for Kept {
    type Stored<'a> = KeptV1;
}

impl Row for StoredAnswer {
    const VERSION: u8 = 3;
    type Stored<'a> = StoredAnswerV3<'a>;

    fn read(version: u8, bytes: &[u8]) -> Option<Self> {
        match version {
            1 => read_all::<StoredAnswerV1>(bytes)?.upgraded(),
            2 => read_all::<StoredAnswerV2>(bytes)?.upgraded().value(),
            3 => Self::read_newest(bytes),
            _ => None,
        }
    }
}

impl StoredAnswerV1 {
    fn upgraded(self) -> Option<StoredAnswer> {
        let Self { fingerprint, session, status, headers, body } = self;
        let fingerprint = Fingerprint::of_bytes(fingerprint);
        Some(StoredAnswer {
            given_at: None,
            session: session.value()?,
            grant: None,
            sealed: Vec::new(),
            counted: None,
            plain: Some(PlainAnswer { fingerprint, status, headers, body }),
        })
    }
}

impl StoredAnswerV2 {
    fn upgraded(self) -> StoredAnswerV3<'static> {
        let Self { given_at, session, grant, sealed } = self;
        StoredAnswerV3 { given_at, session, grant, sealed: sealed.into(), counted: None }
    }
}

impl<'a> Stored<'a, StoredAnswer> for StoredAnswerV3<'a> {
    fn of(value: &'a StoredAnswer) -> Self {
        let StoredAnswer { given_at, session, grant, sealed, counted, plain: _ } = value;
        Self {
            given_at: Stored::of(given_at),
            session: Stored::of(session),
            grant: Stored::of(grant),
            sealed: Stored::of(sealed),
            counted: Stored::of(counted),
        }
    }

    fn value(self) -> Option<StoredAnswer> {
        let Self { given_at, session, grant, sealed, counted } = self;
        Some(StoredAnswer {
            given_at: given_at.value()?,
            session: session.value()?,
            grant: grant.value()?,
            sealed: sealed.value()?,
            counted: counted.value()?,
            plain: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::idempotency::Caller;
    use souk_domain::SessionId;

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
        assert_eq!(plain.fingerprint, Fingerprint::of_bytes([0xab; 32]));
        assert_eq!(plain.headers, [("content-type".to_owned(), "application/json".to_owned())]);
        for version in 2..=4 {
            assert!(StoredAnswer::read(version, &bytes_of_version_1()).is_none());
        }
    }

    /// A record as version 2 wrote it: given at 1000, session 42, no grant, three sealed bytes.
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

    /// The same as version 3 writes it, counted as 300 bytes of an anonymous caller.
    const BYTES_OF_VERSION_3: &[u8] = &[1, 0xd0, 0x0f, 1, 42, 0, 3, 7, 8, 9, 1, 1, 0xac, 2];

    #[test]
    fn a_record_of_version_3_contains_its_counted_values() {
        let stored = StoredAnswer::read(3, BYTES_OF_VERSION_3).expect("readable");
        let counted = Counted { caller: Caller::Anonymous, octets: 300 };
        assert_eq!(stored.counted, Some(counted));
        let written = RECORDS.encode(&stored).expect("written");
        assert_eq!(written, [&[3], BYTES_OF_VERSION_3].concat());
        assert!(StoredAnswer::read(4, BYTES_OF_VERSION_3).is_none());
    }
}
