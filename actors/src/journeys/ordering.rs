//! Ordering: turns a cart or a list of lines into an order and takes the stock; cancelling reverses
//! it.

use super::shopping;
use crate::Failure;
use crate::carts::{CartOf, ClearCart};
use crate::catalog::{self, ProductView, StockMove, TakenLine};
use crate::orders::{
    self, Contact, Deleted, Order, OrderDraft, PlaceOrder, PricedLine, UpdateOrder,
};
use crate::owner::Turn;
use crate::payments;
use crate::store::{Snapshot, StoreError};
use crate::users;
use souk_domain::{
    CartLines, Money, OrderId, OrderStatus, ProductId, Quantity, Role, UnixMillis, UserId,
    price_total,
};

/// An order with the products of its lines, as the contracts show it.
#[derive(Clone, Debug)]
pub struct OrderView {
    /// Its id.
    pub id: OrderId,
    /// The order.
    pub order: Order,
    /// The current products, in the order of the lines. Products that no longer exist are left out.
    pub products: Vec<ProductView>,
}

/// Places an order for everything in a cart, and empties the cart if requested.
///
/// # Errors
/// Rejects an empty cart, lines that cannot be bought, and everything [`place`] rejects.
pub async fn checkout(
    turn: &Turn,
    cart: CartOf,
    draft: OrderDraft,
    clear_cart: bool,
) -> Result<OrderView, Failure> {
    let lines = shopping::lines_of(turn, &cart)?;
    let lines = CartLines::collect(lines.iter().map(|line| (line.product, line.quantity)))?;
    let placed = place(turn, draft, lines).await?;
    if clear_cart {
        turn.ask(ClearCart { cart }).await?;
    }
    Ok(placed)
}

/// Places an order for these lines: all of them or none.
///
/// # Errors
/// Rejects lines that cannot be bought, a total above the largest amount, and a customer who has
/// closed the account.
pub async fn place(turn: &Turn, draft: OrderDraft, lines: CartLines) -> Result<OrderView, Failure> {
    if let Some(user) = draft.customer {
        // The customer may have closed the account since the request came in.
        users::require_user(turn.unit(), user)?;
    }
    let wanted = lines.as_slice().to_vec();
    let products = turn.ask(catalog::TakeStock { lines: wanted }).await?;
    let lines = products.iter().zip(lines.as_slice()).map(priced).collect();
    let (id, order) = turn.ask(PlaceOrder { draft, lines }).await?;
    Ok(OrderView { id, order, products })
}

fn priced((view, (product, quantity)): (&ProductView, &(ProductId, Quantity))) -> PricedLine {
    PricedLine {
        product: *product,
        product_name: view.product.name.clone(),
        unit_price: view.price(),
        quantity: *quantity,
    }
}

/// What these lines would cost together if they were ordered now. Changes nothing.
///
/// # Errors
/// Rejects lines that cannot be bought, and a total above the largest amount.
pub async fn total(turn: &Turn, lines: &CartLines) -> Result<Money, Failure> {
    let wanted = lines.as_slice().to_vec();
    let quoted = catalog::quote(turn.unit(), &wanted)?;
    let quantities = lines.as_slice().iter().map(|(_, quantity)| *quantity);
    Ok(price_total(quoted.iter().map(ProductView::price).zip(quantities))?)
}

/// Changes addresses or state, and updates stock and payments accordingly.
///
/// # Errors
/// Rejects what [`souk_domain::transition`] rejects.
pub async fn update(turn: &Turn, command: UpdateOrder) -> Result<OrderView, Failure> {
    let id = command.id;
    let updated = turn.ask(command).await?;
    move_stock(turn, &updated.order, updated.stock).await?;
    if updated.order.status == OrderStatus::Cancelled {
        release_payments(turn, id).await?;
    }
    view(turn, id, updated.order).await
}

