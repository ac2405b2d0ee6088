//! Adds or removes one unit of a pending order: its lines, its stock, its total.

use super::ordering::{OrderView, move_stock_lines, release_payments, view};
use crate::Failure;
use crate::catalog::{self, ProductView, StockMove, TakenLine};
use crate::orders::{self, Order};
use crate::owner::Turn;
use souk_domain::{
    AddedUnit, Missing, OrderId, OrderLineId, ProductId, Quantity, Refusal, StockHolding,
    require_changeable, with_unit,
};

/// Adds one unit at its current price and takes it from the stock.
///
/// # Errors
/// Rejects an order that is not pending, a product that cannot be bought now, and an order that
/// would exceed its limits.
pub async fn add_unit(turn: &Turn, id: OrderId, product: ProductId) -> Result<OrderView, Failure> {
    let order = show(turn, id).await?;
    require_changeable(order.status, order.is_paid)?;
    let lines = vec![(product, Quantity::ONE)];
    let quoted = catalog::quote(turn.unit(), &lines)?;
    let added = quoted.first().map(added_unit).ok_or(Refusal::NotFound(Missing::Product))?;
    // Checked before the stock is taken, so that nothing is rejected after a write; the line id is
    // a placeholder.
    with_unit(&order.lines, &added, OrderLineId::new(1).expect("1 is an id"))?;

    let lines = vec![(product, Quantity::ONE)];
    turn.ask(catalog::TakeStock { lines }).await?;
    let order = turn.ask(orders::AddOrderUnit { id, added }).await?;
    release_old_payments(turn, id, &order).await?;
    view(turn, id, order).await
}

fn added_unit(view: &ProductView) -> AddedUnit {
    let product_name = view.product.name.clone();
    AddedUnit { product: view.id, product_name, unit_price: view.price() }
}

/// Removes one unit and returns it to the stock.
///
/// # Errors
/// Rejects an order that is not pending, a product that is not in it, and removing its last unit.
pub async fn remove_unit(
    turn: &Turn,
    id: OrderId,
    product: ProductId,
) -> Result<OrderView, Failure> {
    let order = turn.ask(orders::RemoveOrderUnit { id, product }).await?;
    let lines = vec![TakenLine { product, quantity: Quantity::ONE }];
    let step = StockMove { from: StockHolding::Held, to: StockHolding::Released };
    move_stock_lines(turn, lines, step).await?;
    release_old_payments(turn, id, &order).await?;
    view(turn, id, order).await
}

/// Releases payments that were started for another amount.
async fn release_old_payments(turn: &Turn, id: OrderId, after: &Order) -> Result<(), Failure> {
    match after.payment {
        Some(_) => Ok(()),
        None => release_payments(turn, id).await,
    }
}

async fn show(turn: &Turn, id: OrderId) -> Result<Order, Failure> {
    orders::require_order(turn.unit(), id)
}
