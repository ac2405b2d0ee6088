//! API4: refreshing and verifying tokens. This contract does not rotate refresh tokens: one stays
//! valid for its whole day (contracts README, "Who may").

use super::refusals::{Problem, Services};
use super::wire::DetailBody;
use crate::app::{App, Wording};
use crate::edge::form::{Field, Rule, text};
use crate::edge::values::{self, Token};
use crate::edge::{Answer, BadToken, Call, Form, standard};
use schemars::JsonSchema;
use serde::Serialize;
use souk_actors::users::{self, Rotation};
use souk_domain::Refusal;
use std::sync::Arc;

const TOKEN_CHARACTERS_MAX: usize = 4096;

/// A new access token.
#[derive(JsonSchema, Serialize)]
pub(super) struct RefreshedBody {
    #[schemars(with = "Token")]
    access: String,
}

pub(super) async fn refresh(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let token = refresh_field(&mut form);
    let token = form.finish(token)?;
    let token = app.refresh_token(&token).ok_or(Refusal::TokenInvalid)?;
    if app.is_good_refresh(token)? {
        return Ok(Answer::ok(&RefreshedBody { access: app.issue_access(token) }));
    }
    // A refresh token that was already exchanged in another contract ends its session, as it does
    // there.
    let spent = app.commit(&call, move |turn| async move {
            let rotation = turn.ask(users::RotateSession { token }).await?;
            if rotation == Rotation::Reused {
                tracing::warn!(user = %token.user, "a used refresh token came again; ended its session");
            }
            Ok(Services::answer_for(Refusal::TokenInvalid))
        });
    Ok(spent.await?)
}

pub(super) async fn verify(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let token = token_field(&mut form);
    let token = form.finish(token)?;
    Ok(match app.fault_of(&token)? {
        None => Answer::ok(&DetailBody { detail: "Token is valid" }),
        Some(fault) => not_valid(fault),
    })
}

/// The answer of simplejwt to an invalid token.
pub(super) fn not_valid(fault: BadToken) -> Answer {
    standard::bad_token(match fault {
        BadToken::Expired => "Token is expired",
        BadToken::WrongKind => "Token has wrong type",
        BadToken::TooLong | BadToken::Foreign | BadToken::FromTheFuture => "Token is invalid",
    })
}

/// A refresh token.
pub(super) fn refresh_field(form: &mut Form<'_>) -> Field<String> {
    form.required("refresh", text(TOKEN_CHARACTERS_MAX).like(values::TOKEN))
}

/// A token of either kind.
pub(super) fn token_field(form: &mut Form<'_>) -> Field<String> {
    form.required("token", text(TOKEN_CHARACTERS_MAX).like(values::TOKEN))
}
