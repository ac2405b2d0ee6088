//! 4 to 6: the caller's profile and password.

use super::is_partial;
use super::refusals::{EMAIL_IN_USE, Problem};
use super::wire::{MessageBody, ProfileBody};
use crate::app::App;
use crate::edge::form::{
    Rule, Text, claimed_password, email, form, name, new_password, repeated_password,
};
use crate::edge::{Answer, Call, Form};
use souk_actors::users::{ChangePassword, ProfileDetails, UpdateProfile};
use souk_domain::{EmailAddress, Password, Username};
use std::sync::Arc;

pub(super) const PASSWORDS_DIFFER: &str = "New passwords do not match";
const NAME_CHARACTERS_MAX: usize = 150;

/// The message after a password change.
pub(super) const PASSWORD_CHANGED: &str = "Password changed successfully";

pub(super) async fn show(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    Ok(Answer::ok(&ProfileBody::new(visitor.id(), &visitor.user)))
}

form! {
    /// The fields of a change of the profile with this e-mail address.
    pub(super) struct Profile(partial: bool, current: Option<EmailAddress>) {
        email: Option<EmailAddress> = changing(email().or_unchanged(current), partial),
        first_name: Option<String> = optional(name_rule().example("Jane")),
        last_name: Option<String> = optional(name_rule().example("Smith")),
    }
}

fn name_rule() -> Text {
    name(NAME_CHARACTERS_MAX).or_blank()
}

pub(super) async fn update(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let mut form = Form::parse(&call.request)?;
    let partial = is_partial(&call.request.method);
    let fields = Profile::read(&mut form, partial, Some(visitor.user.email.clone()));
    app.note_taken_email(&mut form, visitor.id(), &fields.email, EMAIL_IN_USE)?;
    let Profile { email, first_name, last_name } = form.finish(fields)?;
    // "The username is automatically synced to match the new email address."
    let username = email.as_ref().map(Username::of_email);
    let user = visitor.id();
    let details = ProfileDetails::default();
    let command = UpdateProfile { user, username, email, first_name, last_name, details };
    let updated = app.commit(&call, move |turn| async move {
        let updated = turn.ask(command).await?;
        Ok(Answer::ok(&ProfileBody::new(user, &updated)))
    });
    Ok(updated.await?)
}

form! {
    /// The old password, and the new one twice.
    pub(super) struct ChangedPassword {
        old_password: Password = required(claimed_password()),
        new_password: Password = required(new_password()),
        new_password_confirm: Vec<u8> = required(repeated_password()),
    }
    check |form, _| {
        if form.differ("new_password", "new_password_confirm") {
            form.error("new_password", PASSWORDS_DIFFER);
        }
    }
}

pub(super) async fn change_password(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let mut form = Form::parse(&call.request)?;
    let fields = ChangedPassword::read(&mut form);
    let hash = visitor.user.password.clone();
    if let Some(old) = fields.old_password.parsed()
        && !app.is_own_password(&call, &visitor, old.clone()).await?
    {
        form.error("old_password", "Old password is incorrect");
    }
    let ChangedPassword { new_password, .. } = form.finish(fields)?;
    let command = ChangePassword {
        user: visitor.id(),
        expected: Some(hash),
        password: app.new_password_hash(&call, new_password).await?,
        kept_session: Some(visitor.session),
    };
    let changed = app.commit(&call, move |turn| async move {
        turn.ask(command).await?;
        Ok(Answer::ok(&MessageBody { message: PASSWORD_CHANGED }))
    });
    Ok(changed.await?)
}
