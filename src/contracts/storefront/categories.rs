//! 12 to 16: categories.

use super::is_partial;
use super::refusals::{Problem, forbidden};
use super::wire::{CategoryBody, MessageBody};
use crate::app::App;
use crate::edge::form::{Field, Text, name, text};
use crate::edge::{Answer, Call, Form, PageAsked, Wrapping, standard};
use souk_actors::catalog::{self, CategoryChange, CategoryDraft};
use souk_actors::store::{Snapshot, StoreError};
use souk_domain::CategoryId;
use std::sync::Arc;

const NAME_CHARACTERS_MAX: usize = 255;
const DESCRIPTION_CHARACTERS_MAX: usize = 10_000;

pub(super) const ONLY_ADMINS_CREATE: &str = "Only admins can create categories";
pub(super) const ONLY_ADMINS_UPDATE: &str = "Only admins can update categories";
pub(super) const ONLY_ADMINS_DELETE: &str = "Only admins can delete categories";
/// What is said of a category that was deleted.
pub(super) const DELETED: &str = "Category deleted successfully";

fn require_administrator(app: &App, call: &Call, refusal: &str) -> Result<(), Problem> {
    if app.visitor(call)?.caller.is_administrator() {
        return Ok(());
    }
    Err(forbidden(refusal).into())
}

pub(super) async fn list(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    app.session_claims(&call.request)?;
    let asked = PageAsked::of(&call.request)?;
    let body = |_: &App, snapshot: &Snapshot, id| -> Result<_, StoreError> {
        Ok(catalog::category(snapshot, id)?.map(|category| CategoryBody::new(id, &category)))
    };
    Ok(app.list(call, (asked, Wrapping::Envelope), catalog::category_ids, body).await?)
}

pub(super) async fn create(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    require_administrator(&app, &call, ONLY_ADMINS_CREATE)?;
    let mut form = Form::parse(&call.request)?;
    let fields = new_fields(&mut form);
    let (name, description) = form.finish(fields)?;
    let draft = CategoryDraft { name, description };
    let created = app.commit(&call, move |turn| async move {
        let (id, category) = turn.ask(catalog::CreateCategory { draft }).await?;
        Ok(Answer::created(&CategoryBody::new(id, &category)))
    });
    Ok(created.await?)
}

/// What a category is made of.
pub(super) fn new_fields(form: &mut Form<'_>) -> (Field<String>, Field<String>) {
    (
        form.required("name", name_rule()),
        form.defaulting("description", description_rule(), String::new()),
    )
}

pub(super) async fn detail(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    app.session_claims(&call.request)?;
    let id = call.id("id", CategoryId::parse)?;
    let category =
        catalog::category(&*app.shop.store.snapshot(), id)?.ok_or_else(standard::not_found)?;
    Ok(Answer::ok(&CategoryBody::new(id, &category)))
}

pub(super) async fn update(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    require_administrator(&app, &call, ONLY_ADMINS_UPDATE)?;
    let id = call.id("id", CategoryId::parse)?;
    catalog::category(&*app.shop.store.snapshot(), id)?.ok_or_else(standard::not_found)?;
    let mut form = Form::parse(&call.request)?;
    let fields = change_fields(&mut form, is_partial(&call.request.method));
    let (name, description) = form.finish(fields)?;
    let change = CategoryChange { name, description };
    let updated = app.commit(&call, move |turn| async move {
        let category = turn.ask(catalog::UpdateCategory { id, change }).await?;
        Ok(Answer::ok(&CategoryBody::new(id, &category)))
    });
    Ok(updated.await?)
}

/// What can be changed of a category.
pub(super) fn change_fields(
    form: &mut Form<'_>,
    partial: bool,
) -> (Field<Option<String>>, Field<Option<String>>) {
    (form.changing("name", name_rule(), partial), form.optional("description", description_rule()))
}

pub(super) async fn delete(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    require_administrator(&app, &call, ONLY_ADMINS_DELETE)?;
    let id = call.id("id", CategoryId::parse)?;
    let deleted = app.commit(&call, move |turn| async move {
        turn.ask(catalog::DeleteCategory { id }).await?;
        Ok(Answer::ok(&MessageBody { message: DELETED }))
    });
    Ok(deleted.await?)
}

fn name_rule() -> Text {
    name(NAME_CHARACTERS_MAX).example("Electronics")
}

fn description_rule() -> Text {
    text(DESCRIPTION_CHARACTERS_MAX).or_blank().example("Electronic devices")
}
