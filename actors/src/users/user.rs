//! What a registered person is.

use crate::hashing::PasswordHash;
use souk_domain::{EmailAddress, Role, UnixMillis, Username};

/// A registered person.
#[derive(Clone, Debug, PartialEq, Eq)]
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

impl User {
    /// First and last name with one space between, or nothing.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }
}