/// Cancels an order, returns its stock and refunds its payments.
///
/// # Errors
/// Rejects an order that has been shipped.
pub async fn cancel(
    turn: &Turn,
    id: OrderId,
    reason: &str,
    contact: Option<Contact>,
) -> Result<OrderView, Failure> {
    let cancelled =
        turn.ask(orders::CancelOrder { id, reason: reason.to_owned(), contact }).await?;
    move_stock(turn, &cancelled.order, cancelled.stock).await?;
    release_payments(turn, id).await?;
    view(turn, id, cancelled.order).await
}

/// Deletes an order and returns the stock that has not been shipped.
///
/// # Errors
/// Rejects a customer whose order is not pending.
pub async fn delete(turn: &Turn, id: OrderId, by: Role) -> Result<(), Failure> {
    let Deleted { order, stock, goods_have_left } =
        turn.ask(orders::DeleteOrder { id, by }).await?;
    move_stock(turn, &order, stock).await?;
    if let Some(link) = order.payment.as_ref().filter(|_| order.is_paid) {
        turn.ask(payments::ArchiveSale { id: link.payment, is_kept: goods_have_left }).await?;
    }
    if !goods_have_left {
        release_payments(turn, id).await?;
    }
    Ok(())
}

/// Deletes those of the given orders that belong to guests, were cancelled before `before` and were
/// never paid.
///
/// # Errors
/// [`Failure`] of an owner or the store.
pub async fn delete_unpaid(
    turn: &Turn,
    ids: Vec<OrderId>,
    before: UnixMillis,
) -> Result<(), Failure> {
    for id in ids {
        // Checks first instead of relying on the deletion's refusal: a refusal after the first
        // deletion would abort the turn.
        let order = orders::order(turn.unit(), id)?;
        if order.is_some_and(|order| orders::is_due_unpaid(&order, before)) {
            delete(turn, id, Role::Administrator).await?;
        }
    }
    Ok(())
}

/// Cancels an order that was not paid in time. Leaves an order alone that was paid or changed state
/// meanwhile.
///
/// # Errors
/// [`Failure`] of an owner or the store.
pub async fn expire(
    turn: &Turn,
    id: OrderId,
    now: UnixMillis,
    contact: Option<Contact>,
) -> Result<(), Failure> {
    let order = match orders::require_order(turn.unit(), id) {
        Err(Failure::Refused(_)) => return Ok(()),
        other => other?,
    };
    if order.expires_at.is_some_and(|expires_at| expires_at <= now) {
        let reason = "It was not paid in time.";
        cancel(turn, id, reason, contact).await?;
    }
    Ok(())
}

/// An order as of this turn, with its products.
///
/// # Errors
/// [`Failure`] of an owner.
pub async fn view(turn: &Turn, id: OrderId, order: Order) -> Result<OrderView, Failure> {
    let ids: Vec<_> = order.lines.iter().map(|line| line.product).collect();
    let products = catalog::product_views(turn.unit(), &ids)?;
    Ok(OrderView { id, order, products })
}

/// Moves the units of an order from one stock holding to another.
pub(super) async fn move_stock(turn: &Turn, order: &Order, step: StockMove) -> Result<(), Failure> {
    if step.from == step.to {
        return Ok(());
    }
    let lines = order.lines.iter().map(TakenLine::from).collect();
    move_stock_lines(turn, lines, step).await
}

pub(super) async fn move_stock_lines(
    turn: &Turn,
    lines: Vec<TakenLine>,
    step: StockMove,
) -> Result<(), Failure> {
    turn.ask(catalog::MoveStock { lines, step }).await
}

/// Releases the payments of a cancelled order: refunds money that was taken and closes open
/// payments.
pub(super) async fn release_payments(turn: &Turn, order: OrderId) -> Result<(), Failure> {
    turn.ask(payments::ReleasePaymentsOfOrder { order, except: None }).await
}

/// The mail recipient of a customer's order, as of the last commit.
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
