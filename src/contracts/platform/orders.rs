//! 3.1 to 3.4: orders.

use super::refusals::{NOT_FOR_SALE, Problem, unbuyable};
use super::wire::{OrderBody, StatusBody};
use crate::app::{App, Visitor};
use crate::edge::form::{Rule, id, integer, money, objects, text};
use crate::edge::{Answer, Call, Errors, Form, standard};
use souk_actors::Failure;
use souk_actors::journeys::ordering::{self, Delivery};
use souk_actors::orders::{Order, UpdateOrder};
use souk_actors::users;
use souk_domain::{
    CartLines, Currency, MAX_CART_LINES, MAX_LINE_QUANTITY, Money, OrderId, OrderStatus, ProductId,
    Quantity, Refusal, Role, Unbuyable, UnbuyableLine, UserId,
};
use std::sync::Arc;

const STATUS_CHARACTERS_MAX: usize = 100;

pub(super) async fn create(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let currency = app.shop.settings.currency;
    let mut form = Form::parse(&call.request)?;
    let user = form.required("user_id", id(UserId::new));
    let items = form.required("items", objects(MAX_CART_LINES, read_item));
    let claimed = form.required("total_price", money(currency));
    app.note_items_not_for_sale(&mut form, NOT_FOR_SALE)?;
    let (user, items, claimed) = form.finish((user, items, claimed))?;
    let delivery = delivery_for(&app, &visitor, user)?;
    let lines = CartLines::collect(items.iter().copied())?;
    let owners = Arc::clone(&app.shop.owners);
    let placed = app.commit(&call, move |unit| {
        let (owners, delivery, lines) = (Arc::clone(&owners), delivery.clone(), lines.clone());
        async move {
            // Before any stock is taken: nobody is believed about money.
            let total = ordering::total(&owners, &unit, &lines).await?;
            if total != claimed {
                return Ok(wrong_total(total, currency).into());
            }
            let placed = ordering::place(&owners, &unit, delivery, lines).await?;
            Ok(Answer::created(&OrderBody::new(placed.id, &placed.order, currency)))
        }
    });
    placed.await.map_err(|failure| match failure {
        Failure::Refused(Refusal::NotBuyable(lines)) => not_buyable(&items, &lines).into(),
        failure => failure.into(),
    })
}

fn read_item(mut form: Form<'_>) -> Result<(ProductId, Quantity), Errors> {
    let product = form.required("product_id", id(ProductId::new));
    let range = 1..=i64::from(MAX_LINE_QUANTITY);
    let quantity = form.required(
        "quantity",
        integer(range).then(|units| {
            u32::try_from(units).ok().and_then(Quantity::new).ok_or("A valid integer is required.")
        }),
    );
    form.finish((product, quantity))
}

/// People order for themselves; an administrator orders for anybody.
fn delivery_for(app: &App, visitor: &Visitor, user: UserId) -> Result<Delivery, Problem> {
    if user == visitor.id() {
        return Ok(app.delivery_without_address(user, &visitor.user));
    }
    if !visitor.caller.is_administrator() {
        return Err(standard::forbidden().into());
    }
    let row = users::user(&*app.shop.store.snapshot(), user)?.ok_or_else(|| {
        Errors::of("user_id", format!("Invalid pk \"{user}\" - object does not exist."))
    })?;
    Ok(app.delivery_without_address(user, &row))
}

fn wrong_total(total: Money, currency: Currency) -> Errors {
    Errors::of("total_price", format!("The total is {}.", currency.format(total)))
}

/// Every item that cannot be bought, at its place in the request.
fn not_buyable(items: &[(ProductId, Quantity)], lines: &[UnbuyableLine]) -> Errors {
    let mut errors = Errors::new();
    for (index, (product, _)) in items.iter().enumerate() {
        let Some(line) = lines.iter().find(|line| line.product == *product) else { continue };
        let item = match &line.why {
            Unbuyable::NotForSale => Errors::of("product_id", NOT_FOR_SALE),
            why @ Unbuyable::Short { .. } => Errors::of("quantity", unbuyable(why)),
        };
        errors.add_item("items", index, item);
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
    let status = form.required("status", text(STATUS_CHARACTERS_MAX).then(read_status));
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
    let owners = Arc::clone(&app.shop.owners);
    let updated = app.commit(&call, move |unit| {
        let (owners, command) = (Arc::clone(&owners), command.clone());
        async move {
            let updated = ordering::update(&owners, &unit, command).await?;
            Ok(Answer::ok(&StatusBody::new(id, &updated.order)))
        }
    });
    Ok(updated.await?)
}

fn read_status(word: String) -> Result<OrderStatus, String> {
    OrderStatus::from_word(&word).ok_or_else(|| format!("\"{word}\" is not a valid choice."))
}

/// Customers too, as long as the goods are in the house.
pub(super) async fn cancel(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let (id, order) = visible_order(&app, &call, &visitor)?;
    let contact = ordering::contact(&app.shop.store.snapshot(), order.customer)?;
    let owners = Arc::clone(&app.shop.owners);
    let cancelled = app.commit(&call, move |unit| {
        let (owners, contact) = (Arc::clone(&owners), contact.clone());
        async move {
            ordering::cancel(&owners, &unit, id, "", contact).await?;
            Ok(Answer::no_content())
        }
    });
    Ok(cancelled.await?)
}

/// The order in the path, if the caller may see it.
fn visible_order(app: &App, call: &Call, visitor: &Visitor) -> Result<(OrderId, Order), Problem> {
    let id = call.id("order_id", OrderId::parse)?;
    let order = app.visible_order(visitor, id)?.ok_or_else(standard::not_found)?;
    Ok((id, order))
}
