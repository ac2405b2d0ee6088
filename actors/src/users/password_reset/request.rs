//! Mailing a token to a user who forgot the password.

use super::token::{ResetToken, uid_of};
use crate::outbox::{self, Cause, MailContent, Outgoing};
use crate::owner::Command;
use crate::store::{Read, Unit};
use crate::users::Users;
use crate::users::session::LiveReset;
use crate::users::stored::{BY_EMAIL, PASSWORD_RESETS, USERS};
use crate::{Failure, ids};
use souk_domain::EmailAddress;
use std::time::Duration;

/// How long a mailed token is valid.
pub const RESET_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// Most valid tokens per user, which also limits the mails within a [`RESET_LIFETIME`].
const MAX_LIVE_RESETS: usize = 5;

/// Mails a token to a user who forgot the password. Mails nothing if no user has the address, or if
/// the user has enough valid tokens; the reply does not reveal which.
#[derive(Clone, Debug)]
pub struct RequestPasswordReset {
    /// The address in the request; possibly of no user.
    pub email: EmailAddress,
    /// The token to mail.
    pub token: ResetToken,
    /// The page that the link opens; `uidb64` and `token` are added as its query.
    pub page: String,
}

impl Command for RequestPasswordReset {
    type Owner = Users;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Users) -> Result<(), Failure> {
        // Counted for unknown addresses too, so that both cases wait for a commit and take as long.
        let number = ids::next(unit, "password_reset", Some)?;
        let Some(id) = unit.get(BY_EMAIL, &self.email.unique_form())? else { return Ok(()) };
        let Some(user) = unit.get(USERS, &id)? else { return Ok(()) };
        let mut resets = unit.get(PASSWORD_RESETS, &id)?.unwrap_or_default();
        resets.live.retain(|reset| reset.ends_at > unit.now());
        if resets.live.len() >= MAX_LIVE_RESETS {
            return Ok(());
        }
        let (hash, ends_at) = (self.token.hash(), unit.now().after(RESET_LIFETIME));
        resets.live.push(LiveReset { hash, ends_at });
        unit.put(PASSWORD_RESETS, &id, &resets)?;
        let link = format!("{}?uidb64={}&token={}", self.page, uid_of(id), self.token.0);
        outbox::append(
            unit,
            Outgoing::Mail {
                cause: Cause::PasswordReset(id, number),
                to: user.email.to_string(),
                content: MailContent::PasswordReset { customer_name: user.full_name(), link },
            },
        )
    }
}
