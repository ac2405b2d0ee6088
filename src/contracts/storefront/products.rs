//! 7 to 11: products.

use super::callers::require_administrator;
use super::is_partial;
use super::refusals::Problem;
use super::wire::{MessageBody, ProductBody};
use crate::app::{App, NamedCategory, ProductShape, plain_draft, stock_range};
use crate::edge::form::{
    self, Reference, Text, form, image_address, integer, money, python_int, reference, text,
};
use crate::edge::{Answer, Call, Errors, Form, PageQuery, Wrapping, search_terms, standard};
use souk_actors::catalog::{self, ProductChange, ProductDraft, ProductFilter, ProductView};
use souk_actors::store::StoreError;
use souk_domain::{CategoryId, Currency, Money, Pricing, ProductId};
use std::sync::Arc;

const NAME_CHARACTERS_MAX: usize = 255;
const DESCRIPTION_CHARACTERS_MAX: usize = 10_000;

pub(super) const ONLY_ADMINS_CREATE: &str = "Only admins can create products";
pub(super) const ONLY_ADMINS_UPDATE: &str = "Only admins can update products";
pub(super) const ONLY_ADMINS_DELETE: &str = "Only admins can delete products";
/// The message after a product was deleted.
pub(super) const DELETED: &str = "Product deleted successfully";

pub(super) async fn list(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    app.session_claims(&call.request)?;
    let filter = ProductFilter { with_hidden: app.sees_hidden(&call)?, ..filter_of(&app, &call)? };
    let page_query = PageQuery::of(&call.request)?;
    let shown = (page_query, Wrapping::Envelope);
    Ok(app.list_products::<ProductBody>(call, shown, (&filter).into()).await?)
}

fn filter_of(app: &App, call: &Call) -> Result<ProductFilter, Problem> {
    let search = search_terms(&call.request)?;
    let category = match call.request.query("category").map(str::trim) {
        None | Some("") => None,
        Some(text) => Some(known_category(app, text)?.ok_or_else(no_such_choice)?),
    };
    Ok(ProductFilter { search, category, with_hidden: false })
}

/// The category of a filter, if it exists.
fn known_category(app: &App, text: &str) -> Result<Option<CategoryId>, StoreError> {
    let id = python_int(text).and_then(|number| CategoryId::new(u64::try_from(number).ok()?));
    let Some(id) = id else { return Ok(None) };
    Ok(catalog::category(&*app.shop.store.snapshot(), id)?.map(|_| id))
}

form! {
    /// The fields of a new product.
    pub(super) struct NewProduct(currency: Currency) {
        name: String = required(name_rule()),
        description: String = defaulting(description_rule(), String::new()),
        category_id: Option<Reference<CategoryId>> = nullable(reference(CategoryId::new)),
        price: Money = required(money(currency)),
        stock_quantity: i64 = defaulting(integer(stock_range()), 0),
        image: Option<String> = nullable(image_address()),
    }
}

pub(super) async fn create(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    require_administrator(&app, &call, ONLY_ADMINS_CREATE)?;
    let currency = app.shop.settings.currency;
    let mut form = Form::parse(&call.request)?;
    let fields = NewProduct::read(&mut form, currency);
    let category = fields.category_id.parsed().cloned().flatten();
    let category = NamedCategory::look_up(&app, &mut form, "category_id", category)?;
    let product = form.finish(fields)?;
    let draft = ProductDraft {
        category: product.category_id.and_then(|category| category.id),
        image: product.image,
        ..plain_draft(product.name, product.description, product.price, product.stock_quantity)
    };
    let shown =
        |view: &ProductView, currency: Currency| Answer::created(&ProductBody::of(view, currency));
    let created = app.create_product(&call, draft, shown).await;
    created.map_err(|failure| category.problem(failure))
}

pub(super) async fn detail(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    app.session_claims(&call.request)?;
    Ok(app.visible_product::<ProductBody>(&call, "id")?)
}

form! {
    /// The fields of a change of a product.
    pub(super) struct ChangedProduct(currency: Currency, partial: bool) {
        name: Option<String> = changing(name_rule(), partial),
        description: Option<String> = optional(description_rule()),
        category_id: Option<Option<Reference<CategoryId>>> = clearable(reference(CategoryId::new)),
        price: Option<Money> = changing(money(currency), partial),
        stock_quantity: Option<i64> = optional(integer(stock_range())),
        image: Option<Option<String>> = clearable(image_address()),
    }
}

pub(super) async fn update(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    require_administrator(&app, &call, ONLY_ADMINS_UPDATE)?;
    let id = call.id("id", ProductId::parse)?;
    catalog::product(&*app.shop.store.snapshot(), id)?.ok_or_else(standard::not_found)?;
    let currency = app.shop.settings.currency;
    let partial = is_partial(&call.request.method);
    let mut form = Form::parse(&call.request)?;
    let fields = ChangedProduct::read(&mut form, currency, partial);
    let category = fields.category_id.parsed().cloned().flatten().flatten();
    let category = NamedCategory::look_up(&app, &mut form, "category_id", category)?;
    let product = form.finish(fields)?;
    let change = ProductChange {
        name: product.name,
        description: product.description,
        category: product.category_id.map(|category| category.and_then(|category| category.id)),
        pricing: product.price.map(Pricing::flat),
        image: product.image,
        stock: product.stock_quantity.and_then(|units| u64::try_from(units).ok()),
        ..ProductChange::default()
    };
    let shown =
        |view: &ProductView, currency: Currency| Answer::ok(&ProductBody::of(view, currency));
    let updated = app.update_product(&call, id, change, shown).await;
    updated.map_err(|failure| category.problem(failure))
}

pub(super) async fn delete(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    require_administrator(&app, &call, ONLY_ADMINS_DELETE)?;
    let id = call.id("id", ProductId::parse)?;
    let deleted = app.commit(&call, move |turn| async move {
        turn.ask(catalog::DeleteProduct { id }).await?;
        Ok(Answer::ok(&MessageBody { message: DELETED }))
    });
    Ok(deleted.await?)
}

/// The refusal of a filter with an unknown category.
pub(super) fn no_such_choice() -> Errors {
    Errors::of(
        "category",
        "Select a valid choice. That choice is not one of the available choices.",
    )
}

fn name_rule() -> Text {
    form::name(NAME_CHARACTERS_MAX).example("Laptop")
}

fn description_rule() -> Text {
    text(DESCRIPTION_CHARACTERS_MAX).or_blank().example("High-performance laptop")
}
