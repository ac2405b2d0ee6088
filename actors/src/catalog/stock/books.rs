//! Saves a product's stock together with the events about the change.

use crate::Failure;
use crate::catalog::Product;
use crate::catalog::product::StockRow;
use crate::catalog::stored::STOCK;
use crate::outbox::{self, Outgoing, ProductEvent};
use crate::store::{Read, StoreError, Unit};
use souk_domain::{ProductId, Stock, StockError};

/// Publishes an event about a product whose stock does not change.
pub(in crate::catalog) fn publish(
    unit: &Unit,
    id: ProductId,
    product: &Product,
    what: ProductEvent,
) -> Result<(), Failure> {
    let row = stock_of(unit, id)?;
    save_and_publish(unit, id, product, row, row.stock, &[what])
}

/// Saves the stock after units moved, and publishes the resulting events.
pub(super) fn save_moved(
    unit: &Unit,
    id: ProductId,
    product: &Product,
    row: StockRow,
    stock: Stock,
) -> Result<(), Failure> {
    let before = row.stock.sellable;
    let mut events = Vec::with_capacity(2);
    if stock.sellable != before {
        events.push(ProductEvent::StockChanged);
    }
    if stock.sellable == 0 && before > 0 {
        events.push(ProductEvent::SoldOut);
    }
    if stock.sellable > 0 && before == 0 {
        events.push(ProductEvent::BackInStock);
    }
    save_and_publish(unit, id, product, row, stock, &events)
}

fn save_and_publish(
    unit: &Unit,
    id: ProductId,
    product: &Product,
    row: StockRow,
    stock: Stock,
    events: &[ProductEvent],
) -> Result<(), Failure> {
    let mut version = row.version;
    for what in events {
        version += 1;
        let snapshot = product.snapshot(stock.sellable);
        outbox::append(unit, Outgoing::Product { product: id, version, what: *what, snapshot })?;
    }
    unit.put(STOCK, &id, &StockRow { received: row.received, stock, version })?;
    Ok(())
}

pub(super) fn stock_of(unit: &Unit, id: ProductId) -> Result<StockRow, Failure> {
    Ok(unit
        .get(STOCK, &id)?
        .ok_or(StoreError::Contradiction { what: "a product without stock" })?)
}

pub(super) fn broken_books(_: StockError) -> Failure {
    StoreError::Contradiction { what: "stock books do not add up" }.into()
}
