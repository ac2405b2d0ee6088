//! Password resets, for the services contract and for the pages.

use super::throttle::Recipient;
use super::{App, Repeat};
use crate::edge::{Answer, Call};
use souk_actors::Failure;
use souk_actors::idempotency::Grant;
use souk_actors::users::{RequestPasswordReset, ResetPassword, ResetToken};
use souk_domain::{EmailAddress, Password, UserId};
use std::sync::Arc;

/// The path of the mailed link. The services document has a `POST` at the same path.
pub(crate) const RESET_LINK_PATH: &str = "/api/v1/users/reset-password/confirm/";

impl App {
    /// Mails a link to reset the password if an account has this address. Every address gets the
    /// same answer, so a caller cannot find out which addresses have accounts.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`] for clients that ask too often; failures of the store.
    pub(crate) async fn request_password_reset(
        self: &Arc<Self>,
        call: &Call,
        email: EmailAddress,
        answer: Answer,
    ) -> Result<Answer, Failure> {
        self.admit_guess(call, &email.unique_form())?;
        if let Some(throttle) = &self.throttle {
            throttle.admit_mail(Recipient::OfLink(email.unique_form()))?;
        }
        let page = format!("{}{RESET_LINK_PATH}", self.mailed_url);
        let command = RequestPasswordReset { email, token: ResetToken::random(), page };
        let committed = self.commit(call, move |turn| async move {
            turn.ask(command).await?;
            Ok(answer.repeated(Repeat::ToAnybody))
        });
        committed.await
    }

    /// Sets a new password for the user with the mailed token. The token is invalid afterwards.
    ///
    /// # Errors
    /// [`souk_domain::Refusal::TokenInvalid`]; [`Failure::Busy`] if too many passwords wait to be
    /// hashed.
    pub(crate) async fn reset_password(
        self: &Arc<Self>,
        call: &Call,
        user: UserId,
        token: ResetToken,
        password: Password,
        answer: Answer,
    ) -> Result<Answer, Failure> {
        let password = self.new_password_hash(call, password).await?;
        let command = ResetPassword { user, token, password };
        let committed = self.commit(call, move |turn| async move {
            let grant = Grant::of_reset(command.user, &command.password);
            turn.ask(command).await?;
            Ok(answer.repeated(Repeat::While(grant)))
        });
        committed.await
    }
}
