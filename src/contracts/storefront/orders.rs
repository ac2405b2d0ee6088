//! 17 to 21: orders.

use super::cart::address_rule;
use super::refusals::{INSUFFICIENT_STOCK, NOT_FOR_SALE, Problem};
use super::wire::{MessageBody, OrderBody};
use crate::app::{App, Visitor};
use crate::edge::form::{choice, form, id_or, objects, quantity};
use crate::edge::{Answer, Call, Errors, Form, PageQuery, Wrapping, standard};
use souk_actors::Failure;
use souk_actors::catalog;
use souk_actors::journeys::ordering::{self, OrderView};
use souk_actors::orders::{self, Contact, Order, Recipient, UpdateOrder};
use souk_actors::store::{Snapshot, StoreError};
use souk_domain::{
    CartLines, MAX_CART_LINES, OrderId, OrderStatus, ProductId, Quantity, Refusal, UnbuyableLine,
    UnbuyableReason,
};
use std::sync::Arc;

/// The message after an order was deleted.
pub(super) const DELETED: &str = "Order deleted successfully";

const STATES: &[(&str, OrderStatus)] = &[
    ("pending", OrderStatus::Pending),
    ("processing", OrderStatus::Processing),
    ("completed", OrderStatus::Completed),
    ("shipped", OrderStatus::Shipped),
    ("delivered", OrderStatus::Delivered),
    ("cancelled", OrderStatus::Cancelled),
];

pub(super) async fn list(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let page_query = PageQuery::of_whole_list(&call.request)?;
    let find = move |snapshot: &Snapshot, offset, limit| {
        if visitor.caller.is_administrator() {
            orders::ids(snapshot, offset, limit)
        } else {
            orders::ids_of_customer(snapshot, visitor.id(), offset, limit)
        }
    };
    let body = |app: &App, snapshot: &Snapshot, id| -> Result<_, StoreError> {
        orders::order(snapshot, id)?.map(|order| body_of(app, snapshot, id, order)).transpose()
    };
    Ok(app.list(call, (page_query, Wrapping::Bare), find, body).await?)
}

form! {
    /// The products to order, and the addresses.
    pub(super) struct NewOrder {
        shipping_address: String = required(address_rule()),
        billing_address: Option<String> = optional(address_rule()),
        items: Vec<Item> = required(objects(MAX_CART_LINES, Item::read)),
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
    let mut form = Form::parse(&call.request)?;
    let fields = NewOrder::read(&mut form);
    app.note_items_not_for_sale(&mut form, NOT_FOR_SALE)?;
    let NewOrder { shipping_address, billing_address, items } = form.finish(fields)?;
    let lines = CartLines::collect(items.iter().map(|item| (item.product_id, item.quantity)))?;
    let draft = app.draft_order(&visitor, shipping_address, billing_address);
    let email = visitor.user.email.to_string();
    let currency = app.shop.settings.currency;
    let placed = app.commit(&call, move |turn| async move {
        let order = ordering::place(&turn, draft, lines).await?;
        Ok(Answer::created(&OrderBody::new(&order, Some(email), currency)))
    });
    placed.await.map_err(|failure| match failure {
        Failure::Refused(Refusal::NotBuyable(lines)) => not_buyable(&items, &lines).into(),
        failure => failure.into(),
    })
}

/// Errors for every item that cannot be bought, at its position in the request. If an item is out
/// of stock, the document's plain "Insufficient stock" is used.
pub(super) fn not_buyable(items: &[Item], lines: &[UnbuyableLine]) -> Errors {
    let mut errors = Errors::new();
    let mut is_short = false;
    for (index, item) in items.iter().enumerate() {
        let unbuyable_line = lines.iter().find(|line| line.product == item.product_id);
        let Some(line) = unbuyable_line else { continue };
        let fault = match &line.why {
            UnbuyableReason::NotForSale => Errors::of("product_id", NOT_FOR_SALE),
            UnbuyableReason::Short { name, .. } => {
                is_short = true;
                Errors::of("quantity", format!("{INSUFFICIENT_STOCK} for {name}"))
            }
        };
        errors.add_item("items", index, fault);
    }
    if is_short {
        errors.add("non_field_errors", INSUFFICIENT_STOCK);
    }
    errors
}

pub(super) async fn detail(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let (id, order) = reachable_order(&app, &call, &visitor)?;
    let snapshot = app.shop.store.snapshot();
    Ok(Answer::ok(&body_of(&app, &snapshot, id, order)?))
}

form! {
    /// The fields of a change of an order.
    pub(super) struct ChangedOrder {
        status: Option<OrderStatus> = optional(choice(STATES)),
        shipping_address: Option<String> = optional(address_rule()),
        billing_address: Option<String> = optional(address_rule()),
    }
}

pub(super) async fn update(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let (id, order) = reachable_order(&app, &call, &visitor)?;
    let mut form = Form::parse(&call.request)?;
    let fields = ChangedOrder::read(&mut form);
    let ChangedOrder { status, shipping_address, billing_address } = form.finish(fields)?;
    let contact = ordering::contact(&app.shop.store.snapshot(), order.customer)?;
    let email = customer_email(contact.as_ref(), &order);
    let by = visitor.caller.role;
    let customer = order.customer;
    let command =
        UpdateOrder { id, customer, by, status, shipping_address, billing_address, contact };
    let currency = app.shop.settings.currency;
    let updated = app.commit(&call, move |turn| async move {
        let order = ordering::update(&turn, command).await?;
        Ok(Answer::ok(&OrderBody::new(&order, email, currency)))
    });
    Ok(updated.await?)
}

pub(super) async fn delete(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let (id, _) = reachable_order(&app, &call, &visitor)?;
    let by = visitor.caller.role;
    let deleted = app.commit(&call, move |turn| async move {
        ordering::delete(&turn, id, by).await?;
        Ok(Answer::ok(&MessageBody { message: DELETED }))
    });
    Ok(deleted.await?)
}

/// The order in the path, if the caller may access it: their own, or any for an administrator.
pub(super) fn reachable_order(
    app: &App,
    call: &Call,
    visitor: &Visitor,
) -> Result<(OrderId, Order), Problem> {
    let id = call.id("id", OrderId::parse)?;
    let order = orders::order(&*app.shop.store.snapshot(), id)?.ok_or_else(standard::not_found)?;
    if visitor.caller.is_administrator() || order.customer == Some(visitor.id()) {
        Ok((id, order))
    } else {
        Err(Refusal::NotYourOrder.into())
    }
}

/// The address of the customer's account, otherwise the one that a guest gave. A closed account has
/// none.
pub(super) fn customer_email(account: Option<&Contact>, order: &Order) -> Option<String> {
    let of_recipient = || order.recipient.as_ref().and_then(Recipient::contact);
    account.cloned().or_else(of_recipient).map(|contact| contact.email)
}

/// An order, read from a snapshot.
pub(super) fn body_of(
    app: &App,
    snapshot: &Snapshot,
    id: OrderId,
    order: Order,
) -> Result<OrderBody, StoreError> {
    let ids: Vec<_> = order.lines.iter().map(|line| line.product).collect();
    let products = catalog::product_views(snapshot, &ids)?;
    let contact = ordering::contact(snapshot, order.customer)?;
    let email = customer_email(contact.as_ref(), &order);
    let view = OrderView { id, order, products };
    Ok(OrderBody::new(&view, email, app.shop.settings.currency))
}
