//! API4: register, log in, log out.

use super::callers::person;
use super::refusals::Problem;
use super::wire::{MeBody, MessageBody};
use crate::app::{App, IssuedTokens, Repeat, presented_cart_key};
use crate::edge::form::{
    Field, Json, Rule, anything, claimed_password, claimed_username, email, name, new_password,
    repeated_password, username,
};
use crate::edge::values::Token;
use crate::edge::{Answer, Call, Form, standard};
use schemars::JsonSchema;
use serde::Serialize;
use souk_actors::idempotency::Grant;
use souk_actors::journeys::accounts;
use souk_actors::users::{self, OpenSession, Register};
use souk_domain::{EmailAddress, Password, Role, Username};
use std::sync::Arc;

pub(super) const EMAIL_IN_USE: &str = "This email is already in use.";
pub(super) const PASSWORDS_DIFFER: &str = "Passwords do not match";
pub(super) const NAME_CHARACTERS_MAX: usize = 150;

/// A new user, logged in.
#[derive(JsonSchema, Serialize)]
pub(super) struct RegisteredBody {
    message: &'static str,
    user: RegisteredUser,
}

/// A user's profile and the tokens of their first session.
#[derive(JsonSchema, Serialize)]
struct RegisteredUser {
    #[serde(flatten)]
    me: MeBody,
    #[schemars(with = "Token")]
    access: String,
    #[schemars(with = "Token")]
    refresh: String,
}

pub(super) async fn register(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let fields = register_fields(&mut form);
    let guest = presented_cart_key(&call.request, &mut form);
    note_taken(&app, &mut form, &fields.0, &fields.2)?;
    let (username, password, email, first_name, last_name, role) = form.finish(fields)?;
    let may_make_administrators =
        app.visitor(&call).is_ok_and(|visitor| visitor.caller.is_administrator());
    if role == Role::Administrator && !may_make_administrators {
        return Err(standard::forbidden().into());
    }
    let password = app.new_password_hash(&call, password).await?;
    let command = Register { username, email, password, role, first_name, last_name };
    let issuer = Arc::clone(&app);
    let registered = app.commit(&call, move |turn| async move {
        let new = accounts::register(&turn, command, guest).await?;
        let IssuedTokens { access, refresh } = issuer.issue(new.session);
        let me = MeBody::new(new.id, &new.user);
        let user = RegisteredUser { me, access, refresh };
        let grant = Grant::of_registration(new.session, &new.user);
        let body = RegisteredBody { message: "User registered successfully.", user };
        Ok(Answer::created(&body).repeated(Repeat::While(grant)))
    });
    Ok(registered.await?)
}

type RegisterFields = (
    Field<Username>,
    Field<Password>,
    Field<EmailAddress>,
    Field<String>,
    Field<String>,
    Field<Role>,
);

/// What a registration takes.
pub(super) fn register_fields(form: &mut Form<'_>) -> RegisterFields {
    let username = form.required("username", username());
    let password = form.required("password", new_password());
    let confirmed = form.required("confirm_password", repeated_password());
    let address = form.required("email", email());
    let blank = String::new;
    let first_name = name(NAME_CHARACTERS_MAX).or_blank().like("John");
    let first_name = form.defaulting("first_name", first_name, blank());
    let last_name = name(NAME_CHARACTERS_MAX).or_blank().like("Doe");
    let last_name = form.defaulting("last_name", last_name, blank());
    let role = form.defaulting("user_type", wished_role(), Role::Customer);
    // The two are compared where each of them is good.
    let are_good = password.seen().is_some() && confirmed.seen().is_some();
    if are_good && form.differ("password", "confirm_password") {
        form.error("confirm_password", PASSWORDS_DIFFER);
    }
    (username, password, address, first_name, last_name, role)
}

/// Asked again within the turn; here it spares a hash and lets all errors stand together.
fn note_taken(
    app: &App,
    form: &mut Form<'_>,
    name: &Field<Username>,
    address: &Field<EmailAddress>,
) -> Result<(), Problem> {
    let snapshot = app.shop.store.snapshot();
    if let Some(name) = name.seen() {
        if address.seen().is_some_and(|address| name.is_address_of_another(address)) {
            form.error("username", standard::USERNAME_IS_AN_ADDRESS);
        } else if users::by_username(&*snapshot, name)?.is_some() {
            form.error("username", standard::USERNAME_TAKEN);
        }
    }
    if let Some(address) = address.seen()
        && users::by_email(&*snapshot, address)?.is_some()
    {
        form.error("email", EMAIL_IN_USE);
    }
    Ok(())
}

/// This document has no `user_type`; whoever sends one may mean anything but an administrator.
fn wished_role() -> impl Rule<Value = Role> {
    let read = anything(|json| {
        let is_admin = matches!(&json, Json::Text(text) if text == Role::Administrator.user_type());
        if is_admin { Role::Administrator } else { Role::Customer }
    });
    read.like(Role::Customer.user_type())
}

/// The tokens of a new session.
#[derive(JsonSchema, Serialize)]
pub(super) struct LoggedInBody {
    #[schemars(with = "Token")]
    refresh: String,
    #[schemars(with = "Token")]
    access: String,
}

pub(super) async fn login(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let fields = login_fields(&mut form);
    let guest = presented_cart_key(&call.request, &mut form);
    let (name, password) = form.finish(fields)?;
    let known = users::by_username(&*app.shop.store.snapshot(), &name)?;
    let (id, user) = app.require_password(&call, name.as_str(), known, password).await?;
    let issuer = Arc::clone(&app);
    let logged_in = app.commit(&call, move |turn| async move {
        let command = OpenSession { user: id, password: user.password.clone() };
        let session = accounts::log_in(&turn, command, guest).await?;
        let IssuedTokens { access, refresh } = issuer.issue(session);
        let answer = Answer::ok(&LoggedInBody { refresh, access });
        Ok(answer.repeated(Repeat::log_in(session, &user)))
    });
    Ok(logged_in.await?)
}

/// What a log-in takes.
pub(super) fn login_fields(form: &mut Form<'_>) -> (Field<Username>, Field<Password>) {
    (
        form.required("username", claimed_username().like("john_doe")),
        form.required("password", claimed_password()),
    )
}

pub(super) async fn logout(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let session = person(&app, &call)?.session;
    let logged_out = app.commit(&call, move |turn| async move {
        turn.ask(users::EndSession { session }).await?;
        Ok(Answer::ok(&MessageBody { message: "Logged out successfully." }))
    });
    Ok(logged_out.await?)
}
