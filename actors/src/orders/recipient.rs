//! To whom an order goes, where it was placed with a name and an address of its own: by a guest,
//! or by a user of the services contract.

use super::Contact;
use souk_domain::text::{greeting_name, mail_line};

/// Who gets the goods and the mails about them. Beside the shipping address of the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Their first name.
    pub first_name: String,
    /// Their last name.
    pub last_name: String,
    /// Where they can be called.
    pub phone_number: String,
    /// Where mails about the order go; empty once the account was closed.
    pub email: String,
    /// The city.
    pub city: String,
    /// The postcode.
    pub postcode: String,
    /// What they want the shop to know; may be empty.
    pub notes: String,
}

impl Recipient {
    /// Whom to mail; nobody once the account was closed.
    #[must_use]
    pub fn contact(&self) -> Option<Contact> {
        let name = format!("{} {}", self.first_name, self.last_name).trim().to_owned();
        (!self.email.is_empty()).then(|| Contact { email: self.email.clone(), name })
    }

    /// Postcode and city, where both are plainly that: what a mail to a stranger may say of an
    /// address.
    pub(super) fn town(&self) -> String {
        const POSTCODE_CHARACTERS_MAX: usize = 10;
        let city = greeting_name(&self.city);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-');
        let postcode = mail_line(&self.postcode);
        let is_postcode =
            postcode.len() <= POSTCODE_CHARACTERS_MAX && postcode.chars().all(is_plain);
        if is_postcode && !city.is_empty() { format!("{postcode} {city}") } else { String::new() }
    }

    /// The whole address, for whoever packs and whoever waits for the parcel.
    pub(super) fn full_address(&self, street: &str) -> String {
        format!("{street}, {} {}", self.postcode, self.city)
    }
}
