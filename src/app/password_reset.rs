//! A forgotten password, whoever asks: the services contract, or a page.

use super::throttle::Recipient;
use super::{App, Repeat};
use crate::edge::{Answer, Call};
use souk_actors::Failure;
use souk_actors::idempotency::Grant;
use souk_actors::users::{RequestPasswordReset, ResetPassword, ResetToken};
use souk_domain::{EmailAddress, Password, UserId};
use std::sync::Arc;

/// Where the mailed link leads. The services document has a `POST` at the same address.
pub(crate) const RESET_LINK_PATH: &str = "/api/v1/users/reset-password/confirm/";

impl App {
    /// Has a link for a new password mailed, if somebody has this address. Does and answers the
    /// same for every address, as far as anybody outside can tell.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`] for who asks too often; what the store cannot do.
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

    /// Sets a new password for whoever has the mailed token, which is worthless afterwards.
    ///
    /// # Errors
    /// [`souk_domain::Refusal::TokenInvalid`]; [`Failure::Busy`] in a storm of log-ins.
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
