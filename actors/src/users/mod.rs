//! The owner of users: who they are, their passwords, their sessions.

mod actor;
mod change_password;
mod close;
mod names;
mod password_reset;
mod queries;
mod register;
mod rows;
mod sessions;
mod update_profile;

pub use actor::{UserOwner, UsersMessage};
pub use change_password::ChangePassword;
pub use password_reset::{
    RESET_LIFETIME, RequestPasswordReset, ResetPassword, ResetToken, may_reset, uid_of, user_of_uid,
};
pub use queries::{administrators, by_email, by_username, session, user};
pub use register::Register;
pub use rows::{Session, User};
pub use sessions::{OpenSession, REFRESH_LIFETIME, Rotation, SessionToken, prune_ended_sessions};
pub use update_profile::{ProfileDetails, UpdateProfile};

pub(crate) use names::renew_keys;
pub(crate) use queries::{check, count};
#[cfg(any(test, fuzzing))]
pub(crate) use rows::READERS;
pub(crate) use rows::TABLES;
pub(crate) use sessions::begin_generation;
