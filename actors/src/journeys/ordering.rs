//! Ordering: from a cart or a list to an order whose stock is taken; and back.

use super::buying::Buyer;
use crate::Failure;
use crate::carts::CartsMessage;
use crate::catalog::{CatalogMessage, ProductView, StockMove, TakenLine};
use crate::orders::{self, Contact, Deleted, Order, OrdersMessage, PlaceOrder, UpdateOrder};
use crate::payments::PaymentsMessage;
use crate::store::{Snapshot, StoreError, Unit};
use crate::supervision::Owners;
use crate::users::{self, UsersMessage};
use souk_domain::{CartLines, Money, OrderId, OrderStatus, Role, UnixMillis, UserId, price_total};
use std::time::Duration;

/// An order with the products of its lines, as the contracts show it.
#[derive(Clone, Debug)]
pub struct OrderView {
    /// Its id.
    pub id: OrderId,
    /// The order.
    pub order: Order,
    /// The products as they are now, in the order of the lines; a product that is unknown by now
    /// is left out.
    pub products: Vec<ProductView>,
}

/// Who orders, and where it goes.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The customer.
    pub customer: UserId,
    /// Whom to mail.
    pub contact: Contact,
    /// Where the goods go.
    pub shipping_address: String,
    /// Where the bill goes.
    pub billing_address: String,
    /// How long the order may stay unpaid.
    pub time_to_live: Duration,
}

/// Makes an order of all that is in the customer's cart, and empties the cart if asked to.
///
/// # Errors
/// Refuses an empty cart, and the first line that cannot be bought.
pub async fn checkout(
    owners: &Owners,
    unit: &Unit,
    delivery: Delivery,
    clear_cart: bool,
) -> Result<OrderView, Failure> {
    let user = delivery.customer;
    let (_, cart) = owners
        .carts
        .ask(|reply_to| CartsMessage::Show { unit: unit.clone(), user, reply_to })
        .await?;
    let lines = CartLines::collect(cart.lines.iter().map(|line| (line.product, line.quantity)))?;
    let placed = place(owners, unit, delivery, lines).await?;
    if clear_cart {
        owners
            .carts
            .ask(|reply_to| CartsMessage::Clear { unit: unit.clone(), user, reply_to })
            .await?;
    }
    Ok(placed)
}

/// Makes an order of these lines: all of them or none.
///
/// # Errors
/// Refuses the first line that cannot be bought, a total past the largest amount, and a customer
/// who has closed their account.
pub async fn place(
    owners: &Owners,
    unit: &Unit,
    buyer: impl Into<Buyer>,
    lines: CartLines,
) -> Result<OrderView, Failure> {
    let buyer = buyer.into();
    if let Some(user) = buyer.customer {
        // Whoever closed their account since the request came in leaves no order behind.
        let show = |reply_to| UsersMessage::Show { unit: unit.clone(), user, reply_to };
        owners.users.ask(show).await?;
    }
    let wanted = lines.as_slice().to_vec();
    let take = |reply_to| CatalogMessage::TakeStock { unit: unit.clone(), lines: wanted, reply_to };
    let products = owners.catalog.ask(take).await?;
    let priced = |(view, (id, quantity)): (&ProductView, &_)| {
        (*id, view.product.name.clone(), view.price(), *quantity)
    };
    let command = Box::new(PlaceOrder {
        customer: buyer.customer,
        guest: buyer.guest,
        recipient: buyer.recipient,
        contact: buyer.contact,
        lines: products.iter().zip(lines.as_slice()).map(priced).collect(),
        shipping_address: buyer.shipping_address,
        billing_address: buyer.billing_address,
        time_to_live: buyer.time_to_live,
    });
    let (id, order) = owners
        .orders
        .ask(|reply_to| OrdersMessage::Place { unit: unit.clone(), command, reply_to })
        .await?;
    Ok(OrderView { id, order, products })
}

/// What these lines would cost together if they were ordered now. Changes nothing.
///
/// # Errors
/// Refuses the lines that cannot be bought, and a total past the largest amount.
pub async fn total(owners: &Owners, unit: &Unit, lines: &CartLines) -> Result<Money, Failure> {
    let wanted = lines.as_slice().to_vec();
    let quote = |reply_to| CatalogMessage::Quote { unit: unit.clone(), lines: wanted, reply_to };
    let quoted = owners.catalog.ask(quote).await?;
    let quantities = lines.as_slice().iter().map(|(_, quantity)| *quantity);
    Ok(price_total(quoted.iter().map(ProductView::price).zip(quantities))?)
}

/// Changes addresses or state, and books what that means for stock and money.
///
/// # Errors
/// Refuses what the rules of [`souk_domain::step`] do.
pub async fn update(
    owners: &Owners,
    unit: &Unit,
    command: UpdateOrder,
) -> Result<OrderView, Failure> {
    let id = command.id;
    let command = Box::new(command);
    let updated = owners
        .orders
        .ask(|reply_to| OrdersMessage::Update { unit: unit.clone(), command, reply_to })
        .await?;
    move_stock(owners, unit, &updated.order, updated.stock).await?;
    if updated.order.status == OrderStatus::Cancelled {
        let_go_of_payments(owners, unit, id).await?;
    }
    view(owners, unit, id, updated.order).await
}

