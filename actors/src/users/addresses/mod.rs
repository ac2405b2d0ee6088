//! The address books of users.

mod add;
mod address;
mod change;
mod queries;
mod remove;

pub use add::AddAddress;
pub use address::Address;
pub use change::{AddressChange, ChangeAddress};
pub use queries::{address, addresses};
pub use remove::RemoveAddress;

pub(super) use queries::{check, clear_default, delete_all};

/// Most addresses of a user.
pub const ADDRESSES_MAX: usize = 50;
