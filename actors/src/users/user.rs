//! The type of a registered user.

use crate::hashing::PasswordHash;
use souk_domain::{EmailAddress, Role, UnixMillis, Username};

/// A registered user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Unique, ignoring case and look-alike characters.
    pub username: Username,
    /// Unique, ignoring case.
    pub email: EmailAddress,
    /// Never leaves the process.
    pub password: PasswordHash,
    /// The user's role.
    pub role: Role,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// Part of the services profile.
    pub phone_number: Option<String>,
    /// Part of the services profile.
    pub city: Option<String>,
    /// Part of the services profile.
    pub address: Option<String>,
    /// Part of the services profile.
    pub postcode: Option<String>,
    /// When the user registered.
    pub joined_at: UnixMillis,
    /// Counts the events about this user.
    pub version: u64,
}

impl User {
    /// First and last name with one space between, or nothing.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }
}
