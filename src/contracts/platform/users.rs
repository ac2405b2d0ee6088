//! 1.1 to 1.4: users.

use super::refusals::Problem;
use super::wire::UserBody;
use crate::app::{App, presented_cart_key};
use crate::edge::form::{Field, Rule, email, name, new_password, username};
use crate::edge::{Answer, Call, Form, standard};
use souk_actors::journeys::accounts;
use souk_actors::users::{self, ProfileDetails, Register, UpdateProfile, User};
use souk_domain::{EmailAddress, Password, Role, UserId, Username};
use std::sync::Arc;

const NAME_CHARACTERS_MAX: usize = 150;

pub(super) async fn create(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let (name, address, password, first_name, last_name) = new_fields(&mut form);
    app.note_taken(&mut form, Some(&name), &address)?;
    let fields = (name, address, password, first_name, last_name);
    let guest = presented_cart_key(&call.request, &mut form);
    let (username, email, password, first_name, last_name) = form.finish(fields)?;
    let password = app.new_password_hash(&call, password).await?;
    let role = Role::Customer;
    let person = Register { username, email, password, role, first_name, last_name };
    let shown = |id, user: &User| Answer::created(&UserBody::new(id, user));
    Ok(app.add_person(&call, person, guest, shown).await?)
}

/// What a user is made of.
#[expect(
    clippy::type_complexity,
    reason = "one field after the other, as the document prints them"
)]
pub(super) fn new_fields(
    form: &mut Form<'_>,
) -> (Field<Username>, Field<EmailAddress>, Field<Password>, Field<String>, Field<String>) {
    let blank = String::new;
    (
        form.required("username", username()),
        form.required("email", email()),
        form.required("password", new_password()),
        form.defaulting("first_name", name(NAME_CHARACTERS_MAX).or_blank(), blank()),
        form.defaulting("last_name", name(NAME_CHARACTERS_MAX).or_blank(), blank()),
    )
}

pub(super) async fn detail(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let id = require_reachable(&app, &call)?;
    let user = users::user(&*app.shop.store.snapshot(), id)?.ok_or_else(standard::not_found)?;
    Ok(Answer::ok(&UserBody::new(id, &user)))
}

/// Only what the body names changes; the sample leaves the user name out.
pub(super) async fn update(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let user = require_reachable(&app, &call)?;
    let current = users::user(&*app.shop.store.snapshot(), user)?.map(|user| user.email);
    let mut form = Form::parse(&call.request)?;
    let fields = changed_fields(&mut form, current);
    app.note_taken_email(&mut form, user, &fields.0, standard::EMAIL_TAKEN)?;
    let (email, first_name, last_name) = form.finish(fields)?;
    let command = UpdateProfile {
        user,
        username: None,
        email,
        first_name,
        last_name,
        details: ProfileDetails::default(),
    };
    let shown = |id, user: &User| Answer::ok(&UserBody::new(id, user));
    Ok(app.update_profile(&call, command, shown).await?)
}

/// What may be changed of a user with this e-mail address.
#[expect(clippy::type_complexity, reason = "one field after the other, as in the document")]
pub(super) fn changed_fields(
    form: &mut Form<'_>,
    current: Option<EmailAddress>,
) -> (Field<Option<EmailAddress>>, Field<Option<String>>, Field<Option<String>>) {
    (
        form.optional("email", email().or_unchanged(current)),
        form.optional("first_name", name(NAME_CHARACTERS_MAX).or_blank()),
        form.optional("last_name", name(NAME_CHARACTERS_MAX).or_blank()),
    )
}

pub(super) async fn delete(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let user = require_reachable(&app, &call)?;
    let closed = app.commit(&call, move |turn| async move {
        accounts::close(&turn, user).await?;
        Ok(Answer::no_content())
    });
    Ok(closed.await?)
}

/// The user in the path, if it is the caller, or anybody for an administrator.
fn require_reachable(app: &App, call: &Call) -> Result<UserId, Problem> {
    let visitor = app.visitor(call)?;
    let id = call.id("user_id", UserId::parse)?;
    if visitor.id() == id || visitor.caller.is_administrator() {
        Ok(id)
    } else {
        Err(standard::not_found().into())
    }
}
