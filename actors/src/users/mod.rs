//! The owner of users: their profiles, passwords and sessions.

mod addresses;
mod change_password;
mod close;
#[cfg(test)]
pub(crate) mod examples;
mod names;
mod password_reset;
mod queries;
mod register;
mod selection;
mod session;
mod sessions;
mod set_password;
mod stored;
mod update_profile;
mod user;

use crate::owner::{Owner, Slot};
use crate::supervision::Owners;

pub use addresses::{
    ADDRESSES_MAX, AddAddress, Address, AddressChange, ChangeAddress, RemoveAddress, address,
    addresses,
};
pub use change_password::ChangePassword;
pub use close::CloseAccount;
pub use password_reset::{
    RESET_LIFETIME, RequestPasswordReset, ResetPassword, ResetToken, may_reset, uid_of, user_of_uid,
};
pub use queries::{administrators, by_email, by_username, require_user, session, user};
pub use register::Register;
pub use selection::{SelectedUsers, UserList, UserPosition, UserSort, select};
pub use session::Session;
pub use sessions::{
    EndSession, OpenSession, REFRESH_LIFETIME, RotateSession, Rotation, SessionToken,
    prune_ended_sessions,
};
pub use update_profile::{ProfileDetails, UpdateProfile};
pub use user::User;

pub(crate) use names::renew_keys;
pub(crate) use queries::{check, count};
pub(crate) use sessions::begin_generation;
#[cfg(any(test, fuzzing))]
pub(crate) use stored::READERS;
pub(crate) use stored::{RoleV1, TABLES};

/// The owner of users, their passwords and sessions.
#[derive(Debug)]
pub struct Users;

impl Owner for Users {
    const NAME: &'static str = "users";

    fn slot(owners: &Owners) -> &Slot<Self> {
        &owners.users
    }
}
