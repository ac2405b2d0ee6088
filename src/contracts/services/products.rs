//! API1, products: anybody may read them, only administrators may change them.

use super::callers::{require_administrator, require_reader};
use super::refusals::Problem;
use super::wire::ProductBody;
use crate::app::{App, NamedCategory, ProductShape, plain_draft};
use crate::edge::form::{
    self, Decimal, Reference, Rule, boolean, discount, form, image_address, money, reference, text,
};
use crate::edge::{
    Answer, Call, Description, Errors, Form, PageQuery, Request, Wrapping, malformed_search,
    search_terms, search_text, standard,
};
use schemars::json_schema;
use souk_actors::catalog::{
    self, Between, ProductChange, ProductDraft, ProductSelection, ProductView,
};
use souk_domain::{CategoryId, Currency, Discount, Missing, Money, Pricing, ProductId, Refusal};
use std::sync::Arc;

const NAME_CHARACTERS_MAX: usize = 255;
const DESCRIPTION_CHARACTERS_MAX: usize = 10_000;
/// Decimal places of a discount in percent.
const PERCENT_DECIMALS: u8 = 2;
/// The error for a filter that must be a number.
const NOT_A_NUMBER: &str = "A valid number is required.";

pub(super) async fn list(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    require_reader(&app, &call)?;
    select(app, call, None).await
}

pub(super) async fn of_category(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    require_reader(&app, &call)?;
    let category = call.id("pk", CategoryId::parse)?;
    catalog::category(&*app.shop.store.snapshot(), category)?.ok_or_else(standard::not_found)?;
    select(app, call, Some(category)).await
}

async fn select(
    app: Arc<App>,
    call: Call,
    category: Option<CategoryId>,
) -> Result<Answer, Problem> {
    let currency = app.shop.settings.currency;
    let selection = ProductSelection { category, ..selection_of(&call.request, currency)? };
    let page_query = PageQuery::of_whole_list(&call.request)?;
    let shown = (page_query, Wrapping::Bare);
    Ok(app.list_products::<ProductBody>(call, shown, (&selection).into()).await?)
}

/// The filters in the document's third section. A filter without a value is ignored. Numbers are
/// compared with prices and discounts, so they may have any number of decimals.
fn selection_of(request: &Request, currency: Currency) -> Result<ProductSelection, Answer> {
    let name = search_terms(request)?;
    let mut errors = Errors::new();
    let parameter = |name| request.query(name).map(str::trim).filter(|text| !text.is_empty());
    let mut number = |name: &'static str| {
        let read = parameter(name).map(|text| Decimal::parse(text).ok_or(NOT_A_NUMBER.to_owned()));
        ok_or_record(&mut errors, name, read)
    };
    let price = currency.decimals();
    let sell_price = Between {
        least: number("price_min").map(|bound| Money::from_minor_units(bound.ceiling(price))),
        most: number("price_max").map(|bound| Money::from_minor_units(bound.floor(price))),
    };
    let discount = Between {
        least: number("discount_min").map(|bound| bound.ceiling(PERCENT_DECIMALS)),
        most: number("discount_max").map(|bound| bound.floor(PERCENT_DECIMALS)),
    };
    let available =
        ok_or_record(&mut errors, "available", parameter("available").map(python_boolean));
    if errors.is_empty() {
        Ok(ProductSelection { name, sell_price, discount, available, category: None })
    } else {
        Err(errors.into())
    }
}

/// Describes the filters. Surrounding white space is ignored, and so is a filter without a value.
pub(super) fn filters(operation: Description) -> Description {
    let number = r"^ *([+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,9})?)? *$";
    let number = json_schema!({"type": "string", "pattern": number, "examples": ["10"]});
    let pattern = "^ *([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|0|1)? *$";
    let pattern = json_schema!({"type": "string", "pattern": pattern, "examples": ["True"]});
    operation
        .query(
            "search",
            "Words of the name, in whatever order and case; quotes keep a phrase together.",
            search_text(),
        )
        .query("price_min", "The least the customer pays (`sell_price`).", number.clone())
        .query("price_max", "The most the customer pays (`sell_price`).", number.clone())
        .query("discount_min", "The least discount in percent.", number.clone())
        .query("discount_max", "The largest discount in percent.", number)
        .query("available", "`True` for what the shop sells, `False` for the rest.", pattern)
        .refuses(Errors::of("price_min", NOT_A_NUMBER))
        .refuses(malformed_search())
}

fn ok_or_record<T>(
    errors: &mut Errors,
    name: &'static str,
    read: Option<Result<T, String>>,
) -> Option<T> {
    match read? {
        Ok(value) => Some(value),
        Err(wrong) => {
            errors.add(name, wrong);
            None
        }
    }
}

