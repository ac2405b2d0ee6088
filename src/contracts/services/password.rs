//! API4: password changes, with the old password or by mail.

use super::callers::person;
use super::refusals::{Problem, refused};
use super::users::PASSWORDS_DIFFER;
use super::wire::{DetailBody, MessageBody};
use crate::app::{App, RESET_LINK_PATH};
use crate::edge::form::{
    Field, claimed_email, claimed_password, form, new_password, repeated_password,
};
use crate::edge::{Answer, Call, Form};
use souk_actors::users::{self, ChangePassword, ResetToken};
use souk_actors::{Failure, clock};
use souk_domain::{EmailAddress, Password, Refusal};
use std::sync::Arc;

/// Where the link in the mail leads.
pub(super) const CONFIRM_PATH: &str = RESET_LINK_PATH;

pub(super) const INVALID_LINK: &str = "Invalid or expired token.";

form! {
    /// The old password and the new one.
    pub(super) struct ChangedPassword {
        old_password: Password = required(claimed_password()),
        new: NewPassword = flattened(NewPassword::read),
    }
}

form! {
    /// A new password, twice.
    pub(super) struct NewPassword {
        new_password: Password = required(new_password()),
        confirm_password: Vec<u8> = required(repeated_password()),
    }
    check |form, _| {
        if form.differ("new_password", "confirm_password") {
            form.error("confirm_password", PASSWORDS_DIFFER);
        }
    }
}

pub(super) async fn change(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = person(&app, &call)?;
    let mut form = Form::parse(&call.request)?;
    let fields = ChangedPassword::read(&mut form);
    let hash = visitor.user.password.clone();
    if let Some(old) = fields.old_password.parsed()
        && !app.is_own_password(&call, &visitor, old.clone()).await?
    {
        form.error("old_password", "Old password is incorrect");
    }
    let ChangedPassword { new, .. } = form.finish(fields)?;
    let command = ChangePassword {
        user: visitor.id(),
        expected: Some(hash),
        password: app.new_password_hash(&call, new.new_password).await?,
        kept_session: Some(visitor.session),
    };
    let changed = app.commit(&call, move |turn| async move {
        turn.ask(command).await?;
        Ok(Answer::ok(&MessageBody { message: "Password changed successfully." }))
    });
    Ok(changed.await?)
}

/// The account whose password was forgotten.
pub(super) fn email_field(form: &mut Form<'_>) -> Field<EmailAddress> {
    form.required("email", claimed_email())
}

/// Every address gets the same answer after the same work, so a caller cannot find out which
/// addresses have accounts.
pub(super) async fn request_reset(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let address = email_field(&mut form);
    let email = form.finish(address)?;
    let sentence = "If an account with that email exists, a password reset email has been sent.";
    let answer = Answer::ok(&DetailBody { detail: sentence });
    Ok(app.request_password_reset(&call, email, answer).await?)
}

pub(super) async fn confirm_reset(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let user = call.request.query("uidb64").and_then(users::user_of_uid);
    let token = call.request.query("token").and_then(ResetToken::parse);
    let (Some(user), Some(token)) = (user, token) else { return Err(refused(INVALID_LINK).into()) };
    // The turn checks the token again. This early check saves a password hash for an invalid token.
    if !users::may_reset(&*app.shop.store.snapshot(), user, &token, clock::now())? {
        return Err(refused(INVALID_LINK).into());
    }
    let mut form = Form::parse(&call.request)?;
    let fields = NewPassword::read(&mut form);
    let NewPassword { new_password, .. } = form.finish(fields)?;
    let answer = Answer::ok(&DetailBody { detail: "Password has been reset." });
    let reset = app.reset_password(&call, user, token, new_password, answer).await;
    reset.map_err(|failure| match failure {
        Failure::Refused(Refusal::TokenInvalid) => refused(INVALID_LINK).into(),
        failure => failure.into(),
    })
}
