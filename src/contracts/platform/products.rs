//! 2.1 to 2.4: products.

use super::refusals::Problem;
use super::wire::ProductBody;
use crate::app::{App, plain_draft, stock_range};
use crate::edge::form::{integer, money, text};
use crate::edge::{Answer, Call, Form, standard};
use souk_actors::catalog::{self, CatalogMessage, ProductChange, ProductView};
use souk_domain::{Currency, Pricing, ProductId};
use std::sync::Arc;

const NAME_CHARACTERS_MAX: usize = 255;
const DESCRIPTION_CHARACTERS_MAX: usize = 10_000;

pub(super) async fn create(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    app.administrator(&call)?;
    let currency = app.shop.settings.currency;
    let mut form = Form::parse(&call.request)?;
    let name = form.required("name", text(NAME_CHARACTERS_MAX));
    let blank = String::new();
    let description =
        form.defaulting("description", text(DESCRIPTION_CHARACTERS_MAX).or_blank(), blank);
    let price = form.required("price", money(currency));
    let stock = form.defaulting("stock", integer(stock_range()), 0);
    let (name, description, price, stock) = form.finish((name, description, price, stock))?;
    let draft = plain_draft(name, description, price, stock);
    let shown =
        |view: &ProductView, currency: Currency| Answer::created(&ProductBody::new(view, currency));
    Ok(app.create_product(&call, draft, shown).await?)
}

pub(super) async fn detail(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let id = call.id("product_id", ProductId::parse)?;
    let view = app.visible_product(&call, id)?;
    Ok(Answer::ok(&ProductBody::new(&view, app.shop.settings.currency)))
}

/// Only what the body names changes, as in the sample.
pub(super) async fn update(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    app.administrator(&call)?;
    let id = call.id("product_id", ProductId::parse)?;
    catalog::product(&*app.shop.store.snapshot(), id)?.ok_or_else(standard::not_found)?;
    let mut form = Form::parse(&call.request)?;
    let name = form.optional("name", text(NAME_CHARACTERS_MAX));
    let description = form.optional("description", text(DESCRIPTION_CHARACTERS_MAX).or_blank());
    let price = form.optional("price", money(app.shop.settings.currency));
    let stock = form.optional("stock", integer(stock_range()));
    let (name, description, price, stock) = form.finish((name, description, price, stock))?;
    let change = ProductChange {
        name,
        description,
        pricing: price.map(Pricing::flat),
        stock: stock.and_then(|units| u64::try_from(units).ok()),
        ..ProductChange::default()
    };
    let shown =
        |view: &ProductView, currency: Currency| Answer::ok(&ProductBody::new(view, currency));
    Ok(app.update_product(&call, id, change, shown).await?)
}

pub(super) async fn delete(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    app.administrator(&call)?;
    let id = call.id("product_id", ProductId::parse)?;
    let owners = Arc::clone(&app.shop.owners);
    let deleted = app.commit(&call, move |unit| {
        let owners = Arc::clone(&owners);
        async move {
            let delete = |reply_to| CatalogMessage::DeleteProduct { unit, id, reply_to };
            owners.catalog.ask(delete).await?;
            Ok(Answer::no_content())
        }
    });
    Ok(deleted.await?)
}
