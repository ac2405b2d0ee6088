//! The caller's own profile and orders.

use super::admin_orders::OrderQuery;
use super::refusals::{Refused, private_answer, unreadable, written};
use super::wire::StoreOrderBody;
use crate::app::App;
use crate::edge::form::{Rule, email, form, name, text};
use crate::edge::values::{Email, Moment};
use crate::edge::{Answer, Call, Form, Query, standard, versions};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use souk_actors::orders;
use souk_actors::users::{self, ProfileDetails, UpdateProfile, User};
use souk_domain::{EmailAddress, OrderId, UserId, Username};
use std::sync::Arc;

const NAME_CHARACTERS_MAX: usize = 150;
const PHONE_CHARACTERS_MAX: usize = 40;

/// The caller's profile.
#[derive(JsonSchema, Serialize)]
pub(super) struct MeBody {
    #[schemars(range(min = 1))]
    id: u64,
    /// Increases with every change that is published as an event.
    #[schemars(range(min = 1))]
    version: u64,
    #[schemars(with = "Email")]
    email: String,
    /// May be empty.
    #[schemars(example = &"Jane")]
    first_name: String,
    /// May be empty.
    #[schemars(example = &"Smith")]
    last_name: String,
    /// Null if it is unknown.
    #[schemars(example = Some("+49 30 1234"))]
    phone: Option<String>,
    #[schemars(with = "Moment")]
    created_at: String,
}

impl MeBody {
    fn new(id: UserId, user: &User) -> Self {
        Self {
            id: id.get(),
            version: user.version,
            email: user.email.to_string(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            phone: user.phone_number.clone(),
            created_at: user.joined_at.to_string(),
        }
    }
}

pub(super) async fn show(app: Arc<App>, call: Call) -> Answer {
    private_answer(found(&app, &call))
}

fn found(app: &App, call: &Call) -> Result<Answer, Answer> {
    let visitor = app.visitor(call)?;
    Query::of(&call.request, &app.cursors).finish()?;
    let body = MeBody::new(visitor.id(), &visitor.user);
    Ok(versions::versioned(&call.request, visitor.user.version, &body))
}

form! {
    /// A change of the profile with this e-mail address, as a merge patch.
    pub(super) struct ChangedMe(current: Option<EmailAddress>) {
        email: Option<EmailAddress> = optional(email().or_unchanged(current)),
        first_name: Option<String> = optional(name(NAME_CHARACTERS_MAX).or_blank().example("Jane")),
        last_name: Option<String> = optional(name(NAME_CHARACTERS_MAX).or_blank().example("Smith")),
        phone: Option<Option<String>> =
            clearable(text(PHONE_CHARACTERS_MAX).or_blank().example("+45 1234")),
    }
}

pub(super) async fn update(app: Arc<App>, call: Call) -> Answer {
    private_answer(updated(&app, &call).await.map_err(Answer::from))
}

async fn updated(app: &App, call: &Call) -> Result<Answer, Refused> {
    let visitor = app.visitor(call)?;
    Query::of(&call.request, &app.cursors).finish().map_err(Answer::from)?;
    let mut form = Form::parse_patch(&call.request)?;
    let present = visitor.user.email.clone();
    let fields = ChangedMe::read(&mut form, Some(present.clone()));
    app.note_taken_email(&mut form, visitor.id(), &fields.email, standard::EMAIL_TAKEN)?;
    let ChangedMe { email, first_name, last_name, phone } = form.finish(fields)?;
    let expected = versions::require_match(&call.request, visitor.user.version)?;
    // Some contracts use the address as the user name; there both stay the same.
    let is_named_by_email = visitor.user.username == Username::of_email(&present);
    let username = email.as_ref().filter(|_| is_named_by_email).map(Username::of_email);
    let user = visitor.id();
    let details = ProfileDetails { phone_number: phone, ..ProfileDetails::default() };
    let command = UpdateProfile { user, username, email, first_name, last_name, details };
    let committed = app.commit(call, move |turn| async move {
        let current = users::require_user(turn.unit(), user)?.version;
        if expected.is_some_and(|expected| expected != current) {
            return Ok(versions::stale());
        }
        let updated = turn.ask(command).await?;
        let body = MeBody::new(user, &updated);
        Ok(versions::changed(StatusCode::OK, updated.version, &body))
    });
    Ok(committed.await?)
}

pub(super) async fn list_orders(app: Arc<App>, call: Call) -> Answer {
    private_answer(orders_listed(app, call).await)
}

async fn orders_listed(app: Arc<App>, call: Call) -> Result<Answer, Answer> {
    let user = app.visitor(&call)?.id();
    let mut query = Query::of(&call.request, &app.cursors);
    let wanted = OrderQuery::of_one_customer(&mut query).of(user);
    query.finish()?;
    app.read_list(call, move |app, snapshot, call| {
        let currency = app.shop.settings.currency;
        wanted.answer((app, snapshot, call), |id, order| {
            written(&StoreOrderBody::new(id, order, currency))
        })
    })
    .await
}

pub(super) async fn show_order(app: Arc<App>, call: Call) -> Answer {
    private_answer(order_found(&app, &call))
}

fn order_found(app: &App, call: &Call) -> Result<Answer, Answer> {
    let visitor = app.visitor(call)?;
    Query::of(&call.request, &app.cursors).finish()?;
    let id = call.id("id", OrderId::parse)?;
    let order = orders::order(&*app.shop.store.snapshot(), id).map_err(unreadable)?;
    let order = order.filter(|order| order.customer == Some(visitor.id()));
    let order = order.ok_or_else(standard::not_found)?;
    let version = order.version;
    let body = StoreOrderBody::new(id, order, app.shop.settings.currency);
    Ok(versions::composed(&call.request, version, Answer::ok(&body)))
}
