//! The tokens of a user that are good.

use super::token::ResetToken;
use crate::Failure;
use crate::store::{Read, StoreError, Unit};
use crate::users::session::LiveReset;
use crate::users::stored::PASSWORD_RESETS;
use souk_domain::{UnixMillis, UserId};
use subtle::ConstantTimeEq;

/// Whether a token is good for a user.
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

/// Makes every token of a user worthless: their password or address is another now.
pub(in crate::users) fn revoke_all(unit: &Unit, user: UserId) -> Result<(), Failure> {
    unit.delete(PASSWORD_RESETS, &user)?;
    Ok(())
}
