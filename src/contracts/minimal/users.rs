//! Create User and Retrieve User.

use super::refusals::Problem;
use super::wire::UserBody;
use crate::app::{App, presented_cart_key};
use crate::edge::form::{email, form, new_password, username};
use crate::edge::{Answer, Call, Form, standard};
use souk_actors::users::{self, Register, User};
use souk_domain::{EmailAddress, Password, Role, UserId, Username};
use std::sync::Arc;

form! {
    /// The fields of a new user.
    pub(super) struct NewUser {
        username: Username = required(username()),
        email: EmailAddress = required(email()),
        password: Password = required(new_password()),
    }
}

pub(super) async fn create(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let fields = NewUser::read(&mut form);
    app.note_taken(&mut form, &fields.username, &fields.email, standard::EMAIL_TAKEN)?;
    let guest = presented_cart_key(&call.request, &mut form);
    let NewUser { username, email, password } = form.finish(fields)?;
    let person = Register {
        username,
        email,
        password: app.new_password_hash(&call, password).await?,
        role: Role::Customer,
        first_name: String::new(),
        last_name: String::new(),
    };
    let shown = |id, user: &User| Answer::created(&UserBody::new(id, user));
    Ok(app.add_person(&call, person, guest, shown).await?)
}

/// Returns the caller's own account, or any account to an administrator.
pub(super) async fn retrieve(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let id = call.id("id", UserId::parse)?;
    if visitor.id() != id && !visitor.caller.is_administrator() {
        return Err(standard::not_found().into());
    }
    let user = users::user(&*app.shop.store.snapshot(), id)?.ok_or_else(standard::not_found)?;
    Ok(Answer::ok(&UserBody::new(id, &user)))
}
