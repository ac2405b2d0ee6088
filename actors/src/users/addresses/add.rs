//! Adding an address.

use super::{ADDRESSES_MAX, Address, addresses, clear_default};
use crate::owner::Command;
use crate::store::Unit;
use crate::users::stored::ADDRESSES;
use crate::users::{Users, require_user};
use crate::{Failure, ids};
use souk_domain::{AddressId, UserId};

/// Adds an address to a user's book. The first one becomes the default. Replies `None` if the book
/// is full. Rejects a closed account.
#[derive(Clone, Debug)]
pub struct AddAddress {
    /// The user.
    pub user: UserId,
    /// The address. Its times and its version are set here.
    pub address: Address,
}

impl Command for AddAddress {
    type Owner = Users;
    type Reply = Option<(AddressId, Address)>;

    fn apply(self, unit: &Unit, _: &Users) -> Result<Self::Reply, Failure> {
        let Self { user, mut address } = self;
        require_user(unit, user)?;
        let known = addresses(unit, user)?;
        if known.len() >= ADDRESSES_MAX {
            return Ok(None);
        }
        address.is_default |= known.is_empty();
        if address.is_default {
            clear_default(unit, user)?;
        }
        (address.created_at, address.updated_at) = (unit.now(), unit.now());
        address.version = 1;
        let id = ids::next(unit, "address", AddressId::new)?;
        unit.put(ADDRESSES, &(user, id), &address)?;
        Ok(Some((id, address)))
    }
}
