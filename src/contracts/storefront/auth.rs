//! 1 to 3: register, log in, refresh.

use super::refusals::{EMAIL_IN_USE, Problem};
use crate::app::{App, IssuedTokens, Repeat, presented_cart_key};
use crate::edge::form::{
    Field, choice, claimed_email, claimed_password, email, name, new_password, repeated_password,
    text,
};
use crate::edge::values::{Email, Token, UserType};
use crate::edge::{Answer, Call, Form, standard};
use schemars::JsonSchema;
use serde::Serialize;
use souk_actors::Failure;
use souk_actors::idempotency::Grant;
use souk_actors::journeys::accounts;
use souk_actors::users::{self, OpenSession, Register, Rotation};
use souk_domain::{EmailAddress, Password, Refusal, Role, UserId, Username};
use std::sync::Arc;

pub(super) const REGISTERED: &str = "User registered successfully";
pub(super) const LOGGED_IN: &str = "Login successful";
pub(super) const PASSWORDS_DIFFER: &str = "Passwords do not match";
const NAME_CHARACTERS_MAX: usize = 150;
const TOKEN_CHARACTERS_MAX: usize = 4096;
const USER_TYPES: &[(&str, Role)] = &[("customer", Role::Customer), ("admin", Role::Administrator)];

/// Who came in, and with what.
#[derive(JsonSchema, Serialize)]
pub(super) struct LoggedInBody {
    message: &'static str,
    data: LoggedIn,
}

/// The tokens of a new session, and whose it is.
#[derive(JsonSchema, Serialize)]
struct LoggedIn {
    #[schemars(with = "Token")]
    access_token: String,
    #[schemars(with = "Token")]
    refresh_token: String,
    user: LoggedInUser,
}

/// A user, in short.
#[derive(JsonSchema, Serialize)]
struct LoggedInUser {
    id: u64,
    #[schemars(with = "Email")]
    email: String,
    #[schemars(with = "UserType")]
    user_type: &'static str,
}

impl LoggedInBody {
    fn new(message: &'static str, tokens: IssuedTokens, id: UserId, user: &users::User) -> Self {
        let IssuedTokens { access, refresh } = tokens;
        let email = user.email.to_string();
        let user = LoggedInUser { id: id.get(), email, user_type: user.role.user_type() };
        Self { message, data: LoggedIn { access_token: access, refresh_token: refresh, user } }
    }
}

pub(super) async fn register(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let (account, rest) = register_fields(&mut form);
    let (address, password, confirmed) = account;
    // A confirmation of nothing does not match either, as the document's example shows.
    let confirms_nothing = form.has("password_confirm") && !form.has("password");
    if confirms_nothing || form.differ("password", "password_confirm") {
        form.error("password_confirm", PASSWORDS_DIFFER);
    }
    if let Some(address) = address.seen() {
        // Asked again within the turn; here it spares a hash and lets all errors stand together.
        if users::by_email(&*app.shop.store.snapshot(), address)?.is_some() {
            form.error("email", EMAIL_IN_USE);
        }
    }
    let guest = presented_cart_key(&call.request, &mut form);
    let (role, first_name, last_name) = rest;
    let fields = (address, password, confirmed, role, first_name, last_name);
    let (email, password, _, role, first_name, last_name) = form.finish(fields)?;
    let may_make_administrators =
        app.visitor(&call).is_ok_and(|visitor| visitor.caller.is_administrator());
    if role == Role::Administrator && !may_make_administrators {
        return Err(standard::forbidden().into());
    }
    let password = app.new_password_hash(&call, password).await?;
    let username = Username::of_email(&email);
    let command = Register { username, email, password, role, first_name, last_name };
    let issuer = Arc::clone(&app);
    let registered = app.commit(&call, move |turn| async move {
        let new = accounts::register(&turn, command, guest).await?;
        let tokens = issuer.issue(new.session);
        let grant = Grant::of_registration(new.session, &new.user);
        let body = LoggedInBody::new(REGISTERED, tokens, new.id, &new.user);
        Ok(Answer::created(&body).repeated(Repeat::While(grant)))
    });
    Ok(registered.await?)
}

/// What a registration takes: how to log in, and the rest.
pub(super) fn register_fields(form: &mut Form<'_>) -> (Account, Person) {
    let account = (
        form.required("email", email()),
        form.required("password", new_password()),
        form.required("password_confirm", repeated_password()),
    );
    let name = |example| name(NAME_CHARACTERS_MAX).or_blank().example(example);
    let person = (
        form.defaulting("user_type", choice(USER_TYPES), Role::Customer),
        form.defaulting("first_name", name("John"), String::new()),
        form.defaulting("last_name", name("Doe"), String::new()),
    );
    (account, person)
}

type Account = (Field<EmailAddress>, Field<Password>, Field<Vec<u8>>);
type Person = (Field<Role>, Field<String>, Field<String>);

pub(super) async fn login(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let fields = login_fields(&mut form);
    let guest = presented_cart_key(&call.request, &mut form);
    let (address, password) = form.finish(fields)?;
    let known = users::by_email(&*app.shop.store.snapshot(), &address)?;
    let (id, user) = app.require_password(&call, &address.unique_form(), known, password).await?;
    let issuer = Arc::clone(&app);
    let logged_in = app.commit(&call, move |turn| async move {
        let command = OpenSession { user: id, password: user.password.clone() };
        let session = accounts::log_in(&turn, command, guest).await?;
        let tokens = issuer.issue(session);
        let answer = Answer::ok(&LoggedInBody::new(LOGGED_IN, tokens, id, &user));
        Ok(answer.repeated(Repeat::log_in(session, &user)))
    });
    Ok(logged_in.await?)
}

/// What a log-in takes.
pub(super) fn login_fields(form: &mut Form<'_>) -> (Field<EmailAddress>, Field<Password>) {
    (form.required("email", claimed_email()), form.required("password", claimed_password()))
}

/// New tokens; the one they were got with is spent.
#[derive(JsonSchema, Serialize)]
pub(super) struct RefreshedBody {
    #[schemars(with = "Token")]
    access: String,
    #[schemars(with = "Token")]
    refresh: String,
}

pub(super) async fn refresh(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let token = refresh_field(&mut form);
    let token = form.finish(token)?;
    let token = app.refresh_token(&token).ok_or(Refusal::TokenInvalid)?;
    let issuer = Arc::clone(&app);
    let refreshed = app.commit(&call, move |turn| async move {
        match turn.ask(users::RotateSession { token }).await? {
                Rotation::Renewed(session) => {
                    let IssuedTokens { access, refresh } = issuer.issue(session);
                    let grant = Grant::of_refresh(session);
                    let answer = Answer::ok(&RefreshedBody { access, refresh });
                    Ok(answer.repeated(Repeat::While(grant)))
                }
                Rotation::Reused => {
                    tracing::warn!(user = %token.user, "a spent refresh token was used again; its session was ended");
                    Ok(Problem::from(Refusal::TokenInvalid).into())
                }
                Rotation::Unknown => Err(Failure::from(Refusal::TokenInvalid)),
            }
        });
    Ok(refreshed.await?)
}

/// A refresh token.
pub(super) fn refresh_field(form: &mut Form<'_>) -> Field<String> {
    // The document's table says `refresh`, its section on tokens `refresh_token`.
    let has_other_name = !form.has("refresh") && form.has("refresh_token");
    let name = if has_other_name { "refresh_token" } else { "refresh" };
    form.required(
        name,
        text(TOKEN_CHARACTERS_MAX).example("eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjo3fQ.c2ln"),
    )
}
