//! 12 to 16: categories.

use super::callers::require_administrator;
use super::is_partial;
use super::refusals::Problem;
use super::wire::{CategoryBody, MessageBody};
use crate::app::App;
use crate::edge::form::{Text, form, name, text};
use crate::edge::{Answer, Call, Form, PageQuery, Wrapping, standard};
use souk_actors::catalog::{self, CategoryChange, CategoryDraft};
use souk_actors::store::{Snapshot, StoreError};
use souk_domain::CategoryId;
use std::sync::Arc;

const NAME_CHARACTERS_MAX: usize = 255;
const DESCRIPTION_CHARACTERS_MAX: usize = 10_000;

pub(super) const ONLY_ADMINS_CREATE: &str = "Only admins can create categories";
pub(super) const ONLY_ADMINS_UPDATE: &str = "Only admins can update categories";
pub(super) const ONLY_ADMINS_DELETE: &str = "Only admins can delete categories";
/// The message after a category was deleted.
pub(super) const DELETED: &str = "Category deleted successfully";

pub(super) async fn list(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    app.session_claims(&call.request)?;
    let page_query = PageQuery::of(&call.request)?;
    let body = |_: &App, snapshot: &Snapshot, id| -> Result<_, StoreError> {
        Ok(catalog::category(snapshot, id)?.map(|category| CategoryBody::new(id, &category)))
    };
    Ok(app.list(call, (page_query, Wrapping::Envelope), catalog::category_ids, body).await?)
}

form! {
    /// The fields of a new category.
    pub(super) struct NewCategory {
        name: String = required(name_rule()),
        description: String = defaulting(description_rule(), String::new()),
    }
}

pub(super) async fn create(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    require_administrator(&app, &call, ONLY_ADMINS_CREATE)?;
    let mut form = Form::parse(&call.request)?;
    let fields = NewCategory::read(&mut form);
    let NewCategory { name, description } = form.finish(fields)?;
    let draft = CategoryDraft { name, description };
    let created = app.commit(&call, move |turn| async move {
        let (id, category) = turn.ask(catalog::CreateCategory { draft }).await?;
        Ok(Answer::created(&CategoryBody::new(id, &category)))
    });
    Ok(created.await?)
}

pub(super) async fn detail(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    app.session_claims(&call.request)?;
    let id = call.id("id", CategoryId::parse)?;
    let category =
        catalog::category(&*app.shop.store.snapshot(), id)?.ok_or_else(standard::not_found)?;
    Ok(Answer::ok(&CategoryBody::new(id, &category)))
}

form! {
    /// The fields of a change of a category.
    pub(super) struct ChangedCategory(partial: bool) {
        name: Option<String> = changing(name_rule(), partial),
        description: Option<String> = optional(description_rule()),
    }
}

pub(super) async fn update(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    require_administrator(&app, &call, ONLY_ADMINS_UPDATE)?;
    let id = call.id("id", CategoryId::parse)?;
    catalog::category(&*app.shop.store.snapshot(), id)?.ok_or_else(standard::not_found)?;
    let mut form = Form::parse(&call.request)?;
    let fields = ChangedCategory::read(&mut form, is_partial(&call.request.method));
    let ChangedCategory { name, description } = form.finish(fields)?;
    let change = CategoryChange { name, description };
    let updated = app.commit(&call, move |turn| async move {
        let category = turn.ask(catalog::UpdateCategory { id, change }).await?;
        Ok(Answer::ok(&CategoryBody::new(id, &category)))
    });
    Ok(updated.await?)
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
