//! Login and Logout.

use super::refusals::Problem;
use super::wire::{MessageBody, TokenBody};
use crate::app::{App, IssuedTokens, presented_cart_key};
use crate::edge::form::{claimed_password, claimed_username, form};
use crate::edge::{Answer, Call, Form};
use souk_actors::users;
use souk_domain::{Password, Username};
use std::sync::Arc;

form! {
    /// The fields of a log-in.
    pub(super) struct Login {
        username: Username = required(claimed_username()),
        password: Password = required(claimed_password()),
    }
}

pub(super) async fn login(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let fields = Login::read(&mut form);
    let guest = presented_cart_key(&call.request, &mut form);
    let Login { username, password } = form.finish(fields)?;
    let known = users::by_username(&*app.shop.store.snapshot(), &username)?;
    let shown = |tokens: IssuedTokens| Answer::ok(&TokenBody { token: tokens.access });
    Ok(app.log_in(&call, username.as_str(), known, password, guest, shown).await?)
}

pub(super) async fn logout(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let shown = || Answer::ok(&MessageBody { message: "Logged out successfully" });
    Ok(app.log_out(&call, &visitor, shown).await?)
}
