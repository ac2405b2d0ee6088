//! Whom to mail about an order.

/// Whom to mail about an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The e-mail address.
    pub email: String,
    /// How to address them; may be empty.
    pub name: String,
}
