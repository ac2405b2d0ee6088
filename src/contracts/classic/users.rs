//! 1 to 4: sign up, log in, change e-mail address and password.

use super::refusals::Problem;
use super::wire::{MessageBody, TokensBody, UserBody};
use crate::app::{App, IssuedTokens, presented_cart_key};
use crate::edge::form::{claimed_password, claimed_username, email, new_password, username};
use crate::edge::{Answer, Call, Form};
use souk_actors::users::{self, ProfileDetails, Register, UpdateProfile, User};
use souk_domain::{Role, UserId};
use std::sync::Arc;

pub(super) async fn sign_up(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let name = form.required("username", username);
    let password = form.required("password", new_password);
    let address = form.required("email", email);
    app.note_taken(&mut form, Some(&name), &address)?;
    let guest = presented_cart_key(&call.request, &mut form);
    let (username, password, email) = form.finish((name, password, address))?;
    let person = Register {
        username,
        email,
        password: app.shop.hasher.hash(password).await?,
        role: Role::Customer,
        first_name: String::new(),
        last_name: String::new(),
    };
    let shown = |id, user: &User| Answer::created(&UserBody::new(id, user));
    Ok(app.add_person(&call, person, guest, shown).await?)
}

pub(super) async fn log_in(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let name = form.required("username", claimed_username);
    let password = form.required("password", claimed_password);
    let guest = presented_cart_key(&call.request, &mut form);
    let (name, password) = form.finish((name, password))?;
    let known = users::by_username(&*app.shop.store.snapshot(), &name)?;
    let shown = |tokens: IssuedTokens| {
        Answer::ok(&TokensBody { access: tokens.access, refresh: tokens.refresh })
    };
    Ok(app.log_in(&call, name.as_str(), known, password, guest, shown).await?)
}

pub(super) async fn change_email(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let mut form = Form::parse(&call.request)?;
    let address = form.required("email", email);
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

pub(super) async fn change_password(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let mut form = Form::parse(&call.request)?;
    let password = form.required("password", new_password);
    let password = form.finish(password)?;
    let shown = || Answer::ok(&MessageBody { message: "Password changed successfully" });
    Ok(app.change_password(&call, &visitor, password, shown).await?)
}
