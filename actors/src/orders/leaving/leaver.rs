//! What the orders of a closed account still need to know of the person.

use crate::users::User;

/// What the orders of a closed account that are on their way still need to know of the person.
/// No e-mail address, no user name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaver {
    pub(in crate::orders) first_name: String,
    pub(in crate::orders) last_name: String,
    pub(in crate::orders) phone_number: String,
    pub(in crate::orders) address: String,
    pub(in crate::orders) city: String,
    pub(in crate::orders) postcode: String,
}

impl Leaver {
    /// Whoever closes this account.
    #[must_use]
    pub fn of(user: &User) -> Self {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Self {
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            phone_number: text(&user.phone_number),
            address: text(&user.address),
            city: text(&user.city),
            postcode: text(&user.postcode),
        }
    }
}
