//! Login and Logout.

use super::refusals::Problem;
use super::wire::{MessageBody, TokenBody};
use crate::app::{App, IssuedTokens, presented_cart_key};
use crate::edge::form::{Field, claimed_password, claimed_username};
use crate::edge::{Answer, Call, Form};
use souk_actors::users;
use souk_domain::{Password, Username};
use std::sync::Arc;

pub(super) async fn login(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let fields = login_fields(&mut form);
    let guest = presented_cart_key(&call.request, &mut form);
    let (name, password) = form.finish(fields)?;
    let known = users::by_username(&*app.shop.store.snapshot(), &name)?;
    let shown = |tokens: IssuedTokens| Answer::ok(&TokenBody { token: tokens.access });
    Ok(app.log_in(&call, name.as_str(), known, password, guest, shown).await?)
}

/// What a log-in takes.
pub(super) fn login_fields(form: &mut Form<'_>) -> (Field<Username>, Field<Password>) {
    (form.required("username", claimed_username()), form.required("password", claimed_password()))
}

pub(super) async fn logout(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let shown = || Answer::ok(&MessageBody { message: "Logged out successfully" });
    Ok(app.log_out(&call, &visitor, shown).await?)
}
