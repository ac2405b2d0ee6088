//! One unit more or less in a pending order: its lines, its stock, its total.

use super::ordering::{OrderView, let_go_of_payments, move_stock_lines, view};
use crate::Failure;
use crate::catalog::{CatalogMessage, ProductView, StockMove, TakenLine};
use crate::orders::{Order, OrdersMessage};
use crate::store::Unit;
use crate::supervision::Owners;
use souk_domain::{
    AddedUnit, Missing, OrderId, OrderLineId, ProductId, Quantity, Refusal, StockHolding,
    require_changeable, with_unit,
};

/// Adds one unit at its price of now and takes it from the stock.
///
/// # Errors
/// Refuses an order that is not pending, a product that cannot be bought now, and an order that
/// would grow past its bounds.
pub async fn add_unit(
    owners: &Owners,
    unit: &Unit,
    id: OrderId,
    product: ProductId,
) -> Result<OrderView, Failure> {
    let order = show(owners, unit, id).await?;
    require_changeable(order.status, order.is_paid)?;
    let lines = vec![(product, Quantity::ONE)];
    let quote = |reply_to| CatalogMessage::Quote { unit: unit.clone(), lines, reply_to };
    let quoted = owners.catalog.ask(quote).await?;
    let added = quoted.first().map(added_unit).ok_or(Refusal::NotFound(Missing::Product))?;
    // What would be refused after the stock was taken is refused before; the id is a stand-in.
    with_unit(&order.lines, &added, OrderLineId::new(1).expect("1 is an id"))?;

    let lines = vec![(product, Quantity::ONE)];
    let take = |reply_to| CatalogMessage::TakeStock { unit: unit.clone(), lines, reply_to };
    owners.catalog.ask(take).await?;
    let order = owners
        .orders
        .ask(|reply_to| OrdersMessage::AddUnit { unit: unit.clone(), id, added, reply_to })
        .await?;
    let_go_of_old_payments(owners, unit, id, &order).await?;
    view(owners, unit, id, order).await
}

fn added_unit(view: &ProductView) -> AddedUnit {
    let product_name = view.product.name.clone();
    AddedUnit { product: view.id, product_name, unit_price: view.price() }
}

/// Takes one unit out and gives it back to the stock.
///
/// # Errors
/// Refuses an order that is not pending, a product that is not in it, and its last unit.
pub async fn remove_unit(
    owners: &Owners,
    unit: &Unit,
    id: OrderId,
    product: ProductId,
) -> Result<OrderView, Failure> {
    let order = owners
        .orders
        .ask(|reply_to| OrdersMessage::RemoveUnit { unit: unit.clone(), id, product, reply_to })
        .await?;
    let lines = vec![TakenLine { product, quantity: Quantity::ONE }];
    let step = StockMove { from: StockHolding::Held, to: StockHolding::Released };
    move_stock_lines(owners, unit, lines, step).await?;
    let_go_of_old_payments(owners, unit, id, &order).await?;
    view(owners, unit, id, order).await
}

/// What was started for another amount can be paid no more.
async fn let_go_of_old_payments(
    owners: &Owners,
    unit: &Unit,
    id: OrderId,
    after: &Order,
) -> Result<(), Failure> {
    match after.payment {
        Some(_) => Ok(()),
        None => let_go_of_payments(owners, unit, id).await,
    }
}

async fn show(owners: &Owners, unit: &Unit, id: OrderId) -> Result<Order, Failure> {
    let show = |reply_to| OrdersMessage::Show { unit: unit.clone(), id, reply_to };
    owners.orders.ask(show).await
}
