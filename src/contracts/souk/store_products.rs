//! Products for shoppers: the list, and one product.

use super::refusals::{unreadable, written};
use super::store_categories::CategoryBody;
use crate::app::{App, ProductShape};
use crate::edge::values::{Moment, WebAddress};
use crate::edge::{Answer, Call, Ends, Query, Sort, Wanted, standard, versions};
use bytes::Bytes;
use schemars::JsonSchema;
use serde::Serialize;
use souk_actors::catalog::{
    self, Between, ListFilter, ListPosition, ProductFilter, ProductList, ProductSort, ProductView,
};
use souk_actors::store::Snapshot;
use souk_domain::{CategoryId, Currency, Money, ProductId, SearchTerms};
use std::sync::Arc;

/// What `expand` can show with a product.
const RELATED: [&str; 2] = ["category", "variants"];
/// The number of a product's primary variant.
const PRIMARY: u32 = 0;

/// A product for shoppers. Amounts are in minor units.
#[derive(JsonSchema, Serialize)]
pub(super) struct StoreProductBody {
    #[schemars(range(min = 1))]
    id: u64,
    /// Increases with every change that is published as an event.
    #[schemars(range(min = 1))]
    version: u64,
    /// Unique, for addresses of pages.
    #[schemars(example = &"brass-lamp")]
    handle: String,
    #[schemars(example = &"Brass lamp")]
    title: String,
    /// May be empty.
    #[schemars(example = &"Burns oil.")]
    description: String,
    /// ISO 4217. Applies to every amount of this object.
    #[schemars(regex(pattern = r"^[A-Z]{3}$"))]
    #[schemars(example = &"USD")]
    currency: String,
    /// What a customer pays for a unit of the primary variant.
    #[schemars(example = 1999)]
    price: i64,
    /// The price before it was reduced; null for a price that is not reduced.
    #[schemars(example = Some(2499))]
    compare_at_price: Option<i64>,
    /// Whether there are units to sell.
    available: bool,
    /// Units that can be sold.
    #[schemars(example = 10)]
    stock: u64,
    /// The primary category.
    #[schemars(example = Some(1))]
    category_id: Option<u64>,
    /// The first image.
    #[schemars(with = "Option<WebAddress>")]
    image_url: Option<String>,
    #[schemars(with = "Moment")]
    created_at: String,
    #[schemars(with = "Moment")]
    updated_at: String,
    /// With `expand=category`.
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<CategoryBody>,
    /// With `expand=variants`, in order of number.
    #[serde(skip_serializing_if = "Option::is_none")]
    variants: Option<Vec<VariantBody>>,
}

/// A variant of a product. Amounts are in minor units, in the currency of the product.
#[derive(JsonSchema, Serialize)]
struct VariantBody {
    /// Unique in its product; 0 is the primary variant.
    #[schemars(example = 0)]
    number: u32,
    #[schemars(example = 1999)]
    price: i64,
    #[schemars(example = Some(2499))]
    compare_at_price: Option<i64>,
    available: bool,
    #[schemars(example = 10)]
    stock: u64,
}

impl ProductShape for StoreProductBody {
    fn of(view: &ProductView, currency: Currency) -> Self {
        let pricing = &view.product.pricing;
        let price = pricing.sell_price();
        let compare_at_price = (pricing.list_price > price).then_some(pricing.list_price);
        Self {
            id: view.id.get(),
            version: view.version,
            handle: view.product.slug.clone(),
            title: view.product.name.clone(),
            description: view.product.description.clone(),
            currency: currency.code().to_owned(),
            price: price.minor_units(),
            compare_at_price: compare_at_price.map(Money::minor_units),
            available: view.is_for_sale() && view.sellable > 0,
            stock: view.sellable,
            category_id: view.category.as_ref().map(|(id, _)| id.get()),
            image_url: view.product.image.clone(),
            created_at: view.product.created_at.to_string(),
            updated_at: view.product.updated_at.to_string(),
            category: None,
            variants: None,
        }
    }
}

impl StoreProductBody {
    fn expanded(view: &ProductView, currency: Currency, related: &[&str]) -> Self {
        let mut body = Self::of(view, currency);
        if related.contains(&"category") {
            let category = view.category.as_ref();
            body.category = category.map(|(id, category)| CategoryBody::new(*id, category));
        }
        if related.contains(&"variants") {
            body.variants = Some(vec![VariantBody {
                number: PRIMARY,
                price: body.price,
                compare_at_price: body.compare_at_price,
                available: body.available,
                stock: body.stock,
            }]);
        }
        body
    }
}

