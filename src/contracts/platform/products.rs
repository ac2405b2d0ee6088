//! 2.1 to 2.4: products.

use super::refusals::Problem;
use super::wire::ProductBody;
use crate::app::{App, ProductShape, plain_draft, stock_range};
use crate::edge::form::{form, integer, money_number, name, text};
use crate::edge::{Answer, Call, Form, standard};
use souk_actors::catalog::{self, ProductChange, ProductView};
use souk_domain::{Currency, Money, Pricing, ProductId};
use std::sync::Arc;

const NAME_CHARACTERS_MAX: usize = 255;
const DESCRIPTION_CHARACTERS_MAX: usize = 10_000;

form! {
    /// The fields of a new product.
    pub(super) struct NewProduct(currency: Currency) {
        name: String = required(name(NAME_CHARACTERS_MAX)),
        description: String =
            defaulting(text(DESCRIPTION_CHARACTERS_MAX).or_blank(), String::new()),
        price: Money = required(money_number(currency)),
        stock: i64 = defaulting(integer(stock_range()), 0),
    }
}

pub(super) async fn create(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    app.administrator(&call)?;
    let currency = app.shop.settings.currency;
    let mut form = Form::parse(&call.request)?;
    let fields = NewProduct::read(&mut form, currency);
    let NewProduct { name, description, price, stock } = form.finish(fields)?;
    let draft = plain_draft(name, description, price, stock);
    let shown =
        |view: &ProductView, currency: Currency| Answer::created(&ProductBody::of(view, currency));
    Ok(app.create_product(&call, draft, shown).await?)
}

pub(super) async fn detail(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    Ok(app.visible_product::<ProductBody>(&call, "product_id")?)
}

form! {
    /// The fields of a change of a product.
    pub(super) struct ChangedProduct(currency: Currency) {
        name: Option<String> = optional(name(NAME_CHARACTERS_MAX)),
        description: Option<String> = optional(text(DESCRIPTION_CHARACTERS_MAX).or_blank()),
        price: Option<Money> = optional(money_number(currency)),
        stock: Option<i64> = optional(integer(stock_range())),
    }
}

/// Fields that the body leaves out keep their values, as in the document's sample.
pub(super) async fn update(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    app.administrator(&call)?;
    let id = call.id("product_id", ProductId::parse)?;
    catalog::product(&*app.shop.store.snapshot(), id)?.ok_or_else(standard::not_found)?;
    let mut form = Form::parse(&call.request)?;
    let fields = ChangedProduct::read(&mut form, app.shop.settings.currency);
    let ChangedProduct { name, description, price, stock } = form.finish(fields)?;
    let change = ProductChange {
        name,
        description,
        pricing: price.map(Pricing::flat),
        stock: stock.and_then(|units| u64::try_from(units).ok()),
        ..ProductChange::default()
    };
    let shown =
        |view: &ProductView, currency: Currency| Answer::ok(&ProductBody::of(view, currency));
    Ok(app.update_product(&call, id, change, shown).await?)
}

pub(super) async fn delete(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    app.administrator(&call)?;
    let id = call.id("product_id", ProductId::parse)?;
    let deleted = app.commit(&call, move |turn| async move {
        turn.ask(catalog::DeleteProduct { id }).await?;
        Ok(Answer::no_content())
    });
    Ok(deleted.await?)
}
