//! A forgotten password: a mailed token that works once and for one hour, then a new password.

use super::Users;
use super::change_password::{ChangePassword, change_password};
use super::rows::{BY_EMAIL, LiveReset, PASSWORD_RESETS, USERS};
use crate::hashing::PasswordHash;
use crate::outbox::{self, Cause, MailContent, Outgoing};
use crate::owner::Command;
use crate::store::{Read, StoreError, Unit};
use crate::{Failure, ids};
use base64ct::{Base64UrlUnpadded, Encoding};
use sha2::{Digest, Sha256};
use souk_domain::{EmailAddress, Refusal, UnixMillis, UserId};
use std::time::Duration;
use subtle::ConstantTimeEq;

/// How long a mailed token is good.
pub const RESET_LIFETIME: Duration = Duration::from_secs(60 * 60);
/// Tokens of one user that are good at once: no more mails within a [`RESET_LIFETIME`].
const MAX_LIVE_RESETS: usize = 5;
/// Random octets of a token.
const TOKEN_BYTES: usize = 32;

/// Mails a token to somebody who forgot their password. Mails nothing if no user has the address,
/// or if the user has enough good tokens already; the reply does not say so.
#[derive(Clone, Debug)]
pub struct RequestPasswordReset {
    /// The address they gave, which may be nobody's.
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

/// Sets a new password for whoever got the mail, as [`ChangePassword`] does, and ends all their
/// sessions. Refuses a token that is not good.
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
        let is_good = may_reset(unit, user, &token, unit.now())?;
        if !is_good || unit.get(USERS, &user)?.is_none() {
            return Err(Refusal::TokenInvalid.into());
        }
        change_password(unit, ChangePassword { user, expected: None, password, kept_session: None })
    }
}

/// A token as the mail carries it. The store keeps its hash only.
#[derive(Clone, PartialEq, Eq)]
pub struct ResetToken(String);

impl ResetToken {
    /// A new one that nobody can guess.
    #[must_use]
    pub fn random() -> Self {
        Self(crate::random_hex(TOKEN_BYTES))
    }

    /// The one somebody presents; `None` if it can be nobody's.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_digit = |octet: u8| octet.is_ascii_digit() || (b'a'..=b'f').contains(&octet);
        (text.len() == TOKEN_BYTES * 2 && text.bytes().all(is_digit)).then(|| Self(text.to_owned()))
    }

    fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

/// Never printed: whoever has it has the account.
impl std::fmt::Debug for ResetToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResetToken(…)")
    }
}

/// How a link names a user: their number in URL-safe base64, as Django does it.
#[must_use]
pub fn uid_of(user: UserId) -> String {
    Base64UrlUnpadded::encode_string(user.to_string().as_bytes())
}

/// The user a link names; `None` if it names nobody.
#[must_use]
pub fn user_of_uid(uid: &str) -> Option<UserId> {
    /// An id has at most 19 digits, which are 26 characters of base64.
    const UID_CHARACTERS_MAX: usize = 26;
    let uid = uid.trim_end_matches('=');
    if uid.len() > UID_CHARACTERS_MAX {
        return None;
    }
    let digits = Base64UrlUnpadded::decode_vec(uid).ok()?;
    UserId::parse(std::str::from_utf8(&digits).ok()?)
}

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
pub(super) fn forget(unit: &Unit, user: UserId) -> Result<(), Failure> {
    unit.delete(PASSWORD_RESETS, &user)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_a_user_as_django_does() {
        let user = |number| UserId::new(number).expect("positive");
        assert_eq!(uid_of(user(1)), "MQ");
        for number in [1, 42, (1 << 63) - 1] {
            assert_eq!(user_of_uid(&uid_of(user(number))), Some(user(number)));
        }
        assert_eq!(user_of_uid("MQ=="), Some(user(1)));
        for uid in ["", "MA", "???", "YWJj", &"MQ".repeat(100)] {
            assert_eq!(user_of_uid(uid), None, "{uid}");
        }
    }

    #[test]
    fn a_token_is_never_printed() {
        let token = ResetToken::random();
        assert_eq!(ResetToken::parse(&token.0).as_ref(), Some(&token));
        assert!(!format!("{token:?}").contains(&token.0));
        for text in ["", "abc", &token.0[1..], &token.0.replace(|c: char| c < 'a', "A")] {
            assert_eq!(ResetToken::parse(text), None);
        }
    }
}