/// Calls an order off and gives everything back.
///
/// # Errors
/// Refuses an order that has left the house.
pub async fn cancel(
    owners: &Owners,
    unit: &Unit,
    id: OrderId,
    reason: &str,
    contact: Option<Contact>,
) -> Result<OrderView, Failure> {
    let cancel = |reply_to| OrdersMessage::Cancel {
        unit: unit.clone(),
        id,
        reason: reason.to_owned(),
        contact,
        reply_to,
    };
    let cancelled = owners.orders.ask(cancel).await?;
    move_stock(owners, unit, &cancelled.order, cancelled.stock).await?;
    let_go_of_payments(owners, unit, id).await?;
    view(owners, unit, id, cancelled.order).await
}

/// Deletes an order and gives back what has not left the house.
///
/// # Errors
/// Refuses a customer whose order is not pending.
pub async fn delete(owners: &Owners, unit: &Unit, id: OrderId, by: Role) -> Result<(), Failure> {
    let Deleted { order, stock, goods_have_left } = owners
        .orders
        .ask(|reply_to| OrdersMessage::Delete { unit: unit.clone(), id, by, reply_to })
        .await?;
    move_stock(owners, unit, &order, stock).await?;
    if let Some(link) = order.payment.as_ref().filter(|_| order.is_paid) {
        let archive = |reply_to| PaymentsMessage::ArchiveSale {
            unit: unit.clone(),
            id: link.payment,
            is_kept: goods_have_left,
            reply_to,
        };
        owners.payments.ask(archive).await?;
    }
    if !goods_have_left {
        let_go_of_payments(owners, unit, id).await?;
    }
    Ok(())
}

/// Deletes those of these orders that are a guest's, were cancelled before `before` and never paid.
///
/// # Errors
/// [`Failure`] of an owner or the store.
pub async fn delete_unpaid(
    owners: &Owners,
    unit: &Unit,
    ids: Vec<OrderId>,
    before: UnixMillis,
) -> Result<(), Failure> {
    for id in ids {
        // Read here and not asked for: a refusal after the first deletion would end the turn badly.
        let order = orders::order(unit, id)?;
        if order.is_some_and(|order| orders::is_due_unpaid(&order, before)) {
            delete(owners, unit, id, Role::Administrator).await?;
        }
    }
    Ok(())
}

/// Calls off an order that was not paid in time; one that was paid or moved meanwhile is left.
///
/// # Errors
/// [`Failure`] of an owner or the store.
pub async fn expire(
    owners: &Owners,
    unit: &Unit,
    id: OrderId,
    now: UnixMillis,
    contact: Option<Contact>,
) -> Result<(), Failure> {
    let show = |reply_to| OrdersMessage::Show { unit: unit.clone(), id, reply_to };
    let order = match owners.orders.ask(show).await {
        Err(Failure::Refused(_)) => return Ok(()),
        other => other?,
    };
    if order.expires_at.is_some_and(|expires_at| expires_at <= now) {
        let reason = "It was not paid in time.";
        cancel(owners, unit, id, reason, contact).await?;
    }
    Ok(())
}

/// An order as it stands in this turn, with its products.
///
/// # Errors
/// [`Failure`] of an owner.
pub async fn view(
    owners: &Owners,
    unit: &Unit,
    id: OrderId,
    order: Order,
) -> Result<OrderView, Failure> {
    let ids = order.lines.iter().map(|line| line.product).collect();
    let describe = |reply_to| CatalogMessage::Describe { unit: unit.clone(), ids, reply_to };
    let products = owners.catalog.ask(describe).await?;
    Ok(OrderView { id, order, products })
}

/// Books the units of an order from one place to another.
pub(super) async fn move_stock(
    owners: &Owners,
    unit: &Unit,
    order: &Order,
    step: StockMove,
) -> Result<(), Failure> {
    if step.from == step.to {
        return Ok(());
    }
    let lines = order.lines.iter().map(TakenLine::from).collect();
    move_stock_lines(owners, unit, lines, step).await
}

pub(super) async fn move_stock_lines(
    owners: &Owners,
    unit: &Unit,
    lines: Vec<TakenLine>,
    step: StockMove,
) -> Result<(), Failure> {
    let move_stock =
        |reply_to| CatalogMessage::MoveStock { unit: unit.clone(), lines, step, reply_to };
    owners.catalog.ask(move_stock).await
}

/// An order that is called off needs no payment: what was taken goes back, what is open is closed.
pub(super) async fn let_go_of_payments(
    owners: &Owners,
    unit: &Unit,
    order: OrderId,
) -> Result<(), Failure> {
    let let_go = |reply_to| PaymentsMessage::LetGoOfOrder {
        unit: unit.clone(),
        order,
        except: None,
        reply_to,
    };
    owners.payments.ask(let_go).await
}

/// Whom to mail about a customer's order, as of the last commit.
///
/// # Errors
/// [`StoreError`].
pub fn contact(
    snapshot: &Snapshot,
    customer: Option<UserId>,
) -> Result<Option<Contact>, StoreError> {
    let Some(customer) = customer else { return Ok(None) };
    Ok(users::user(snapshot, customer)?
        .map(|user| Contact { email: user.email.to_string(), name: user.full_name() }))
}
