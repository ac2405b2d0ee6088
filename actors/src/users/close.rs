//! Closing an account: all personal data of the user is deleted (contracts README, "Users").

use super::stored::{ADMINISTRATORS, BY_EMAIL, USERS};
use super::{Users, addresses, names, password_reset, require_user, sessions};
use crate::Failure;
use crate::outbox::{self, Outgoing, UserEvent};
use crate::owner::Command;
use crate::store::{Read, Unit};
use souk_domain::{Refusal, Role, UserId};

/// Closes an account: deletes the row, its e-mail address, its name, its sessions and its addresses. Publishes
/// `user.closed`. The sender MUST handle the cart and the orders in the same turn. Rejects the last
/// administrator.
#[derive(Clone, Debug)]
pub struct CloseAccount {
    /// The user whose account is closed.
    pub user: UserId,
}

impl Command for CloseAccount {
    type Owner = Users;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Users) -> Result<(), Failure> {
        let Self { user } = self;
        let account = require_user(unit, user)?;
        if account.role == Role::Administrator {
            // Without an administrator, nobody could create one while the shop runs.
            if unit.count(ADMINISTRATORS)? <= 1 {
                return Err(Refusal::LastAdministrator.into());
            }
            unit.delete(ADMINISTRATORS, &user)?;
        }
        sessions::end_others(unit, user, None)?;
        password_reset::revoke_all(unit, user)?;
        addresses::delete_all(unit, user)?;
        unit.delete(BY_EMAIL, &account.email.unique_form())?;
        names::delete(unit, &account.username, user)?;
        // Ids are never reused, so no row needs to remain to reserve this one.
        unit.delete(USERS, &user)?;
        let (version, role) = (account.version + 1, account.role);
        outbox::append(unit, Outgoing::User { user, version, what: UserEvent::Closed, role })
    }
}
