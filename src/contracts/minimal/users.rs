//! Create User and Retrieve User.

use super::refusals::Problem;
use super::wire::UserBody;
use crate::app::{App, presented_cart_key};
use crate::edge::form::{Field, email, new_password, username};
use crate::edge::{Answer, Call, Form, standard};
use souk_actors::users::{self, Register, User};
use souk_domain::{EmailAddress, Password, Role, UserId, Username};
use std::sync::Arc;

pub(super) async fn create(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let (name, address, password) = fields(&mut form);
    app.note_taken(&mut form, Some(&name), &address)?;
    let guest = presented_cart_key(&call.request, &mut form);
    let (username, email, password) = form.finish((name, address, password))?;
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

/// What a user is made of.
pub(super) fn fields(
    form: &mut Form<'_>,
) -> (Field<Username>, Field<EmailAddress>, Field<Password>) {
    (
        form.required("username", username()),
        form.required("email", email()),
        form.required("password", new_password()),
    )
}

/// The caller's own, or anybody's for an administrator.
pub(super) async fn retrieve(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let id = call.id("id", UserId::parse)?;
    if visitor.id() != id && !visitor.caller.is_administrator() {
        return Err(standard::not_found().into());
    }
    let user = users::user(&*app.shop.store.snapshot(), id)?.ok_or_else(standard::not_found)?;
    Ok(Answer::ok(&UserBody::new(id, &user)))
}
