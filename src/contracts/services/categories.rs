//! API1, categories: anybody may read them, only administrators may change them.

use super::callers::{require_administrator, require_reader};
use super::refusals::Problem;
use super::wire::CategoryBody;
use crate::app::App;
use crate::edge::form::{Field, Rule, name};
use crate::edge::{Answer, Call, Form, PageQuery, Wrapping, standard};
use souk_actors::catalog::{self, CategoryChange, CategoryDraft};
use souk_actors::store::{Snapshot, StoreError};
use souk_domain::CategoryId;
use std::sync::Arc;

const NAME_CHARACTERS_MAX: usize = 255;

pub(super) async fn list(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    require_reader(&app, &call)?;
    let page_query = PageQuery::of_whole_list(&call.request)?;
    let body = |_: &App, snapshot: &Snapshot, id| -> Result<_, StoreError> {
        Ok(catalog::category(snapshot, id)?.map(|category| CategoryBody::new(id, &category)))
    };
    Ok(app.list(call, (page_query, Wrapping::Bare), catalog::category_ids, body).await?)
}

pub(super) async fn detail(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    require_reader(&app, &call)?;
    let id = call.id("pk", CategoryId::parse)?;
    let category =
        catalog::category(&*app.shop.store.snapshot(), id)?.ok_or_else(standard::not_found)?;
    Ok(Answer::ok(&CategoryBody::new(id, &category)))
}

pub(super) async fn create(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    require_administrator(&app, &call)?;
    let mut form = Form::parse(&call.request)?;
    let name = name_field(&mut form);
    let draft = CategoryDraft { name: form.finish(name)?, description: String::new() };
    let created = app.commit(&call, move |turn| async move {
        let (id, category) = turn.ask(catalog::CreateCategory { draft }).await?;
        Ok(Answer::created(&CategoryBody::new(id, &category)))
    });
    Ok(created.await?)
}

/// The fields of a category.
pub(super) fn name_field(form: &mut Form<'_>) -> Field<String> {
    form.required("name", name(NAME_CHARACTERS_MAX).like("Computers"))
}

pub(super) async fn update(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    require_administrator(&app, &call)?;
    let id = call.id("pk", CategoryId::parse)?;
    catalog::category(&*app.shop.store.snapshot(), id)?.ok_or_else(standard::not_found)?;
    let mut form = Form::parse(&call.request)?;
    let name = name_field(&mut form);
    let change = CategoryChange { name: Some(form.finish(name)?), description: None };
    let updated = app.commit(&call, move |turn| async move {
        let category = turn.ask(catalog::UpdateCategory { id, change }).await?;
        Ok(Answer::ok(&CategoryBody::new(id, &category)))
    });
    Ok(updated.await?)
}

pub(super) async fn delete(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    require_administrator(&app, &call)?;
    let id = call.id("pk", CategoryId::parse)?;
    let deleted = app.commit(&call, move |turn| async move {
        turn.ask(catalog::DeleteCategory { id }).await?;
        Ok(Answer::no_content())
    });
    Ok(deleted.await?)
}
