//! Mailing a token to somebody who forgot their password.

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

/// How long a mailed token is good.
pub const RESET_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// Tokens of one user that are good at once: no more mails within a [`RESET_LIFETIME`].
const MAX_LIVE_RESETS: usize = 5;

/// Mails a token to somebody who forgot their password. Mails nothing if no user has the address,
/// or if the user has enough good tokens already; the reply does not say so.
#[derive(Clone, Debug)]
pub struct RequestPasswordReset {
    /// The address they gave; perhaps no user has it.
    pub email: EmailAddress,
    /// The token to mail.
    pub token: ResetToken,
    /// Where the link leads; `uidb64` and `token` are added as its query.
    pub page: String,
}

impl Command for RequestPasswordReset {
    type Owner = Users;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Users) -> Result<(), Failure> {
        // Written for a stranger too: both answers wait for a commit.
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
