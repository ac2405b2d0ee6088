//! Who is asking.

use crate::UserId;

/// What a registered person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Buys; sees only what is their own.
    Customer,
    /// Runs the shop (`user_type: admin`, `is_staff`).
    Administrator,
}

impl Role {
    /// The storefront document's `user_type`.
    #[must_use]
    pub fn user_type(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Administrator => "admin",
        }
    }
}

/// A caller whose token was found good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The person.
    pub user: UserId,
    /// What they may do.
    pub role: Role,
}

impl Caller {
    /// True for an administrator.
    #[must_use]
    pub fn is_administrator(self) -> bool {
        self.role == Role::Administrator
    }
}
