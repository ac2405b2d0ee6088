//! The recipient of mails about an order.

/// The recipient of mails about an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The e-mail address.
    pub email: String,
    /// The name for the greeting; may be empty.
    pub name: String,
}
