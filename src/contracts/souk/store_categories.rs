//! Categories for shoppers.

use super::refusals::{unreadable, written};
use crate::app::App;
use crate::edge::{Answer, Call, Query, Wanted, standard, versions};
use schemars::JsonSchema;
use serde::Serialize;
use souk_actors::catalog::{self, Category};
use souk_domain::CategoryId;
use std::sync::Arc;

/// A category.
#[derive(JsonSchema, Serialize)]
pub(super) struct CategoryBody {
    #[schemars(range(min = 1))]
    id: u64,
    /// Increases with every change.
    #[schemars(range(min = 1))]
    version: u64,
    /// Unique, for addresses of pages.
    #[schemars(example = &"lamps")]
    handle: String,
    #[schemars(example = &"Lamps")]
    title: String,
    /// May be empty.
    #[schemars(example = &"All that shines.")]
    description: String,
}

impl CategoryBody {
    pub(super) fn new(id: CategoryId, category: &Category) -> Self {
        Self {
            id: id.get(),
            version: category.version,
            handle: category.slug.clone(),
            title: category.name.clone(),
            description: category.description.clone(),
        }
    }
}

/// The parameters of the list of categories.
pub(super) fn read_page(query: &mut Query<'_>) -> Wanted<u64> {
    query.page()
}

pub(super) async fn list(app: Arc<App>, call: Call) -> Answer {
    listed(&app, &call).unwrap_or_else(Answer::into_problem)
}

fn listed(app: &App, call: &Call) -> Result<Answer, Answer> {
    app.sees_hidden(call)?;
    let mut query = Query::of(&call.request, &app.cursors);
    let page = read_page(&mut query);
    query.finish()?;
    let snapshot = app.shop.store.snapshot();
    let after = page.after.and_then(CategoryId::new);
    // One more tells whether the list goes on.
    let mut ids =
        catalog::category_ids_after(&snapshot, after, page.limit + 1).map_err(unreadable)?;
    let goes_on = ids.len() > page.limit;
    ids.truncate(page.limit);
    let mut bodies = Vec::with_capacity(ids.len());
    for id in &ids {
        if let Some(category) = catalog::category(&*snapshot, *id).map_err(unreadable)? {
            bodies.push(written(&CategoryBody::new(*id, &category))?);
        }
    }
    let last = ids.last().filter(|_| goes_on).map(|id| id.get());
    Ok(app.cursors.page(&call.request, &bodies, last.as_ref()))
}

pub(super) async fn show(app: Arc<App>, call: Call) -> Answer {
    found(&app, &call).unwrap_or_else(Answer::into_problem)
}

fn found(app: &App, call: &Call) -> Result<Answer, Answer> {
    app.sees_hidden(call)?;
    Query::of(&call.request, &app.cursors).finish()?;
    let snapshot = app.shop.store.snapshot();
    let name = call.params.get("id_or_handle").unwrap_or_default();
    let category = |id: CategoryId| {
        let found = catalog::category(&*snapshot, id).map_err(unreadable)?;
        Ok::<_, Answer>(found.map(|category| (id, category)))
    };
    // A handle may consist of digits; an id comes first.
    let mut known = match CategoryId::parse(name) {
        Some(id) => category(id)?,
        None => None,
    };
    if known.is_none()
        && let Some(id) = catalog::category_by_handle(&*snapshot, name).map_err(unreadable)?
    {
        known = category(id)?;
    }
    let (id, category) = known.ok_or_else(standard::not_found)?;
    let body = CategoryBody::new(id, &category);
    Ok(versions::versioned(&call.request, category.version, &body))
}
