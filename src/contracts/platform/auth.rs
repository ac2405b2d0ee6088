//! 4.1 and 4.2: log in, log out.

use super::refusals::Problem;
use super::wire::{MessageBody, TokenBody};
use crate::app::{App, presented_cart_key};
use crate::edge::form::{claimed_email, claimed_password, form};
use crate::edge::{Answer, Call, Form};
use souk_actors::users;
use souk_domain::{EmailAddress, Password};
use std::sync::Arc;

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
    let shown = |tokens: crate::app::IssuedTokens| Answer::ok(&TokenBody { token: tokens.access });
    Ok(app.log_in(&call, &email.unique_form(), known, password, guest, shown).await?)
}

pub(super) async fn logout(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let shown = || Answer::ok(&MessageBody { message: "Logged out successfully" });
    Ok(app.log_out(&call, &visitor, shown).await?)
}
