//! List Products and Retrieve Product, open to everybody.

use super::refusals::Problem;
use super::wire::{ProductBody, ProductsBody};
use crate::app::App;
use crate::edge::{Answer, Call, PageAsked};
use souk_actors::catalog::{self, ProductFilter};
use std::sync::Arc;

/// As many as a bare list shows; `page` and `page_size` cut it, `X-Total-Count` and `Link` say
/// where it stands.
pub(super) async fn list(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let with_hidden = app.sees_hidden(&call)?;
    let asked = PageAsked::of_whole_list(&call.request)?;
    let snapshot = app.shop.store.snapshot();
    let filter = ProductFilter { with_hidden, ..ProductFilter::default() };
    let (page, products) = asked.fetch(|offset, limit| -> Result<_, Problem> {
        let found = catalog::products(&snapshot, &filter, offset, limit)?;
        Ok((found.count, found.products))
    })?;
    let currency = app.shop.settings.currency;
    let products = products.iter().map(|view| ProductBody::new(view, currency)).collect();
    let base_url = call.request.base_url(app.public_url.as_deref());
    Ok(page.located(&call.request, &base_url, Answer::ok(&ProductsBody { products })))
}

pub(super) async fn retrieve(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let view = app.visible_product(&call, "id")?;
    Ok(Answer::ok(&ProductBody::new(&view, app.shop.settings.currency)))
}
