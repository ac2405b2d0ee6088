//! List Products and Retrieve Product. Anybody may call them.

use super::refusals::Problem;
use super::wire::ProductBody;
use crate::app::App;
use crate::edge::{Answer, Call, PageQuery, Wrapping};
use souk_actors::catalog::{self, ProductFilter};
use souk_actors::store::{Snapshot, StoreError};
use std::sync::Arc;

/// Lists products, as many as a bare list shows. `page` and `page_size` select a part; the headers
/// `X-Total-Count` and `Link` give its position.
pub(super) async fn list(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let with_hidden = app.sees_hidden(&call)?;
    let page_query = PageQuery::of_whole_list(&call.request)?;
    let filter = ProductFilter { with_hidden, ..ProductFilter::default() };
    let find = move |snapshot: &Snapshot, offset, limit| {
        catalog::product_ids(snapshot, &filter, offset, limit)
    };
    let body = |app: &App, snapshot: &Snapshot, id| -> Result<_, StoreError> {
        let currency = app.shop.settings.currency;
        Ok(catalog::product(snapshot, id)?.map(|view| ProductBody::new(&view, currency)))
    };
    Ok(app.list(call, (page_query, Wrapping::Named("products")), find, body).await?)
}

pub(super) async fn retrieve(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let view = app.visible_product(&call, "id")?;
    Ok(Answer::ok(&ProductBody::new(&view, app.shop.settings.currency)))
}
