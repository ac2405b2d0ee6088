//! Stock changes by administrators: setting the sellable units, or receiving units.

use super::books::{save_moved, stock_of};
use super::low::mail_if_low;
use crate::Failure;
use crate::catalog::Product;
use crate::catalog::product::StockRow;
use crate::store::Unit;
use souk_domain::{MAX_STOCK, ProductId, Refusal, Stock};

/// The stock after an administrator sets the sellable units or receives units.
pub(in crate::catalog) fn adjusted(
    unit: &Unit,
    id: ProductId,
    sellable: Option<u64>,
    received: Option<u64>,
) -> Result<StockRow, Failure> {
    let row = stock_of(unit, id)?;
    let wanted = sellable.unwrap_or(row.stock.sellable).saturating_add(received.unwrap_or(0));
    if wanted > MAX_STOCK {
        return Err(Refusal::StockTooLarge.into());
    }
    let stock = Stock { sellable: wanted, ..row.stock };
    Ok(StockRow { received: stock.received(), stock, version: row.version })
}

/// Saves the result of [`adjusted`].
pub(in crate::catalog) fn adjust(
    unit: &Unit,
    id: ProductId,
    product: &Product,
    adjusted: StockRow,
    low_stock_threshold: u64,
) -> Result<(), Failure> {
    let row = stock_of(unit, id)?;
    if row.stock == adjusted.stock {
        return Ok(());
    }
    save_moved(unit, id, product, StockRow { received: adjusted.received, ..row }, adjusted.stock)?;
    mail_if_low(unit, id, product, row, adjusted.stock, low_stock_threshold)
}
