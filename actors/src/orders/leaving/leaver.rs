//! What the orders of a closed account still need to know of the person.

use crate::store::Row;
use crate::users::User;
use serde::{Deserialize, Serialize};

/// What the orders of a closed account that are on their way still need to know of the person.
/// No e-mail address, no user name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaver {
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) phone_number: String,
    pub(super) address: String,
    pub(super) city: String,
    pub(super) postcode: String,
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

impl Row for Leaver {
    const VERSION: u8 = 2;
    type Stored<'a> = crate::store::AsIs<'a, Self>;

    /// Version 1 was written when nothing of the person was kept.
    fn read(version: u8, bytes: &[u8]) -> Option<Self> {
        match version {
            1 => bytes.is_empty().then(Self::default),
            2 => {
                let (row, rest) = postcard::take_from_bytes(bytes).ok()?;
                rest.is_empty().then_some(row)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_of_version_1_is_read() {
        assert_eq!(Leaver::read(1, &[]), Some(Leaver::default()));
        assert_eq!(Leaver::read(1, &[0]), None);
        let leaver = Leaver { first_name: "Ann".to_owned(), ..Leaver::default() };
        let bytes = postcard::to_stdvec(&leaver).expect("written");
        assert_eq!(Leaver::read(2, &bytes), Some(leaver));
        assert_eq!(Leaver::read(3, &bytes), None);
    }
}
