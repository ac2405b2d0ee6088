//! The valid reset tokens of a user.

use super::token::ResetToken;
use crate::Failure;
use crate::store::{Read, StoreError, Unit};
use crate::users::session::LiveReset;
use crate::users::stored::PASSWORD_RESETS;
use souk_domain::{UnixMillis, UserId};
use subtle::ConstantTimeEq;

/// True if the token is valid for the user.
///
/// # Errors
/// [`StoreError`].
pub fn may_reset(
    read: &impl Read,
    user: UserId,
    token: &ResetToken,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let hash = token.hash();
    let Some(resets) = read.get(PASSWORD_RESETS, &user)? else { return Ok(false) };
    let good = |reset: &LiveReset| reset.ends_at > now && bool::from(reset.hash.ct_eq(&hash));
    Ok(resets.live.iter().any(good))
}

/// Revokes every reset token of a user, because the password or address changed.
pub(in crate::users) fn revoke_all(unit: &Unit, user: UserId) -> Result<(), Failure> {
    unit.delete(PASSWORD_RESETS, &user)?;
    Ok(())
}
