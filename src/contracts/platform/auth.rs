//! 4.1 and 4.2: log in, log out.

use super::refusals::Problem;
use super::wire::{MessageBody, TokenBody};
use crate::app::{App, presented_cart_key};
use crate::edge::form::{claimed_password, email};
use crate::edge::{Answer, Call, Form};
use souk_actors::users;
use std::sync::Arc;

pub(super) async fn login(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let address = form.required("email", email());
    let password = form.required("password", claimed_password());
    let guest = presented_cart_key(&call.request, &mut form);
    let (address, password) = form.finish((address, password))?;
    let known = users::by_email(&*app.shop.store.snapshot(), &address)?;
    let shown = |tokens: crate::app::IssuedTokens| Answer::ok(&TokenBody { token: tokens.access });
    Ok(app.log_in(&call, address.as_str(), known, password, guest, shown).await?)
}

pub(super) async fn logout(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let shown = || Answer::ok(&MessageBody { message: "Logged out successfully" });
    Ok(app.log_out(&call, &visitor, shown).await?)
}
