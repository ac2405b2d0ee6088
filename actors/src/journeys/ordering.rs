//! Ordering: from a cart or a list to an order whose stock is taken; and back.

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
    /// The products as they are now, in the order of the lines; a product that is unknown by now
    /// is left out.
    pub products: Vec<ProductView>,
}

/// Makes an order of all that is in a cart, and empties the cart if asked to.
///
/// # Errors
/// Refuses an empty cart, the lines that cannot be bought, and whatever [`place`] refuses.
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

/// Makes an order of these lines: all of them or none.
///
/// # Errors
/// Refuses the lines that cannot be bought, a total past the largest amount, and a customer who has
/// closed their account.
pub async fn place(turn: &Turn, draft: OrderDraft, lines: CartLines) -> Result<OrderView, Failure> {
    if let Some(user) = draft.customer {
        // Whoever closed their account since the request came in leaves no order behind.
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
/// Refuses the lines that cannot be bought, and a total past the largest amount.
pub async fn total(turn: &Turn, lines: &CartLines) -> Result<Money, Failure> {
    let wanted = lines.as_slice().to_vec();
    let quoted = catalog::quote(turn.unit(), &wanted)?;
    let quantities = lines.as_slice().iter().map(|(_, quantity)| *quantity);
    Ok(price_total(quoted.iter().map(ProductView::price).zip(quantities))?)
}

/// Changes addresses or state, and books what that means for stock and money.
///
/// # Errors
/// Refuses what the rules of [`souk_domain::step`] do.
pub async fn update(turn: &Turn, command: UpdateOrder) -> Result<OrderView, Failure> {
    let id = command.id;
    let updated = turn.ask(command).await?;
    move_stock(turn, &updated.order, updated.stock).await?;
    if updated.order.status == OrderStatus::Cancelled {
        release_payments(turn, id).await?;
    }
    view(turn, id, updated.order).await
}

/// Calls an order off and gives everything back.
///
/// # Errors
/// Refuses an order that has left the house.
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

/// Deletes an order and gives back what has not left the house.
///
/// # Errors
/// Refuses a customer whose order is not pending.
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

/// Deletes those of these orders that are a guest's, were cancelled before `before` and never paid.
///
/// # Errors
/// [`Failure`] of an owner or the store.
pub async fn delete_unpaid(
    turn: &Turn,
    ids: Vec<OrderId>,
    before: UnixMillis,
) -> Result<(), Failure> {
    for id in ids {
        // Read here and not asked for: a refusal after the first deletion would end the turn badly.
        let order = orders::order(turn.unit(), id)?;
        if order.is_some_and(|order| orders::is_due_unpaid(&order, before)) {
            delete(turn, id, Role::Administrator).await?;
        }
    }
    Ok(())
}

/// Calls off an order that was not paid in time; one that was paid or moved meanwhile is left.
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

/// An order as it stands in this turn, with its products.
///
/// # Errors
/// [`Failure`] of an owner.
pub async fn view(turn: &Turn, id: OrderId, order: Order) -> Result<OrderView, Failure> {
    let ids: Vec<_> = order.lines.iter().map(|line| line.product).collect();
    let products = catalog::product_views(turn.unit(), &ids)?;
    Ok(OrderView { id, order, products })
}

/// Books the units of an order from one holding to another.
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

/// An order that is called off needs no payment: what was taken goes back, what is open is closed.
pub(super) async fn release_payments(turn: &Turn, order: OrderId) -> Result<(), Failure> {
    turn.ask(payments::ReleasePaymentsOfOrder { order, except: None }).await
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
