//! Password resets in a browser without scripts. The mailed link opens a form, and the form posts
//! to another address, so the token appears in no address but the mailed one.
//!
//! Opening the link changes nothing, because mail programs open links before people do.

use crate::app::App;
use crate::edge::{Answer, Call, PostedForm};
use crate::pages::{self, Message, Page};
use http::StatusCode;
use serde::Serialize;
use souk_actors::users::{self, ResetToken};
use souk_actors::{Failure, clock};
use souk_domain::{EmailAddress, Password, Refusal, UserId};
use std::sync::Arc;

/// The form that requests a link.
pub(super) const ASK_PATH: &str = "/account/reset/";
/// Where the form with the new password is posted.
pub(super) const CONFIRM_PATH: &str = "/account/reset/confirm/";

const PASSWORDS_DIFFER: &str = "These two are not the same.";

/// The user and the token from the mailed link.
struct Link {
    user: UserId,
    token: ResetToken,
}

impl Link {
    fn read(uid: &str, token: &str) -> Option<Self> {
        Some(Self { user: users::user_of_uid(uid)?, token: ResetToken::parse(token)? })
    }
}

/// The form for a new password.
#[derive(Default, Serialize)]
struct PasswordForm<'a> {
    action: &'static str,
    uid: &'a str,
    token: &'a str,
    characters_min: usize,
    characters_max: usize,
    error: Option<&'static str>,
    password_error: Option<String>,
    repeated_error: Option<&'static str>,
}

/// The form that requests another link.
#[derive(Serialize)]
struct AskForm<'a> {
    action: &'static str,
    paragraphs: &'a [&'a str],
    email: &'a str,
    email_error: Option<String>,
}

pub(super) async fn open_link(app: Arc<App>, call: Call) -> Result<Answer, Answer> {
    let uid = call.request.query("uidb64").unwrap_or_default();
    let token = call.request.query("token").unwrap_or_default();
    let Some(_) = good_link(&app, uid, token)? else { return Ok(dead_link(&app)) };
    Ok(password_form(&app, StatusCode::OK, PasswordForm { uid, token, ..PasswordForm::default() }))
}

pub(super) async fn confirm(app: Arc<App>, call: Call) -> Result<Answer, Answer> {
    let posted = posted(&app, &call)?;
    let (uid, token) = (posted.text("uidb64"), posted.text("token"));
    let Some(link) = good_link(&app, uid, token)? else { return Ok(dead_link(&app)) };
    let new = posted.text("new_password");
    let chosen = Password::choose(new.to_owned());
    let is_repeated = posted.text("confirm_password") == new;
    let password = match chosen {
        Ok(password) if is_repeated => password,
        chosen => {
            let form = PasswordForm {
                uid,
                token,
                error: Some("The password was not changed."),
                password_error: chosen.err().map(|error| error.to_string()),
                repeated_error: (!is_repeated).then_some(PASSWORDS_DIFFER),
                ..PasswordForm::default()
            };
            return Ok(password_form(&app, StatusCode::BAD_REQUEST, form));
        }
    };
    let page = message(
        &app,
        StatusCode::OK,
        "Your password is changed",
        "You can log in with it now. You were logged out everywhere else.",
    );
    match app.reset_password(&call, link.user, link.token, password, page).await {
        Err(Failure::Refused(Refusal::TokenInvalid)) => Ok(dead_link(&app)),
        reset => reset.map_err(|failure| failed(&app, &failure)),
    }
}

pub(super) async fn ask(app: Arc<App>, _: Call) -> Answer {
    let paragraphs = ["We mail you a link. It works once, and for an hour."];
    ask_form(&app, StatusCode::OK, "Forgotten password", &paragraphs, ("", None))
}

pub(super) async fn send_link(app: Arc<App>, call: Call) -> Result<Answer, Answer> {
    let posted = posted(&app, &call)?;
    let text = posted.text("email");
    let email = match EmailAddress::parse(text) {
        Ok(email) => email,
        Err(error) => {
            let shown: String = text.chars().take(EmailAddress::MAX_CHARACTERS).collect();
            let wrong = (shown.as_str(), Some(error.to_string()));
            return Ok(ask_form(&app, StatusCode::BAD_REQUEST, "Forgotten password", &[], wrong));
        }
    };
    // Every address gets the same answer, so nobody can find out who has an account.
    let page = message(
        &app,
        StatusCode::OK,
        "Look into your mail",
        "If an account with that address exists, a link for a new password is on its way. It \
         works once, and for an hour.",
    );
    let sent = app.request_password_reset(&call, email, page).await;
    sent.map_err(|failure| failed(&app, &failure))
}

/// The link, if it is valid now.
fn good_link(app: &App, uid: &str, token: &str) -> Result<Option<Link>, Answer> {
    let Some(link) = Link::read(uid, token) else { return Ok(None) };
    let snapshot = app.shop.store.snapshot();
    let is_good = users::may_reset(&*snapshot, link.user, &link.token, clock::now());
    let is_good = is_good.map_err(|error| failed(app, &error.into()))?;
    Ok(is_good.then_some(link))
}

/// Reads the fields that a form on a page posts. A malformed body gets a page too.
fn posted(app: &App, call: &Call) -> Result<PostedForm, Answer> {
    PostedForm::parse(&call.request).map_err(|answer| pages::refusal_page(answer, &app.shop_name))
}

fn failed(app: &App, failure: &Failure) -> Answer {
    pages::refusal_page(crate::app::failure_answer(failure), &app.shop_name)
}

fn dead_link(app: &App) -> Answer {
    let paragraphs = [
        "This link is not valid: it was used before, it is older than an hour, or it was not \
         copied as a whole. Opening it changed nothing.",
        "Have a new link mailed to you:",
    ];
    let title = "This link has expired or was used";
    ask_form(app, StatusCode::BAD_REQUEST, title, &paragraphs, ("", None))
}

fn password_form(app: &App, status: StatusCode, form: PasswordForm<'_>) -> Answer {
    let form = PasswordForm {
        action: CONFIRM_PATH,
        characters_min: Password::MIN_CHARACTERS,
        characters_max: Password::MAX_CHARACTERS,
        ..form
    };
    let title = "Choose a new password";
    let page = Page { shop_name: &app.shop_name, title, template: "new_password.html" };
    page.private(status, &form)
}

fn ask_form(
    app: &App,
    status: StatusCode,
    title: &str,
    paragraphs: &[&str],
    (email, email_error): (&str, Option<String>),
) -> Answer {
    let form = AskForm { action: ASK_PATH, paragraphs, email, email_error };
    let page = Page { shop_name: &app.shop_name, title, template: "ask_for_link.html" };
    page.private(status, &form)
}

fn message(app: &App, status: StatusCode, title: &str, text: &str) -> Answer {
    let message = Message { paragraphs: vec![text.to_owned()], link: None };
    let page = Page { shop_name: &app.shop_name, title, template: "message.html" };
    page.private(status, &message)
}
