//! Rows of stored answers, for the fixtures.

use super::answer::{StoredAnswer, WholeAnswer};
use super::kept::{Caller, Counted, Kept};
use super::stored::{BY_TIME, COUNTS, RECORDS};
use super::{Grant, RecordKey};
use crate::fixtures::{Example, TIME, id, text};
use crate::users::{self, SessionToken};
use souk_domain::{SessionId, UserId};

pub(crate) fn rows() -> Vec<Example> {
    let token = SessionToken {
        user: id(UserId::new, 200),
        session: id(SessionId::new, 70_000),
        sequence: 129,
    };
    let ann = users::examples::ann();
    let hash = users::examples::hash();
    let known = Some(Counted { caller: Caller::Known, octets: 260 });
    let anonymous = Some(Counted { caller: Caller::Anonymous, octets: 300 });
    let row = |what, session, grant, counted| {
        let answer = StoredAnswer {
            given_at: Some(TIME),
            session,
            grant,
            sealed: vec![0, 127, 128, 255],
            counted,
            plain: None,
        };
        Example::of(RECORDS, what, &RecordKey::of("user 7", what).0, &answer)
    };
    let session = Some(token.session);
    vec![
        row("an answer to a user", session, None, known),
        row("an answer to a stranger", None, None, anonymous),
        row("a log-in", None, Some(Grant::of_log_in(token, &ann, 900)), anonymous),
        row("a registration", None, Some(Grant::of_registration(token, &ann)), anonymous),
        row("a new account", session, Some(Grant::of_account(token.user, &ann)), known),
        row("a new password", None, Some(Grant::of_reset(token.user, &hash)), anonymous),
        row("new tokens", session, Some(Grant::of_refresh(token)), known),
        Example::of(BY_TIME, "when an answer was given", &(TIME, [0xc3; 32]), &()),
        Example::of(COUNTS, "nothing is kept", &0, &Kept::default()),
        Example::of(COUNTS, "answers to strangers", &1, &Kept { records: 300, octets: 99_000 }),
    ]
}

/// The content of a sealed answer has no version of its own, because it is kept for only a day.
#[test]
fn answers_sealed_by_earlier_versions_are_read() {
    let answer = WholeAnswer {
        status: 201,
        headers: vec![(text("location"), text("/orders/1"))],
        body: b"{}".to_vec(),
    };
    let sealed = b"\xc9\x01\x01\x08location\x09/orders/1\x02{}";
    assert_eq!(answer.to_bytes().as_deref(), Some(&sealed[..]));
    assert_eq!(WholeAnswer::from_bytes(sealed), Some(answer));
}
