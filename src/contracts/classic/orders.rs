//! 8 to 11: orders.

use super::refusals::{Problem, not_buyable, not_for_sale};
use super::wire::{OrderBody, PRODUCTS_NAMED_MAX};
use crate::app::App;
use crate::edge::form::{Field, Reference, list, named_id};
use crate::edge::{Answer, Call, Errors, Form, standard};
use souk_actors::Failure;
use souk_actors::journeys::{order_lines, ordering};
use souk_actors::orders::Order;
use souk_domain::{CartLines, Missing, OrderId, ProductId, Quantity, Refusal};
use std::collections::BTreeSet;
use std::sync::Arc;

/// An order lists a product once for each unit.
pub(super) async fn create(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let mut form = Form::parse(&call.request)?;
    let products = products_field(&mut form);
    let products = known_products(&app, form.finish(products)?)?;
    let lines = CartLines::collect(products.into_iter().map(|id| (id, Quantity::ONE)))?;
    let draft = app.draft_order_without_address(visitor.id(), &visitor.user);
    let currency = app.shop.settings.currency;
    let placed = app.commit(&call, move |turn| async move {
        let placed = ordering::place(&turn, draft, lines).await?;
        Ok(Answer::created(&OrderBody::new(placed.id, &placed.order, currency)))
    });
    Ok(placed.await?)
}

/// The list of products. A product appears once for each unit.
pub(super) fn products_field(form: &mut Form<'_>) -> Field<Vec<Reference<ProductId>>> {
    form.required("products", list(PRODUCTS_NAMED_MAX, named_id(ProductId::new)))
}

/// The ids of the listed products. If one entry is not a valid id, the answer names every product
/// that cannot be bought. If all entries are valid, the turn checks them.
fn known_products(
    app: &App,
    references: Vec<Reference<ProductId>>,
) -> Result<Vec<ProductId>, Problem> {
    let known: Vec<ProductId> = references.iter().filter_map(|product| product.id).collect();
    if known.len() == references.len() {
        return Ok(known);
    }
    let mut errors = Errors::new();
    let mut seen = BTreeSet::new();
    for product in references {
        let is_new = seen.insert(product.to_string());
        let is_for_sale = product.id.map_or(Ok(false), |id| app.is_for_sale(id))?;
        if is_new && !is_for_sale {
            errors.add("products", not_for_sale(product));
        }
    }
    Err(errors.into())
}

pub(super) async fn add_product(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let (id, _) = visible_order(&app, &call)?;
    let product = read_product(&call)?;
    let unknown = || Errors::of("product_id", not_for_sale(&product));
    let product = product.id.ok_or_else(unknown)?;
    let currency = app.shop.settings.currency;
    let added = app.commit(&call, move |turn| async move {
        let added = order_lines::add_unit(&turn, id, product).await?;
        Ok(Answer::ok(&OrderBody::new(id, &added.order, currency)))
    });
    added.await.map_err(|failure| match failure {
        Failure::Refused(Refusal::NotBuyable(lines)) => not_buyable("product_id", &lines).into(),
        failure => failure.into(),
    })
}

pub(super) async fn remove_product(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let (id, _) = visible_order(&app, &call)?;
    let product = read_product(&call)?.id.ok_or_else(not_in_order)?;
    let currency = app.shop.settings.currency;
    let removed = app.commit(&call, move |turn| async move {
        let removed = order_lines::remove_unit(&turn, id, product).await?;
        Ok(Answer::ok(&OrderBody::new(id, &removed.order, currency)))
    });
    removed.await.map_err(|failure| match failure {
        Failure::Refused(Refusal::NotFound(Missing::OrderLine)) => not_in_order().into(),
        failure => failure.into(),
    })
}

fn not_in_order() -> Errors {
    Errors::of("product_id", "This product is not in the order.")
}

fn read_product(call: &Call) -> Result<Reference<ProductId>, Problem> {
    let mut form = Form::parse(&call.request)?;
    let product = product_field(&mut form);
    Ok(form.finish(product)?)
}

/// The product to add or remove.
pub(super) fn product_field(form: &mut Form<'_>) -> Field<Reference<ProductId>> {
    form.required("product_id", named_id(ProductId::new))
}

/// Cancelling a cancelled order succeeds and changes nothing.
pub(super) async fn cancel(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let (id, order) = visible_order(&app, &call)?;
    let contact = ordering::contact(&app.shop.store.snapshot(), order.customer)?;
    let currency = app.shop.settings.currency;
    let cancelled = app.commit(&call, move |turn| async move {
        let cancelled = ordering::cancel(&turn, id, "", contact).await?;
        Ok(Answer::ok(&OrderBody::new(id, &cancelled.order, currency)))
    });
    Ok(cancelled.await?)
}

/// The order in the path, if the caller may see it.
fn visible_order(app: &App, call: &Call) -> Result<(OrderId, Order), Problem> {
    let visitor = app.visitor(call)?;
    let id = call.id("order_id", OrderId::parse)?;
    let order = app.visible_order(&visitor, id)?.ok_or_else(standard::not_found)?;
    Ok((id, order))
}
