//! Setting a new password with a mailed token.

use super::live::may_reset;
use super::token::ResetToken;
use crate::Failure;
use crate::hashing::PasswordHash;
use crate::owner::Command;
use crate::store::{Read, Unit};
use crate::users::Users;
use crate::users::set_password::set_password;
use crate::users::stored::USERS;
use souk_domain::{Refusal, UserId};

/// Sets a new password with a mailed token, like [`crate::users::ChangePassword`], and ends all
/// sessions of the user. Rejects an invalid token.
#[derive(Clone, Debug)]
pub struct ResetPassword {
    /// The user the link names.
    pub user: UserId,
    /// The token of the mail.
    pub token: ResetToken,
    /// The hash of the new password.
    pub password: PasswordHash,
}

impl Command for ResetPassword {
    type Owner = Users;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Users) -> Result<(), Failure> {
        let Self { user, token, password } = self;
        let is_valid = may_reset(unit, user, &token, unit.now())?;
        let account = unit.get(USERS, &user)?.filter(|_| is_valid).ok_or(Refusal::TokenInvalid)?;
        set_password(unit, user, account, password, None)
    }
}
