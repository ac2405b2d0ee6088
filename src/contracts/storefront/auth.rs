//! 1 to 3: register, log in, refresh.

use super::refusals::Problem;
use crate::app::{App, IssuedTokens, presented_cart_key};
use crate::edge::form::{choice, claimed_password, email, new_password, repeated_password, text};
use crate::edge::{Answer, Call, Form, standard};
use serde::Serialize;
use souk_actors::Failure;
use souk_actors::journeys::accounts;
use souk_actors::users::{self, OpenSession, Register, Rotation, UsersMessage};
use souk_domain::{Refusal, Role, UserId, Username};
use std::sync::Arc;

const EMAIL_IN_USE: &str = "This email is already in use.";
const NAME_CHARACTERS_MAX: usize = 150;
const TOKEN_CHARACTERS_MAX: usize = 4096;
const USER_TYPES: &[(&str, Role)] = &[("customer", Role::Customer), ("admin", Role::Administrator)];

#[derive(Serialize)]
struct LoggedInBody {
    message: &'static str,
    data: LoggedIn,
}

#[derive(Serialize)]
struct LoggedIn {
    access_token: String,
    refresh_token: String,
    user: LoggedInUser,
}

#[derive(Serialize)]
struct LoggedInUser {
    id: u64,
    email: String,
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
    let address = form.required("email", email());
    let password = form.required("password", new_password());
    let confirmed = form.required("password_confirm", repeated_password());
    let role = form.defaulting("user_type", choice(USER_TYPES), Role::Customer);
    let blank = String::new;
    let first_name = form.defaulting("first_name", text(NAME_CHARACTERS_MAX).or_blank(), blank());
    let last_name = form.defaulting("last_name", text(NAME_CHARACTERS_MAX).or_blank(), blank());
    // A confirmation of nothing does not match either, as the document's example shows.
    let confirms_nothing = form.has("password_confirm") && !form.has("password");
    if confirms_nothing || form.differ("password", "password_confirm") {
        form.error("password_confirm", "Passwords do not match");
    }
    if let Some(address) = address.seen() {
        // Asked again within the turn; here it spares a hash and lets all errors stand together.
        let snapshot = app.shop.store.snapshot();
        let name_is_taken = users::by_username(&*snapshot, &Username::of_email(address))?.is_some();
        if name_is_taken || users::by_email(&*snapshot, address)?.is_some() {
            form.error("email", EMAIL_IN_USE);
        }
    }
    let guest = presented_cart_key(&call.request, &mut form);
    let fields = (address, password, confirmed, role, first_name, last_name);
    let (email, password, _, role, first_name, last_name) = form.finish(fields)?;
    let may_make_administrators =
        app.visitor(&call).is_ok_and(|visitor| visitor.caller.is_administrator());
    if role == Role::Administrator && !may_make_administrators {
        return Err(standard::forbidden().into());
    }
    let password = app.shop.hasher.hash(password).await?;
    let username = Username::of_email(&email);
    let command = Register { username, email, password, role, first_name, last_name };
    let committing = Arc::clone(&app);
    let registered = app.commit(&call, move |unit| {
        let (app, command) = (Arc::clone(&committing), command.clone());
        let guest = guest.clone();
        async move {
            let new = accounts::register(&app.shop.owners, &unit, command, guest).await?;
            let tokens = app.issue(new.session);
            let message = "User registered successfully";
            Ok(Answer::created(&LoggedInBody::new(message, tokens, new.id, &new.user)))
        }
    });
    Ok(registered.await?)
}

pub(super) async fn login(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let address = form.required("email", email());
    let password = form.required("password", claimed_password());
    let guest = presented_cart_key(&call.request, &mut form);
    let (address, password) = form.finish((address, password))?;
    let known = users::by_email(&*app.shop.store.snapshot(), &address)?;
    let (id, user) = app.require_password(&call, address.as_str(), known, password).await?;
    let committing = Arc::clone(&app);
    let logged_in = app.commit(&call, move |unit| {
        let (app, user, guest) = (Arc::clone(&committing), user.clone(), guest.clone());
        async move {
            let command = OpenSession { user: id, password: user.password.clone() };
            let session = accounts::log_in(&app.shop.owners, &unit, command, guest).await?;
            let tokens = app.issue(session);
            Ok(Answer::ok(&LoggedInBody::new("Login successful", tokens, id, &user)))
        }
    });
    Ok(logged_in.await?)
}

#[derive(Serialize)]
struct RefreshedBody {
    access: String,
    refresh: String,
}

pub(super) async fn refresh(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    // The document's table says `refresh`, its section on tokens `refresh_token`.
    let has_other_name = !form.has("refresh") && form.has("refresh_token");
    let name = if has_other_name { "refresh_token" } else { "refresh" };
    let token = form.required(name, text(TOKEN_CHARACTERS_MAX));
    let token = form.finish(token)?;
    let token = app.refresh_token(&token).ok_or(Refusal::TokenInvalid)?;
    let committing = Arc::clone(&app);
    let refreshed = app.commit(&call, move |unit| {
        let app = Arc::clone(&committing);
        async move {
            let rotate = |reply_to| UsersMessage::RotateSession { unit, token, reply_to };
            match app.shop.owners.users.ask(rotate).await? {
                Rotation::Renewed(session) => {
                    let IssuedTokens { access, refresh } = app.issue(session);
                    Ok(Answer::ok(&RefreshedBody { access, refresh }))
                }
                Rotation::Reused => {
                    tracing::warn!(user = %token.user, "a spent refresh token was used again; its session was ended");
                    Ok(Problem::from(Refusal::TokenInvalid).into())
                }
                Rotation::Unknown => Err(Failure::from(Refusal::TokenInvalid)),
            }
        }
    });
    Ok(refreshed.await?)
}
