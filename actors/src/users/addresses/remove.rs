//! Removing an address.

use crate::Failure;
use crate::owner::Command;
use crate::store::{Read, Unit};
use crate::users::Users;
use crate::users::stored::ADDRESSES;
use souk_domain::{AddressId, UserId};

/// Removes an address. Replies false if the user has no such address. Orders keep their own copies.
#[derive(Clone, Debug)]
pub struct RemoveAddress {
    /// The user.
    pub user: UserId,
    /// Which of the user's addresses.
    pub id: AddressId,
}

impl Command for RemoveAddress {
    type Owner = Users;
    type Reply = bool;

    fn apply(self, unit: &Unit, _: &Users) -> Result<bool, Failure> {
        let key = (self.user, self.id);
        let is_there = unit.get(ADDRESSES, &key)?.is_some();
        if is_there {
            unit.delete(ADDRESSES, &key)?;
        }
        Ok(is_there)
    }
}
