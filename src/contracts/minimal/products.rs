//! List Products and Retrieve Product. Anybody may call them.

use super::refusals::Problem;
use super::wire::ProductBody;
use crate::app::App;
use crate::edge::{Answer, Call, PageQuery, Wrapping};
use souk_actors::catalog::ProductFilter;
use std::sync::Arc;

/// Lists products, as many as a bare list shows. `page` and `page_size` select a part; the headers
/// `X-Total-Count` and `Link` give its position.
pub(super) async fn list(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let with_hidden = app.sees_hidden(&call)?;
    let page_query = PageQuery::of_whole_list(&call.request)?;
    let filter = ProductFilter { with_hidden, ..ProductFilter::default() };
    let shown = (page_query, Wrapping::Named("products"));
    Ok(app.list_products::<ProductBody>(call, shown, (&filter).into()).await?)
}

pub(super) async fn retrieve(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    Ok(app.visible_product::<ProductBody>(&call, "id")?)
}
