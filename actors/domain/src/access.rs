//! The roles of callers.

use crate::UserId;

/// The role of a registered user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Buys, and sees only data of their own.
    Customer,
    /// Manages the shop (`user_type: admin`, `is_staff`).
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

/// A caller with a valid token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub user: UserId,
    /// The user's role.
    pub role: Role,
}

impl Caller {
    /// True for an administrator.
    #[must_use]
    pub fn is_administrator(self) -> bool {
        self.role == Role::Administrator
    }
}
