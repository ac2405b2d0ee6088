//! API4: register, log in, log out.

use super::callers::person;
use super::refusals::Problem;
use super::wire::{MeBody, MessageBody};
use crate::app::{App, IssuedTokens, presented_cart_key};
use crate::edge::form::{
    Json, Rule, anything, claimed_password, claimed_username, email, new_password, text, username,
};
use crate::edge::{Answer, Call, Form, standard};
use serde::Serialize;
use souk_actors::journeys::accounts;
use souk_actors::users::{self, OpenSession, Register, UsersMessage};
use souk_domain::Role;
use std::sync::Arc;

pub(super) const EMAIL_IN_USE: &str = "This email is already in use.";
pub(super) const USERNAME_IN_USE: &str = "A user with that username already exists.";
pub(super) const NAME_CHARACTERS_MAX: usize = 150;

#[derive(Serialize)]
struct RegisteredBody {
    message: &'static str,
    user: RegisteredUser,
}

#[derive(Serialize)]
struct RegisteredUser {
    #[serde(flatten)]
    me: MeBody,
    access: String,
    refresh: String,
}

pub(super) async fn register(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let name = form.required("username", username());
    let password = form.required("password", new_password());
    let confirmed = form.required("confirm_password", claimed_password());
    let address = form.required("email", email());
    let blank = String::new;
    let first_name = form.defaulting("first_name", text(NAME_CHARACTERS_MAX).or_blank(), blank());
    let last_name = form.defaulting("last_name", text(NAME_CHARACTERS_MAX).or_blank(), blank());
    let role = form.defaulting("user_type", wished_role(), Role::Customer);
    let guest = presented_cart_key(&call.request, &mut form);
    if let (Some(password), Some(confirmed)) = (password.seen(), confirmed.seen())
        && password != confirmed
    {
        form.error("confirm_password", "Passwords do not match");
    }
    // Asked again within the turn; here it spares a hash and lets all errors stand together.
    let snapshot = app.shop.store.snapshot();
    if let Some(name) = name.seen()
        && users::by_username(&*snapshot, name)?.is_some()
    {
        form.error("username", USERNAME_IN_USE);
    }
    if let Some(address) = address.seen()
        && users::by_email(&*snapshot, address)?.is_some()
    {
        form.error("email", EMAIL_IN_USE);
    }
    drop(snapshot);
    let fields = (name, password, address, first_name, last_name, role);
    let (username, password, email, first_name, last_name, role) = form.finish(fields)?;
    let may_make_administrators =
        app.visitor(&call).is_ok_and(|visitor| visitor.caller.is_administrator());
    if role == Role::Administrator && !may_make_administrators {
        return Err(standard::forbidden().into());
    }
    let password = app.shop.hasher.hash(password).await?;
    let command = Register { username, email, password, role, first_name, last_name };
    let committing = Arc::clone(&app);
    let registered = app.commit(&call, move |unit| {
        let (app, command) = (Arc::clone(&committing), command.clone());
        let guest = guest.clone();
        async move {
            let new = accounts::register(&app.shop.owners, &unit, command, guest).await?;
            let IssuedTokens { access, refresh } = app.issue(new.session);
            let me = MeBody::new(new.id, &new.user);
            let user = RegisteredUser { me, access, refresh };
            Ok(Answer::created(&RegisteredBody { message: "User registered successfully.", user }))
        }
    });
    Ok(registered.await?)
}

/// This document has no `user_type`; whoever sends one may mean anything but an administrator.
fn wished_role() -> impl Rule<Value = Role> {
    anything(|json| {
        let is_admin = matches!(&json, Json::Text(text) if text == Role::Administrator.user_type());
        if is_admin { Role::Administrator } else { Role::Customer }
    })
}

#[derive(Serialize)]
struct LoggedInBody {
    refresh: String,
    access: String,
}

pub(super) async fn login(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let name = form.required("username", claimed_username());
    let password = form.required("password", claimed_password());
    let guest = presented_cart_key(&call.request, &mut form);
    let (name, password) = form.finish((name, password))?;
    let known = users::by_username(&*app.shop.store.snapshot(), &name)?;
    let (id, user) = app.require_password(&call, name.as_str(), known, password).await?;
    let committing = Arc::clone(&app);
    let logged_in = app.commit(&call, move |unit| {
        let (app, guest) = (Arc::clone(&committing), guest.clone());
        let command = OpenSession { user: id, password: user.password.clone() };
        async move {
            let session = accounts::log_in(&app.shop.owners, &unit, command, guest).await?;
            let IssuedTokens { access, refresh } = app.issue(session);
            Ok(Answer::ok(&LoggedInBody { refresh, access }))
        }
    });
    Ok(logged_in.await?)
}

pub(super) async fn logout(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let session = person(&app, &call)?.session;
    let committing = Arc::clone(&app);
    let logged_out = app.commit(&call, move |unit| {
        let app = Arc::clone(&committing);
        async move {
            let end = |reply_to| UsersMessage::EndSession { unit, session, reply_to };
            app.shop.owners.users.ask(end).await?;
            Ok(Answer::ok(&MessageBody { message: "Logged out successfully." }))
        }
    });
    Ok(logged_out.await?)
}
