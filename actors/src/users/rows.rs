//! How users and sessions lie in the file.

use crate::hashing::PasswordHash;
use crate::store::{Table, tables};
use serde::{Deserialize, Serialize};
use souk_domain::{EmailAddress, Role, SessionId, UnixMillis, UserId, Username};

pub(super) const USERS: Table<UserId, User> = Table::new("users.rows");
pub(super) const BY_EMAIL: Table<String, UserId> = Table::new("users.by_email");
pub(super) const BY_USERNAME: Table<String, UserId> = Table::new("users.by_username");
/// One row, under key 0: the rules that the keys of [`BY_USERNAME`] follow.
pub(super) const KEY_RULES: Table<u64, u64> = Table::new("users.key_rules");
/// Who may do everything. There is always one of them, once there was one.
pub(super) const ADMINISTRATORS: Table<UserId, ()> = Table::new("users.administrators");
pub(super) const SESSIONS: Table<SessionId, Session> = Table::new("users.sessions");
pub(super) const SESSIONS_BY_USER: Table<(UserId, SessionId), ()> =
    Table::new("users.sessions_by_user");
pub(super) const SESSIONS_BY_END: Table<(UnixMillis, SessionId), ()> =
    Table::new("users.sessions_by_end");

/// Tokens that were mailed to people who forgot their password.
pub(super) const PASSWORD_RESETS: Table<UserId, PasswordResets> =
    Table::new("users.password_resets");

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
];

/// A registered person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Unique by its looks, without regard to case.
    pub username: Username,
    /// Unique without regard to case.
    pub email: EmailAddress,
    /// Never leaves the process.
    pub password: PasswordHash,
    /// What they may do.
    pub role: Role,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// services profile.
    pub phone_number: Option<String>,
    /// services profile.
    pub city: Option<String>,
    /// services profile.
    pub address: Option<String>,
    /// services profile.
    pub postcode: Option<String>,
    /// When they registered.
    pub joined_at: UnixMillis,
    /// Counts the events about this user.
    pub version: u64,
}

crate::store::as_is!(User);

impl User {
    /// First and last name with one space between, or nothing.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }
}

/// One log-in. It lives as long as its youngest refresh token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The user who logged in.
    pub user: UserId,
    /// Number of the one refresh token that is good; a rotation counts it up.
    pub sequence: u64,
    /// When its youngest refresh token ends.
    pub ends_at: UnixMillis,
}

crate::store::as_is!(Session);

/// The tokens of one user that may still be good; few of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PasswordResets {
    pub(super) live: Vec<LiveReset>,
}

crate::store::as_is!(PasswordResets);

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LiveReset {
    /// SHA-256 of the token.
    pub(super) hash: [u8; 32],
    /// Not good from then on.
    pub(super) ends_at: UnixMillis,
}
