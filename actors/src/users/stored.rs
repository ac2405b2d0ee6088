//! The tables of users and sessions.

use super::Address;
use super::session::{LiveReset, PasswordResets, Session};
use super::user::User;
use crate::hashing::PasswordHash;
use crate::store::{Row, Stored, Table, Text, tables};
use crate::stored;
use souk_domain::{AddressId, Role, SessionId, UnixMillis, UserId};

pub(super) const USERS: Table<UserId, User> = Table::new("users.rows");
pub(super) const BY_EMAIL: Table<String, UserId> = Table::new("users.by_email");
pub(super) const BY_USERNAME: Table<String, UserId> = Table::new("users.by_username");
/// One row, under key 0: the version of the rules for the keys of [`BY_USERNAME`].
pub(super) const KEY_RULES: Table<u64, u64> = Table::new("users.key_rules");
/// The administrators. Once there is one, there is always at least one.
pub(super) const ADMINISTRATORS: Table<UserId, ()> = Table::new("users.administrators");
pub(super) const SESSIONS: Table<SessionId, Session> = Table::new("users.sessions");
pub(super) const SESSIONS_BY_USER: Table<(UserId, SessionId), ()> =
    Table::new("users.sessions_by_user");
pub(super) const SESSIONS_BY_END: Table<(UnixMillis, SessionId), ()> =
    Table::new("users.sessions_by_end");
/// Tokens that were mailed to users who forgot their password.
pub(super) const PASSWORD_RESETS: Table<UserId, PasswordResets> =
    Table::new("users.password_resets");
/// The address books.
pub(super) const ADDRESSES: Table<(UserId, AddressId), Address> = Table::new("users.addresses");

tables![
    USERS,
    BY_EMAIL,
    BY_USERNAME,
    KEY_RULES,
    ADMINISTRATORS,
    SESSIONS,
    SESSIONS_BY_USER,
    SESSIONS_BY_END,
    PASSWORD_RESETS,
    ADDRESSES,
];

stored! {
    /// A registered user.
    pub struct UserV1<'a> of User {
        username: Text<'a>,
        email: Text<'a>,
        password: Text<'a>,
        role: RoleV1,
        first_name: Text<'a>,
        last_name: Text<'a>,
        phone_number: Option<Text<'a>>,
        city: Option<Text<'a>>,
        address: Option<Text<'a>>,
        postcode: Option<Text<'a>>,
        joined_at: i64,
        version: u64,
    }

    /// An address in a user's book.
    pub struct AddressV1<'a> of Address {
        name: Text<'a>,
        company: Text<'a>,
        line1: Text<'a>,
        line2: Text<'a>,
        city: Text<'a>,
        region: Text<'a>,
        postcode: Text<'a>,
        country: Text<'a>,
        phone: Text<'a>,
        is_default: bool,
        created_at: i64,
        updated_at: i64,
        version: u64,
    }

    /// A session.
    pub struct SessionV1 of Session {
        user: u64,
        sequence: u64,
        ends_at: i64,
    }

    /// The reset tokens of one user.
    pub(super) struct PasswordResetsV1 of PasswordResets {
        live: Vec<LiveResetV1>,
    }

    /// A reset token.
    struct LiveResetV1 of LiveReset {
        hash: [u8; 32],
        ends_at: i64,
    }
}

stored! {
    /// The role of a registered user.
    pub(crate) enum RoleV1 of Role {
        Customer,
        Administrator,
    }
}

impl Row for User {
    type Stored<'a> = UserV1<'a>;
}

impl Row for Address {
    type Stored<'a> = AddressV1<'a>;
}

impl Row for Session {
    type Stored<'a> = SessionV1;
}

impl Row for PasswordResets {
    type Stored<'a> = PasswordResetsV1;
}

impl<'a> Stored<'a, PasswordHash> for Text<'a> {
    fn of(value: &'a PasswordHash) -> Self {
        value.as_str().into()
    }

    fn value(self) -> Option<PasswordHash> {
        Some(PasswordHash::of_text(self.into_owned()))
    }
}
