//! API4: the caller's profile.

use super::callers::person;
use super::refusals::Problem;
use super::users::{EMAIL_IN_USE, NAME_CHARACTERS_MAX};
use super::wire::MeBody;
use crate::app::{App, Visitor};
use crate::edge::form::{Field, Rule, email, name, text, username};
use crate::edge::{Answer, Call, Form, standard};
use souk_actors::users::{self, ProfileDetails, UpdateProfile, User};
use souk_domain::{EmailAddress, Username};
use std::sync::Arc;

pub(super) const PHONE_CHARACTERS_MAX: usize = 32;
pub(super) const CITY_CHARACTERS_MAX: usize = 100;
pub(super) const ADDRESS_CHARACTERS_MAX: usize = 1_000;
pub(super) const POSTCODE_CHARACTERS_MAX: usize = 20;

pub(super) async fn show(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = person(&app, &call)?;
    Ok(Answer::ok(&MeBody::new(visitor.id(), &visitor.user)))
}

/// "You can update this information": each field by itself.
pub(super) async fn update(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = person(&app, &call)?;
    let user = visitor.id();
    let mut form = Form::parse(&call.request)?;
    let fields = fields(&mut form, Some(&visitor.user));
    note_taken_by_others(&app, &visitor, &mut form, &fields.0, &fields.1)?;
    let (username, email, first_name, last_name, phone_number, city, address, postcode) =
        form.finish(fields)?;
    let details = ProfileDetails { phone_number, city, address, postcode };
    let command = UpdateProfile { user, username, email, first_name, last_name, details };
    let updated = app.commit(&call, move |turn| async move {
        let updated = turn.ask(command).await?;
        Ok(Answer::ok(&MeBody::new(user, &updated)))
    });
    Ok(updated.await?)
}

type ProfileFields = (
    Field<Option<Username>>,
    Field<Option<EmailAddress>>,
    Field<Option<String>>,
    Field<Option<String>>,
    Field<Option<Option<String>>>,
    Field<Option<Option<String>>>,
    Field<Option<Option<String>>>,
    Field<Option<Option<String>>>,
);

/// What may be changed of this user; `null` clears what need not be there.
pub(super) fn fields(form: &mut Form<'_>, current: Option<&User>) -> ProfileFields {
    let (name_now, email_now) =
        current.map(|user| (user.username.clone(), user.email.clone())).unzip();
    (
        form.optional("username", username().or_unchanged(name_now)),
        form.optional("email", email().or_unchanged(email_now)),
        form.optional("first_name", name(NAME_CHARACTERS_MAX).or_blank().like("John")),
        form.optional("last_name", name(NAME_CHARACTERS_MAX).or_blank().like("Doe")),
        form.clearable("phone_number", name(PHONE_CHARACTERS_MAX).or_blank().like("+1 555 0100")),
        form.clearable("city", name(CITY_CHARACTERS_MAX).or_blank().like("Springfield")),
        form.clearable("address", text(ADDRESS_CHARACTERS_MAX).or_blank().like("1 Market Square")),
        form.clearable("postcode", name(POSTCODE_CHARACTERS_MAX).or_blank().like("12345")),
    )
}

/// Asked again within the turn; here it lets both errors stand together.
fn note_taken_by_others(
    app: &App,
    visitor: &Visitor,
    form: &mut Form<'_>,
    username: &Field<Option<Username>>,
    email: &Field<Option<EmailAddress>>,
) -> Result<(), Problem> {
    let snapshot = app.shop.store.snapshot();
    let user = visitor.id();
    let own_address = match email.seen() {
        Some(Some(changed)) => changed,
        _ => &visitor.user.email,
    };
    if let Some(Some(username)) = username.seen()
        && *username != visitor.user.username
    {
        if username.is_address_of_another(own_address) {
            form.error("username", standard::USERNAME_IS_AN_ADDRESS);
        } else if users::by_username(&*snapshot, username)?.is_some_and(|(id, _)| id != user) {
            form.error("username", standard::USERNAME_TAKEN);
        }
    }
    Ok(app.note_taken_email(form, user, email, EMAIL_IN_USE)?)
}
