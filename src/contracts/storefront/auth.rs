//! 1 to 3: register, log in, refresh.

use super::refusals::{EMAIL_IN_USE, Problem};
use crate::app::{App, IssuedTokens, Repeat, presented_cart_key};
use crate::edge::form::{
    Field, Text, choice, claimed_email, claimed_password, email, form, name, new_password,
    repeated_password, text,
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

/// The user who registered or logged in, and the tokens.
#[derive(JsonSchema, Serialize)]
pub(super) struct LoggedInBody {
    message: &'static str,
    data: LoggedIn,
}

/// The tokens of a new session, and its user.
#[derive(JsonSchema, Serialize)]
struct LoggedIn {
    #[schemars(with = "Token")]
    access_token: String,
    #[schemars(with = "Token")]
    refresh_token: String,
    user: LoggedInUser,
}

/// A summary of a user.
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

form! {
    /// The fields of a registration.
    pub(super) struct Registration {
        email: EmailAddress = required(email()),
        password: Password = required(new_password()),
        password_confirm: Vec<u8> = required(repeated_password()),
        user_type: Role = defaulting(choice(USER_TYPES), Role::Customer),
        first_name: String = defaulting(name_rule().example("John"), String::new()),
        last_name: String = defaulting(name_rule().example("Doe"), String::new()),
    }
    check |form, _| {
        // An empty confirmation does not match either, as the document's example shows.
        let confirms_nothing = form.has("password_confirm") && !form.has("password");
        if confirms_nothing || form.differ("password", "password_confirm") {
            form.error("password_confirm", PASSWORDS_DIFFER);
        }
    }
}

fn name_rule() -> Text {
    name(NAME_CHARACTERS_MAX).or_blank()
}

pub(super) async fn register(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let fields = Registration::read(&mut form);
    if let Some(email) = fields.email.parsed() {
        // The turn checks this again. This early check saves a password hash and reports all errors
        // at once.
        if users::by_email(&*app.shop.store.snapshot(), email)?.is_some() {
            form.error("email", EMAIL_IN_USE);
        }
    }
    let guest = presented_cart_key(&call.request, &mut form);
    let Registration { email, password, user_type: role, first_name, last_name, .. } =
        form.finish(fields)?;
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

form! {
    /// The fields of a log-in.
    pub(super) struct Login {
        email: EmailAddress = required(claimed_email()),
        password: Password = required(claimed_password()),
    }
}

pub(super) async fn login(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let fields = Login::read(&mut form);
    let guest = presented_cart_key(&call.request, &mut form);
    let Login { email, password } = form.finish(fields)?;
    let known = users::by_email(&*app.shop.store.snapshot(), &email)?;
    let (id, user) = app.require_password(&call, &email.unique_form(), known, password).await?;
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

/// Exchanges a refresh token for new tokens. The old refresh token is used up.
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
                    tracing::warn!(user = %token.user, "a used refresh token came again; ended its session");
                    Ok(Problem::from(Refusal::TokenInvalid).into())
                }
                Rotation::Unknown => Err(Failure::from(Refusal::TokenInvalid)),
            }
        });
    Ok(refreshed.await?)
}

/// A refresh token.
pub(super) fn refresh_field(form: &mut Form<'_>) -> Field<String> {
    // The document's table calls the field `refresh`, its section on tokens `refresh_token`.
    let has_other_name = !form.has("refresh") && form.has("refresh_token");
    let name = if has_other_name { "refresh_token" } else { "refresh" };
    form.required(
        name,
        text(TOKEN_CHARACTERS_MAX).example("eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjo3fQ.c2ln"),
    )
}