/// The list that a request asks for.
pub(super) struct ProductQuery {
    page: Wanted<ListPosition>,
    related: Vec<&'static str>,
    list: ProductList,
}

impl ProductQuery {
    /// The parameters of the list of products.
    pub(super) fn read(query: &mut Query<'_>) -> Self {
        let page = query.page();
        let newest = Sort { by: ProductSort::CreatedAt, is_descending: true };
        let choices = [
            ("title", ProductSort::Title),
            ("price", ProductSort::Price),
            ("created_at", ProductSort::CreatedAt),
        ];
        let sort = query.sort(&choices, ("-created_at", newest));
        let Ends { least, most } = query.amounts(
            ["price", "price[gte]", "price[lte]"],
            ["Only at this price, in minor units.", "At least this price.", "At most this price."],
        );
        let price = |minor: Option<i64>| minor.map(Money::from_minor_units);
        let category = query.id("category", "Only of this category.", CategoryId::new);
        let in_stock = query.boolean("available", "Only with units to sell, or only without.");
        let search = query.text("q", "Words in the title or the description.");
        let filter = ProductFilter {
            search: search.and_then(SearchTerms::parse),
            category,
            with_hidden: false,
        };
        let between = Between { least: price(least), most: price(most) };
        let filter = ListFilter::from(&filter).with_sell_price(between);
        let (by, is_descending) = (sort.by, sort.is_descending);
        let list = ProductList { filter, in_stock, sort: by, is_descending };
        Self { page, related: query.expand(&RELATED), list }
    }
}

pub(super) async fn list(app: Arc<App>, call: Call) -> Answer {
    listed(app, call).await.unwrap_or_else(Answer::into_problem)
}

async fn listed(app: Arc<App>, call: Call) -> Result<Answer, Answer> {
    app.sees_hidden(&call)?;
    let mut query = Query::of(&call.request, &app.cursors);
    let wanted = ProductQuery::read(&mut query);
    query.finish()?;
    app.read_list(call, move |app, snapshot, call| {
        let ProductQuery { page, related, list } = &wanted;
        let found = catalog::listed(snapshot, list, page.after.as_ref(), page.limit);
        let found = found.map_err(unreadable)?;
        let mut bodies = Vec::with_capacity(found.products.len());
        for id in found.products {
            bodies.extend(product(app, snapshot, id, related)?.map(|(_, json)| json));
        }
        Ok(app.cursors.page(&call.request, &bodies, found.next.as_ref()))
    })
    .await
}

/// A product that everybody may see: its version and its JSON.
fn product(
    app: &App,
    snapshot: &Snapshot,
    id: ProductId,
    related: &[&str],
) -> Result<Option<(u64, Bytes)>, Answer> {
    if related.is_empty() {
        let known = app.written_product::<StoreProductBody>(snapshot, id)?;
        let known = known.filter(|known| known.is_for_sale);
        return Ok(known.map(|known| (known.version, known.json)));
    }
    let view = catalog::product(snapshot, id).map_err(unreadable)?;
    let Some(view) = view.filter(ProductView::is_for_sale) else { return Ok(None) };
    let body = StoreProductBody::expanded(&view, app.shop.settings.currency, related);
    Ok(Some((view.version, written(&body)?.into())))
}

/// The parameters of one product.
pub(super) fn read_related(query: &mut Query<'_>) -> Vec<&'static str> {
    query.expand(&RELATED)
}

pub(super) async fn show(app: Arc<App>, call: Call) -> Answer {
    found(&app, &call).unwrap_or_else(Answer::into_problem)
}

fn found(app: &App, call: &Call) -> Result<Answer, Answer> {
    app.sees_hidden(call)?;
    let mut query = Query::of(&call.request, &app.cursors);
    let related = read_related(&mut query);
    query.finish()?;
    let snapshot = app.shop.store.snapshot();
    let name = call.params.get("id_or_handle").unwrap_or_default();
    // A handle may consist of digits; an id comes first.
    let mut known = match ProductId::parse(name) {
        Some(id) => product(app, &snapshot, id, &related)?,
        None => None,
    };
    if known.is_none()
        && let Some(id) = catalog::product_by_handle(&*snapshot, name).map_err(unreadable)?
    {
        known = product(app, &snapshot, id, &related)?;
    }
    let (version, json) = known.ok_or_else(standard::not_found)?;
    Ok(versions::composed(&call.request, version, Answer::ok_json(json)))
}
