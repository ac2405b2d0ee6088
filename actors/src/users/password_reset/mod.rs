//! Password reset: a mailed token that is valid once and for one hour.

mod live;
mod request;
mod reset;
mod token;

pub use live::may_reset;
pub use request::{RESET_LIFETIME, RequestPasswordReset};
pub use reset::ResetPassword;
pub use token::{ResetToken, uid_of, user_of_uid};

pub(super) use live::revoke_all;
