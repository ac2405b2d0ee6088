//! The recipient of an order that was placed with a name and an address of its own: by a guest, or
//! by a user of the services contract.

use super::Contact;
use souk_domain::text::{greeting_name, mail_line};

/// The recipient of the goods and of the mails about them. The street is in the order's shipping
/// address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Their first name.
    pub first_name: String,
    /// Their last name.
    pub last_name: String,
    /// The phone number.
    pub phone_number: String,
    /// The address for mails about the order; empty once the account was closed.
    pub email: String,
    /// The city.
    pub city: String,
    /// The postcode.
    pub postcode: String,
    /// The customer's message to the shop; may be empty.
    pub notes: String,
}

impl Recipient {
    /// The mail recipient; `None` once the account was closed.
    #[must_use]
    pub fn contact(&self) -> Option<Contact> {
        let name = format!("{} {}", self.first_name, self.last_name).trim().to_owned();
        (!self.email.is_empty()).then(|| Contact { email: self.email.clone(), name })
    }

    /// Postcode and city, if both look like that. A mail to an unverified address shows no more of
    /// the address.
    pub(super) fn town(&self) -> String {
        const POSTCODE_CHARACTERS_MAX: usize = 10;
        let city = greeting_name(&self.city);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-');
        let postcode = mail_line(&self.postcode);
        let is_postcode =
            postcode.len() <= POSTCODE_CHARACTERS_MAX && postcode.chars().all(is_plain);
        if is_postcode && !city.is_empty() { format!("{postcode} {city}") } else { String::new() }
    }

    /// The whole address, for packing and for the customer.
    pub(super) fn full_address(&self, street: &str) -> String {
        format!("{street}, {} {}", self.postcode, self.city)
    }
}
