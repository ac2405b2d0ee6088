//! Rows of users and sessions, for the fixtures.

use super::Address;
use super::session::{LiveReset, PasswordResets, Session};
use super::stored::{
    ADDRESSES, ADMINISTRATORS, BY_EMAIL, BY_USERNAME, KEY_RULES, PASSWORD_RESETS, SESSIONS,
    SESSIONS_BY_END, SESSIONS_BY_USER, USERS,
};
use super::user::User;
use crate::fixtures::{Example, TIME, id, text};
use crate::hashing::PasswordHash;
use souk_domain::{
    AddressId, Country, EmailAddress, Role, SessionId, UnixMillis, UserId, Username,
};

pub(crate) fn rows() -> Vec<Example> {
    let (user, session) = (id(UserId::new, 300), id(SessionId::new, 70_000));
    let bare = User {
        username: Username::parse("bob").expect("a name"),
        email: EmailAddress::parse("bob@example.com").expect("an address"),
        password: hash(),
        role: Role::Administrator,
        first_name: String::new(),
        last_name: String::new(),
        phone_number: None,
        city: None,
        address: None,
        postcode: None,
        joined_at: UnixMillis::new(0),
        version: 1,
    };
    let row = Session { user, sequence: 129, ends_at: TIME };
    let resets = PasswordResets {
        live: vec![
            LiveReset { hash: [0xb2; 32], ends_at: TIME },
            LiveReset { hash: [0; 32], ends_at: UnixMillis::new(0) },
        ],
    };
    vec![
        Example::of(USERS, "an administrator without a profile", &id(UserId::new, 1), &bare),
        Example::of(USERS, "a customer with a profile", &user, &ann()),
        Example::of(BY_EMAIL, "a user", &text("ann@example.com"), &user),
        Example::of(BY_USERNAME, "a user", &text("ann"), &user),
        Example::of(KEY_RULES, "the second rules", &0, &2),
        Example::of(ADMINISTRATORS, "an administrator", &user, &()),
        Example::of(SESSIONS, "a session", &session, &row),
        Example::of(SESSIONS_BY_USER, "a session of a user", &(user, session), &()),
        Example::of(SESSIONS_BY_END, "when a session ends", &(TIME, session), &()),
        Example::of(ADDRESSES, "a bare one", &(user, id(AddressId::new, 1)), &address("", false)),
        Example::of(ADDRESSES, "a full one", &(user, id(AddressId::new, 300)), &address("x", true)),
        Example::of(PASSWORD_RESETS, "none", &id(UserId::new, 1), &PasswordResets::default()),
        Example::of(PASSWORD_RESETS, "two tokens", &user, &resets),
    ]
}

/// An address whose optional fields have this text.
fn address(optional: &str, is_default: bool) -> Address {
    Address {
        name: text("Ann Ørsted"),
        company: text(optional),
        line1: text("Main Street 1"),
        line2: text(optional),
        city: text("Aarhus"),
        region: text(optional),
        postcode: text(optional),
        country: Country::parse("DK").expect("a country"),
        phone: text(optional),
        is_default,
        created_at: TIME,
        updated_at: UnixMillis::new(TIME.get() + 1),
        version: 129,
    }
}

/// A customer with a complete profile.
pub(crate) fn ann() -> User {
    User {
        username: Username::parse("Ann.Ørsted").expect("a name"),
        email: EmailAddress::parse("ann@example.com").expect("an address"),
        password: hash(),
        role: Role::Customer,
        first_name: text("Ann"),
        last_name: text("Ørsted"),
        phone_number: Some(text("+45 1234")),
        city: Some(text("Aarhus")),
        address: Some(text("Main Street 1")),
        postcode: Some(text("8000")),
        joined_at: TIME,
        version: 300,
    }
}

/// The hash of a password.
pub(crate) fn hash() -> PasswordHash {
    PasswordHash::of_text("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g".to_owned())
}
