//! API4: the caller's profile.

use super::callers::person;
use super::refusals::Problem;
use super::users::{EMAIL_IN_USE, NAME_CHARACTERS_MAX};
use super::wire::MeBody;
use crate::app::{App, Visitor};
use crate::edge::form::{Field, Rule, email, form, name, text, username};
use crate::edge::{Answer, Call, Form, standard};
use souk_actors::users::{self, ProfileDetails, UpdateProfile};
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

form! {
    /// The fields of a change of a profile; `null` clears an optional field.
    pub(super) struct Profile(name_now: Option<Username>, email_now: Option<EmailAddress>) {
        username: Option<Username> = optional(username().or_unchanged(name_now)),
        email: Option<EmailAddress> = optional(email().or_unchanged(email_now)),
        first_name: Option<String> = optional(name(NAME_CHARACTERS_MAX).or_blank().like("John")),
        last_name: Option<String> = optional(name(NAME_CHARACTERS_MAX).or_blank().like("Doe")),
        phone_number: Option<Option<String>> =
            clearable(name(PHONE_CHARACTERS_MAX).or_blank().like("+1 555 0100")),
        city: Option<Option<String>> =
            clearable(name(CITY_CHARACTERS_MAX).or_blank().like("Springfield")),
        address: Option<Option<String>> =
            clearable(text(ADDRESS_CHARACTERS_MAX).or_blank().like("1 Market Square")),
        postcode: Option<Option<String>> =
            clearable(name(POSTCODE_CHARACTERS_MAX).or_blank().like("12345")),
    }
}

/// "You can update this information": each field can be changed alone.
pub(super) async fn update(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = person(&app, &call)?;
    let user = visitor.id();
    let mut form = Form::parse(&call.request)?;
    let (username, email) = (visitor.user.username.clone(), visitor.user.email.clone());
    let fields = Profile::read(&mut form, Some(username), Some(email));
    note_taken_by_others(&app, &visitor, &mut form, &fields.username, &fields.email)?;
    let profile = form.finish(fields)?;
    let command = UpdateProfile {
        user,
        username: profile.username,
        email: profile.email,
        first_name: profile.first_name,
        last_name: profile.last_name,
        details: ProfileDetails {
            phone_number: profile.phone_number,
            city: profile.city,
            address: profile.address,
            postcode: profile.postcode,
        },
    };
    let updated = app.commit(&call, move |turn| async move {
        let updated = turn.ask(command).await?;
        Ok(Answer::ok(&MeBody::new(user, &updated)))
    });
    Ok(updated.await?)
}

/// The turn checks this again. This early check reports both errors at once.
fn note_taken_by_others(
    app: &App,
    visitor: &Visitor,
    form: &mut Form<'_>,
    username: &Field<Option<Username>>,
    email: &Field<Option<EmailAddress>>,
) -> Result<(), Problem> {
    let snapshot = app.shop.store.snapshot();
    let user = visitor.id();
    let own_address = match email.parsed() {
        Some(Some(changed)) => changed,
        _ => &visitor.user.email,
    };
    if let Some(Some(username)) = username.parsed()
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
