//! Login and Logout.

use super::refusals::Problem;
use super::wire::{MessageBody, TokenBody};
use crate::app::{App, IssuedTokens, presented_cart_key};
use crate::edge::form::{claimed_password, claimed_username};
use crate::edge::{Answer, Call, Form};
use souk_actors::users;
use std::sync::Arc;

pub(super) async fn login(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let name = form.required("username", claimed_username());
    let password = form.required("password", claimed_password());
    let guest = presented_cart_key(&call.request, &mut form);
    let (name, password) = form.finish((name, password))?;
    let known = users::by_username(&*app.shop.store.snapshot(), &name)?;
    let shown = |tokens: IssuedTokens| Answer::ok(&TokenBody { token: tokens.access });
    Ok(app.log_in(&call, name.as_str(), known, password, guest, shown).await?)
}

pub(super) async fn logout(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let shown = || Answer::ok(&MessageBody { message: "Logged out successfully" });
    Ok(app.log_out(&call, &visitor, shown).await?)
}
