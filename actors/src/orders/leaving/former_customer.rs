//! The personal data that the orders of a closed account still need.

use crate::users::User;

/// The personal data that undelivered orders of a closed account still need. No e-mail address, no
/// user name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormerCustomer {
    pub(in crate::orders) first_name: String,
    pub(in crate::orders) last_name: String,
    pub(in crate::orders) phone_number: String,
    pub(in crate::orders) address: String,
    pub(in crate::orders) city: String,
    pub(in crate::orders) postcode: String,
}

impl FormerCustomer {
    /// The data of the user who closes the account.
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