/// `True` or `False` as the document writes them, in upper or lower case.
fn python_boolean(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err("Must be a valid boolean.".to_owned()),
    }
}

pub(super) async fn detail(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    require_reader(&app, &call)?;
    let id = call.id("pk", ProductId::parse)?;
    let product = app.written_product::<ProductBody>(&app.shop.store.snapshot(), id)?;
    Ok(Answer::ok_json(product.ok_or_else(standard::not_found)?.json))
}

form! {
    /// The fields of a new product.
    pub(super) struct NewProduct(currency: Currency) {
        name: String = required(name()),
        description: String = defaulting(description(), String::new()),
        category: Option<Reference<CategoryId>> = nullable(reference(CategoryId::new)),
        price: Money = required(money(currency)),
        discount: Discount = defaulting(discount(), Discount::NONE),
        available: bool = defaulting(boolean(), true),
        image: Option<String> = nullable(image_address()),
    }
}

form! {
    /// The fields of a change. Fields that the body leaves out keep their values.
    pub(super) struct ChangedProduct(currency: Currency) {
        name: String = required(name()),
        description: Option<String> = optional(description()),
        category: Option<Option<Reference<CategoryId>>> = clearable(reference(CategoryId::new)),
        price: Money = required(money(currency)),
        discount: Option<Discount> = optional(discount()),
        available: Option<bool> = optional(boolean()),
        image: Option<Option<String>> = clearable(image_address()),
    }
}

fn name() -> impl Rule<Value = String> {
    form::name(NAME_CHARACTERS_MAX).like("Laptop")
}

fn description() -> impl Rule<Value = String> {
    text(DESCRIPTION_CHARACTERS_MAX).or_blank().like("Thin and light.")
}

/// The stock of a new product: this contract has no field for it, so it starts at zero.
const INITIAL_STOCK: i64 = 0;

pub(super) async fn create(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    require_administrator(&app, &call)?;
    let currency = app.shop.settings.currency;
    let mut form = Form::parse(&call.request)?;
    let fields = NewProduct::read(&mut form, currency);
    let category = fields.category.parsed().cloned().flatten();
    let category = NamedCategory::look_up(&app, &mut form, "category", category)?;
    let product = form.finish(fields)?;
    let draft = ProductDraft {
        category: product.category.and_then(|category| category.id),
        pricing: Pricing { list_price: product.price, discount: product.discount },
        image: product.image,
        available: product.available,
        ..plain_draft(product.name, product.description, product.price, INITIAL_STOCK)
    };
    let shown =
        |view: &ProductView, currency: Currency| Answer::created(&ProductBody::of(view, currency));
    let created = app.create_product(&call, draft, shown).await;
    created.map_err(|failure| category.problem(failure))
}

pub(super) async fn update(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    require_administrator(&app, &call)?;
    let id = call.id("pk", ProductId::parse)?;
    catalog::product(&*app.shop.store.snapshot(), id)?.ok_or_else(standard::not_found)?;
    let currency = app.shop.settings.currency;
    let mut form = Form::parse(&call.request)?;
    let fields = ChangedProduct::read(&mut form, currency);
    let category = fields.category.parsed().cloned().flatten().flatten();
    let category = NamedCategory::look_up(&app, &mut form, "category", category)?;
    let product = form.finish(fields)?;
    let (list_price, discount) = (product.price, product.discount);
    let change = ProductChange {
        name: Some(product.name),
        description: product.description,
        category: product.category.map(|category| category.and_then(|category| category.id)),
        image: product.image,
        available: product.available,
        ..ProductChange::default()
    };
    let updated = app.commit(&call, move |turn| async move {
        let known = catalog::product(turn.unit(), id)?;
        let known = known.ok_or(Refusal::NotFound(Missing::Product))?;
        let discount = discount.unwrap_or(known.product.pricing.discount);
        let change = ProductChange { pricing: Some(Pricing { list_price, discount }), ..change };
        let view = turn.ask(catalog::UpdateProduct { id, change }).await?;
        Ok(Answer::ok(&ProductBody::of(&view, currency)))
    });
    updated.await.map_err(|failure| category.problem(failure))
}

pub(super) async fn delete(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    require_administrator(&app, &call)?;
    let id = call.id("pk", ProductId::parse)?;
    let deleted = app.commit(&call, move |turn| async move {
        turn.ask(catalog::DeleteProduct { id }).await?;
        Ok(Answer::no_content())
    });
    Ok(deleted.await?)
}
