//! API4: register, log in, log out.

use super::callers::person;
use super::refusals::Problem;
use super::wire::{MeBody, MessageBody};
use crate::app::{App, IssuedTokens, Repeat, presented_cart_key};
use crate::edge::form::{
    Json, Rule, Text, anything, claimed_password, claimed_username, email, form, name,
    new_password, repeated_password, username,
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

form! {
    /// The fields of a registration.
    pub(super) struct Registration {
        username: Username = required(username()),
        password: Password = required(new_password()),
        confirm_password: Vec<u8> = required(repeated_password()),
        email: EmailAddress = required(email()),
        first_name: String = defaulting(name_rule().like("John"), String::new()),
        last_name: String = defaulting(name_rule().like("Doe"), String::new()),
        user_type: Role = defaulting(role_rule(), Role::Customer),
    }
    check |form, fields| {
        // The passwords are compared only if both are valid.
        let are_good =
            fields.password.parsed().is_some() && fields.confirm_password.parsed().is_some();
        if are_good && form.differ("password", "confirm_password") {
            form.error("confirm_password", PASSWORDS_DIFFER);
        }
    }
}

fn name_rule() -> Text {
    name(NAME_CHARACTERS_MAX).or_blank()
}

/// The document has no `user_type`. A client that sends one cannot make itself an administrator.
fn role_rule() -> impl Rule<Value = Role> {
    let read = anything(|json| {
        let is_admin = matches!(&json, Json::Text(text) if text == Role::Administrator.user_type());
        if is_admin { Role::Administrator } else { Role::Customer }
    });
    read.like(Role::Customer.user_type())
}

pub(super) async fn register(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let fields = Registration::read(&mut form);
    let guest = presented_cart_key(&call.request, &mut form);
    app.note_taken(&mut form, &fields.username, &fields.email, EMAIL_IN_USE)?;
    let Registration { username, password, email, first_name, last_name, user_type: role, .. } =
        form.finish(fields)?;
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

/// The tokens of a new session.
#[derive(JsonSchema, Serialize)]
pub(super) struct LoggedInBody {
    #[schemars(with = "Token")]
    refresh: String,
    #[schemars(with = "Token")]
    access: String,
}

form! {
    /// The fields of a log-in.
    pub(super) struct Login {
        username: Username = required(claimed_username().like("john_doe")),
        password: Password = required(claimed_password()),
    }
}

pub(super) async fn login(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let fields = Login::read(&mut form);
    let guest = presented_cart_key(&call.request, &mut form);
    let Login { username, password } = form.finish(fields)?;
    let known = users::by_username(&*app.shop.store.snapshot(), &username)?;
    let (id, user) = app.require_password(&call, username.as_str(), known, password).await?;
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

pub(super) async fn logout(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let session = person(&app, &call)?.session;
    let logged_out = app.commit(&call, move |turn| async move {
        turn.ask(users::EndSession { session }).await?;
        Ok(Answer::ok(&MessageBody { message: "Logged out successfully." }))
    });
    Ok(logged_out.await?)
}
