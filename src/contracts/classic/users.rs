//! 1 to 4: sign up, log in, change e-mail address and password.

use super::refusals::Problem;
use super::wire::{MessageBody, TokensBody, UserBody};
use crate::app::{App, IssuedTokens, presented_cart_key};
use crate::edge::form::{
    Field, Rule, claimed_password, claimed_username, email, form, new_password, username,
};
use crate::edge::{Answer, Call, Form, standard};
use souk_actors::users::{self, ProfileDetails, Register, UpdateProfile, User};
use souk_domain::{EmailAddress, Password, Role, UserId, Username};
use std::sync::Arc;

form! {
    /// The fields of a sign-up.
    pub(super) struct SignUp {
        username: Username = required(username()),
        password: Password = required(new_password()),
        email: EmailAddress = required(email()),
    }
}

pub(super) async fn sign_up(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let fields = SignUp::read(&mut form);
    app.note_taken(&mut form, &fields.username, &fields.email, standard::EMAIL_TAKEN)?;
    let guest = presented_cart_key(&call.request, &mut form);
    let SignUp { username, password, email } = form.finish(fields)?;
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

form! {
    /// The fields of a log-in.
    pub(super) struct LogIn {
        username: Username = required(claimed_username()),
        password: Password = required(claimed_password()),
    }
}

pub(super) async fn log_in(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let fields = LogIn::read(&mut form);
    let guest = presented_cart_key(&call.request, &mut form);
    let LogIn { username, password } = form.finish(fields)?;
    let known = users::by_username(&*app.shop.store.snapshot(), &username)?;
    let shown = |tokens: IssuedTokens| {
        Answer::ok(&TokensBody { access: tokens.access, refresh: tokens.refresh })
    };
    Ok(app.log_in(&call, username.as_str(), known, password, guest, shown).await?)
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

/// The new e-mail address; `current` is the present one.
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
