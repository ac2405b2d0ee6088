//! 1.1 to 1.4: users.

use super::refusals::Problem;
use super::wire::UserBody;
use crate::app::{App, presented_cart_key};
use crate::edge::form::{Rule, email, form, name, new_password, username};
use crate::edge::{Answer, Call, Form, standard};
use souk_actors::journeys::accounts;
use souk_actors::users::{self, ProfileDetails, Register, UpdateProfile, User};
use souk_domain::{EmailAddress, Password, Role, UserId, Username};
use std::sync::Arc;

const NAME_CHARACTERS_MAX: usize = 150;

form! {
    /// The fields of a new user.
    pub(super) struct NewUser {
        username: Username = required(username()),
        email: EmailAddress = required(email()),
        password: Password = required(new_password()),
        first_name: String = defaulting(name(NAME_CHARACTERS_MAX).or_blank(), String::new()),
        last_name: String = defaulting(name(NAME_CHARACTERS_MAX).or_blank(), String::new()),
    }
}

pub(super) async fn create(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let fields = NewUser::read(&mut form);
    app.note_taken(&mut form, &fields.username, &fields.email, standard::EMAIL_TAKEN)?;
    let guest = presented_cart_key(&call.request, &mut form);
    let NewUser { username, email, password, first_name, last_name } = form.finish(fields)?;
    let password = app.new_password_hash(&call, password).await?;
    let role = Role::Customer;
    let person = Register { username, email, password, role, first_name, last_name };
    let shown = |id, user: &User| Answer::created(&UserBody::new(id, user));
    Ok(app.add_person(&call, person, guest, shown).await?)
}

pub(super) async fn detail(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let id = require_reachable(&app, &call)?;
    let user = users::user(&*app.shop.store.snapshot(), id)?.ok_or_else(standard::not_found)?;
    Ok(Answer::ok(&UserBody::new(id, &user)))
}

form! {
    /// The fields of a change of the user who has this e-mail address.
    pub(super) struct ChangedUser(current: Option<EmailAddress>) {
        email: Option<EmailAddress> = optional(email().or_unchanged(current)),
        first_name: Option<String> = optional(name(NAME_CHARACTERS_MAX).or_blank()),
        last_name: Option<String> = optional(name(NAME_CHARACTERS_MAX).or_blank()),
    }
}

/// Fields that the body leaves out keep their values; the document's sample leaves out the user
/// name.
pub(super) async fn update(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let user = require_reachable(&app, &call)?;
    let current = users::user(&*app.shop.store.snapshot(), user)?.map(|user| user.email);
    let mut form = Form::parse(&call.request)?;
    let fields = ChangedUser::read(&mut form, current);
    app.note_taken_email(&mut form, user, &fields.email, standard::EMAIL_TAKEN)?;
    let ChangedUser { email, first_name, last_name } = form.finish(fields)?;
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

pub(super) async fn delete(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let user = require_reachable(&app, &call)?;
    let closed = app.commit(&call, move |turn| async move {
        accounts::close(&turn, user).await?;
        Ok(Answer::no_content())
    });
    Ok(closed.await?)
}

/// The user in the path. Callers may name themselves; administrators may name anybody.
fn require_reachable(app: &App, call: &Call) -> Result<UserId, Problem> {
    let visitor = app.visitor(call)?;
    let id = call.id("user_id", UserId::parse)?;
    if visitor.id() == id || visitor.caller.is_administrator() {
        Ok(id)
    } else {
        Err(standard::not_found().into())
    }
}
