//! 1 to 4: sign up, log in, change e-mail address and password.

use super::refusals::Problem;
use super::wire::{MessageBody, TokensBody, UserBody};
use crate::app::{App, IssuedTokens, presented_cart_key};
use crate::edge::form::{
    Field, Rule, claimed_password, claimed_username, email, new_password, username,
};
use crate::edge::{Answer, Call, Form};
use souk_actors::users::{self, ProfileDetails, Register, UpdateProfile, User};
use souk_domain::{EmailAddress, Password, Role, UserId, Username};
use std::sync::Arc;

pub(super) async fn sign_up(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let (name, password, address) = sign_up_fields(&mut form);
    app.note_taken(&mut form, Some(&name), &address)?;
    let guest = presented_cart_key(&call.request, &mut form);
    let (username, password, email) = form.finish((name, password, address))?;
    let person = Register {
        username,
        email,
        password: app.new_password_hash(&call, password).await?,
        role: Role::Customer,
        first_name: String::new(),
        last_name: String::new(),
    };
    let shown = |id, user: &User| Answer::created(&UserBody::new(id, user));
    Ok(app.add_person(&call, person, guest, shown).await?)
}

/// What a sign-up takes.
pub(super) fn sign_up_fields(
    form: &mut Form<'_>,
) -> (Field<Username>, Field<Password>, Field<EmailAddress>) {
    (
        form.required("username", username()),
        form.required("password", new_password()),
        form.required("email", email()),
    )
}

pub(super) async fn log_in(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let fields = log_in_fields(&mut form);
    let guest = presented_cart_key(&call.request, &mut form);
    let (name, password) = form.finish(fields)?;
    let known = users::by_username(&*app.shop.store.snapshot(), &name)?;
    let shown = |tokens: IssuedTokens| {
        Answer::ok(&TokensBody { access: tokens.access, refresh: tokens.refresh })
    };
    Ok(app.log_in(&call, name.as_str(), known, password, guest, shown).await?)
}

/// What a log-in takes.
pub(super) fn log_in_fields(form: &mut Form<'_>) -> (Field<Username>, Field<Password>) {
    (form.required("username", claimed_username()), form.required("password", claimed_password()))
}

pub(super) async fn change_email(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let mut form = Form::parse(&call.request)?;
    let address = email_field(&mut form, Some(visitor.user.email.clone()));
    let address = form.finish(address)?;
    let command = UpdateProfile {
        user: visitor.id(),
        username: None,
        email: Some(address),
        first_name: None,
        last_name: None,
        details: ProfileDetails::default(),
    };
    let shown =
        |_: UserId, _: &User| Answer::ok(&MessageBody { message: "Email changed successfully" });
    Ok(app.update_profile(&call, command, shown).await?)
}

/// The new e-mail address in place of this one.
pub(super) fn email_field(
    form: &mut Form<'_>,
    current: Option<EmailAddress>,
) -> Field<EmailAddress> {
    form.required("email", email().or_unchanged(current))
}

pub(super) async fn change_password(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let mut form = Form::parse(&call.request)?;
    let password = password_field(&mut form);
    let password = form.finish(password)?;
    let shown = || Answer::ok(&MessageBody { message: "Password changed successfully" });
    Ok(app.change_password(&call, &visitor, password, shown).await?)
}

/// The new password.
pub(super) fn password_field(form: &mut Form<'_>) -> Field<Password> {
    form.required("password", new_password())
}
