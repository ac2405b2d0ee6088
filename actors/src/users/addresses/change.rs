//! Changing an address.

use super::{Address, clear_default};
use crate::Failure;
use crate::owner::Command;
use crate::store::{Read, Unit};
use crate::users::Users;
use crate::users::stored::ADDRESSES;
use souk_domain::{AddressId, Country, UserId};

/// Changes an address. Replies `None` if the user has no such address.
#[derive(Clone, Debug)]
pub struct ChangeAddress {
    /// The user.
    pub user: UserId,
    /// Which of the user's addresses.
    pub id: AddressId,
    /// The change.
    pub change: AddressChange,
}

/// New values; `None` keeps a field.
#[derive(Clone, Debug, Default)]
pub struct AddressChange {
    /// The person.
    pub name: Option<String>,
    /// The company.
    pub company: Option<String>,
    /// Street and number.
    pub line1: Option<String>,
    /// A second line.
    pub line2: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// The state, province or region.
    pub region: Option<String>,
    /// The postcode.
    pub postcode: Option<String>,
    /// The country.
    pub country: Option<Country>,
    /// A phone number.
    pub phone: Option<String>,
    /// True makes it the only default.
    pub is_default: Option<bool>,
}

impl Command for ChangeAddress {
    type Owner = Users;
    type Reply = Option<Address>;

    fn apply(self, unit: &Unit, _: &Users) -> Result<Option<Address>, Failure> {
        let Self { user, id, change } = self;
        let Some(before) = unit.get(ADDRESSES, &(user, id))? else { return Ok(None) };
        let mut after = change.applied_to(before.clone());
        if after == before {
            return Ok(Some(after));
        }
        if after.is_default && !before.is_default {
            clear_default(unit, user)?;
        }
        after.version += 1;
        after.updated_at = unit.now();
        unit.put(ADDRESSES, &(user, id), &after)?;
        Ok(Some(after))
    }
}

impl AddressChange {
    fn applied_to(self, mut address: Address) -> Address {
        let texts = [
            (self.name, &mut address.name),
            (self.company, &mut address.company),
            (self.line1, &mut address.line1),
            (self.line2, &mut address.line2),
            (self.city, &mut address.city),
            (self.region, &mut address.region),
            (self.postcode, &mut address.postcode),
            (self.phone, &mut address.phone),
        ];
        for (wished, field) in texts {
            if let Some(text) = wished {
                *field = text;
            }
        }
        address.country = self.country.unwrap_or(address.country);
        address.is_default = self.is_default.unwrap_or(address.is_default);
        address
    }
}
