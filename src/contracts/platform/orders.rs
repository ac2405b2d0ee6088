//! 3.1 to 3.4: orders.

use super::refusals::{NOT_FOR_SALE, Problem, unbuyable};
use super::wire::{OrderBody, StatusBody, capitalised};
use crate::app::{App, Visitor};
use crate::edge::form::{
    Field, Reference, form, id_or, money_number, objects, order_status, quantity, reference,
};
use crate::edge::{Answer, Call, Errors, Form, standard};
use souk_actors::Failure;
use souk_actors::journeys::ordering;
use souk_actors::orders::{Order, OrderDraft, UpdateOrder};
use souk_actors::users;
use souk_domain::{
    CartLines, Currency, MAX_CART_LINES, Money, OrderId, OrderStatus, ProductId, Quantity, Refusal,
    Role, UnbuyableLine, UnbuyableReason, UserId,
};
use std::sync::Arc;

form! {
    /// The fields of a new order.
    pub(super) struct NewOrder(currency: Currency) {
        user_id: Reference<UserId> = required(reference(UserId::new)),
        items: Vec<Item> = required(objects(MAX_CART_LINES, Item::read)),
        total_price: Money = required(money_number(currency)),
    }
}

form! {
    /// A product and its quantity.
    pub(super) struct Item {
        product_id: ProductId = required(id_or(ProductId::new, NOT_FOR_SALE)),
        quantity: Quantity = required(quantity()),
    }
}

pub(super) async fn create(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let currency = app.shop.settings.currency;
    let mut form = Form::parse(&call.request)?;
    let fields = NewOrder::read(&mut form, currency);
    app.note_items_not_for_sale(&mut form, NOT_FOR_SALE)?;
    let NewOrder { user_id, items, total_price } = form.finish(fields)?;
    let draft = draft_for(&app, &visitor, &user_id)?;
    let lines = CartLines::collect(items.iter().map(|item| (item.product_id, item.quantity)))?;
    let placed = app.commit(&call, move |turn| async move {
        // Checked before any stock is held: a caller cannot declare an order paid.
        let total = ordering::total(&turn, &lines).await?;
        if total != total_price {
            return Ok(wrong_total(total, currency).into());
        }
        let placed = ordering::place(&turn, draft, lines).await?;
        Ok(Answer::created(&OrderBody::new(placed.id, &placed.order, currency)))
    });
    placed.await.map_err(|failure| match failure {
        Failure::Refused(Refusal::NotBuyable(lines)) => not_buyable(&items, &lines).into(),
        failure => failure.into(),
    })
}

/// Users order for themselves; an administrator may order for any user.
fn draft_for(
    app: &App,
    visitor: &Visitor,
    user: &Reference<UserId>,
) -> Result<OrderDraft, Problem> {
    if user.id == Some(visitor.id()) {
        return Ok(app.draft_order_without_address(visitor.id(), &visitor.user));
    }
    if !visitor.caller.is_administrator() {
        return Err(standard::forbidden().into());
    }
    let unknown = || Errors::of("user_id", user.does_not_exist());
    let id = user.id.ok_or_else(unknown)?;
    let row = users::user(&*app.shop.store.snapshot(), id)?.ok_or_else(unknown)?;
    Ok(app.draft_order_without_address(id, &row))
}

fn wrong_total(total: Money, currency: Currency) -> Errors {
    Errors::of("total_price", format!("The total is {}.", currency.format(total)))
}

/// Errors for every item that cannot be bought, at its position in the request.
fn not_buyable(items: &[Item], lines: &[UnbuyableLine]) -> Errors {
    let mut errors = Errors::new();
    for (index, item) in items.iter().enumerate() {
        let unbuyable_line = lines.iter().find(|line| line.product == item.product_id);
        let Some(line) = unbuyable_line else { continue };
        let fault = match &line.why {
            UnbuyableReason::NotForSale => Errors::of("product_id", NOT_FOR_SALE),
            why @ UnbuyableReason::Short { .. } => Errors::of("quantity", unbuyable(why)),
        };
        errors.add_item("items", index, fault);
    }
    errors
}

pub(super) async fn detail(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let (id, order) = visible_order(&app, &call, &visitor)?;
    Ok(Answer::ok(&OrderBody::new(id, &order, app.shop.settings.currency)))
}

pub(super) async fn update_status(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.administrator(&call)?;
    let (id, order) = visible_order(&app, &call, &visitor)?;
    let mut form = Form::parse(&call.request)?;
    let status = status_field(&mut form);
    let status = form.finish(status)?;
    let contact = ordering::contact(&app.shop.store.snapshot(), order.customer)?;
    let command = UpdateOrder {
        id,
        customer: order.customer,
        by: Role::Administrator,
        status: Some(status),
        shipping_address: None,
        billing_address: None,
        contact,
    };
    let updated = app.commit(&call, move |turn| async move {
        let updated = ordering::update(&turn, command).await?;
        Ok(Answer::ok(&StatusBody::new(id, &updated.order)))
    });
    Ok(updated.await?)
}

/// The new status of an order.
pub(super) fn status_field(form: &mut Form<'_>) -> Field<OrderStatus> {
    form.required("status", order_status(capitalised))
}

/// Customers may cancel too, until the goods are shipped.
pub(super) async fn cancel(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let (id, order) = visible_order(&app, &call, &visitor)?;
    let contact = ordering::contact(&app.shop.store.snapshot(), order.customer)?;
    let cancelled = app.commit(&call, move |turn| async move {
        ordering::cancel(&turn, id, "", contact).await?;
        Ok(Answer::no_content())
    });
    Ok(cancelled.await?)
}

/// The order in the path, if the caller may see it.
fn visible_order(app: &App, call: &Call, visitor: &Visitor) -> Result<(OrderId, Order), Problem> {
    let id = call.id("order_id", OrderId::parse)?;
    let order = app.visible_order(visitor, id)?.ok_or_else(standard::not_found)?;
    Ok((id, order))
}
