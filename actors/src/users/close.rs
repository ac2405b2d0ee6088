//! Closing an account: nothing of the person stays here (contracts README, "Users").

use super::User;
use super::rows::{ADMINISTRATORS, BY_EMAIL, USERS};
use super::{names, password_reset, sessions};
use crate::Failure;
use crate::outbox::{self, Outgoing, UserEvent};
use crate::store::{Read, Unit};
use souk_domain::{Missing, Refusal, Role, UserId};

pub(super) fn show(unit: &Unit, id: UserId) -> Result<User, Failure> {
    Ok(unit.get(USERS, &id)?.ok_or(Refusal::NotFound(Missing::User))?)
}

pub(super) fn close(unit: &Unit, id: UserId) -> Result<(), Failure> {
    let user = show(unit, id)?;
    if user.role == Role::Administrator {
        // Nobody could make another one while the shop is open.
        if unit.count(ADMINISTRATORS)? <= 1 {
            return Err(Refusal::LastAdministrator.into());
        }
        unit.delete(ADMINISTRATORS, &id)?;
    }
    sessions::end_others(unit, id, None)?;
    password_reset::forget(unit, id)?;
    unit.delete(BY_EMAIL, &user.email.unique_form())?;
    names::delete(unit, &user.username, id)?;
    // Ids are never given twice, so no row needs to stay to keep this one from coming back.
    unit.delete(USERS, &id)?;
    let version = user.version + 1;
    let what = UserEvent::Closed;
    outbox::append(unit, Outgoing::User { user: id, version, what, role: user.role })
}
