//! The type of an address.

use souk_domain::{Country, UnixMillis};

/// An address of a user. Unknown fields are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The person.
    pub name: String,
    /// The company.
    pub company: String,
    /// Street and number.
    pub line1: String,
    /// A second line, for example the floor.
    pub line2: String,
    /// The city.
    pub city: String,
    /// The state, province or region.
    pub region: String,
    /// The postcode.
    pub postcode: String,
    /// The country.
    pub country: Country,
    /// A phone number for the carrier.
    pub phone: String,
    /// Whether it is used unless the user chooses another; at most one of a user's addresses is.
    pub is_default: bool,
    /// When it was added.
    pub created_at: UnixMillis,
    /// When it last changed.
    pub updated_at: UnixMillis,
    /// Counts the changes: 1, 2, 3 …
    pub version: u64,
}
