//! 4 to 6: the caller's profile and password.

use super::is_partial;
use super::refusals::{EMAIL_IN_USE, Problem};
use super::wire::{MessageBody, ProfileBody};
use crate::app::App;
use crate::edge::form::{
    Field, Rule, claimed_password, email, name, new_password, repeated_password,
};
use crate::edge::{Answer, Call, Form};
use souk_actors::users::{ChangePassword, ProfileDetails, UpdateProfile};
use souk_domain::{EmailAddress, Password, Username};
use std::sync::Arc;

pub(super) const PASSWORDS_DIFFER: &str = "New passwords do not match";
const NAME_CHARACTERS_MAX: usize = 150;

/// What is said to who changed their password.
pub(super) const PASSWORD_CHANGED: &str = "Password changed successfully";

pub(super) async fn show(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    Ok(Answer::ok(&ProfileBody::new(visitor.id(), &visitor.user)))
}

pub(super) async fn update(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let mut form = Form::parse(&call.request)?;
    let partial = is_partial(&call.request.method);
    let fields = fields(&mut form, partial, Some(visitor.user.email.clone()));
    app.note_taken_email(&mut form, visitor.id(), &fields.0, EMAIL_IN_USE)?;
    let (email, first_name, last_name) = form.finish(fields)?;
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

/// What can be changed of a profile with this e-mail address.
pub(super) fn fields(
    form: &mut Form<'_>,
    partial: bool,
    current: Option<EmailAddress>,
) -> ProfileFields {
    let name = |example| name(NAME_CHARACTERS_MAX).or_blank().example(example);
    (
        form.changing("email", email().or_unchanged(current), partial),
        form.optional("first_name", name("Jane")),
        form.optional("last_name", name("Smith")),
    )
}

type ProfileFields = (Field<Option<EmailAddress>>, Field<Option<String>>, Field<Option<String>>);

pub(super) async fn change_password(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let mut form = Form::parse(&call.request)?;
    let (old, new, confirmed) = password_fields(&mut form);
    if form.differ("new_password", "new_password_confirm") {
        form.error("new_password", PASSWORDS_DIFFER);
    }
    let hash = visitor.user.password.clone();
    if let Some(old) = old.seen()
        && !app.is_own_password(&call, &visitor, old.clone()).await?
    {
        form.error("old_password", "Old password is incorrect");
    }
    let (_, new, _) = form.finish((old, new, confirmed))?;
    let command = ChangePassword {
        user: visitor.id(),
        expected: Some(hash),
        password: app.new_password_hash(&call, new).await?,
        kept_session: Some(visitor.session),
    };
    let changed = app.commit(&call, move |turn| async move {
        turn.ask(command).await?;
        Ok(Answer::ok(&MessageBody { message: PASSWORD_CHANGED }))
    });
    Ok(changed.await?)
}

/// The old password, and the new one twice.
pub(super) fn password_fields(
    form: &mut Form<'_>,
) -> (Field<Password>, Field<Password>, Field<Vec<u8>>) {
    (
        form.required("old_password", claimed_password()),
        form.required("new_password", new_password()),
        form.required("new_password_confirm", repeated_password()),
    )
}
