//! Returning stock, or counting it as sold.

use super::books::{broken_books, save_moved, stock_of};
use crate::Failure;
use crate::catalog::Catalog;
use crate::catalog::stored::{GONE, PRODUCTS};
use crate::owner::Command;
use crate::store::{Read, Unit};
use souk_domain::{OrderLine, ProductId, Quantity, StockError, StockHolding};

/// Moves units of an order from one holding to another: returns them, or counts them as sold.
/// Publishes `product.stock_changed`, and `product.back_in_stock` for a product that was sold out.
#[derive(Clone, Debug)]
pub struct MoveStock {
    /// The lines of the order.
    pub lines: Vec<TakenLine>,
    /// The holdings they move between.
    pub step: StockMove,
}

/// The product and quantity of an order line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenLine {
    /// The product.
    pub product: ProductId,
    /// How many units.
    pub quantity: Quantity,
}

impl From<&OrderLine> for TakenLine {
    fn from(line: &OrderLine) -> Self {
        Self { product: line.product, quantity: line.quantity }
    }
}

/// The holdings that an order's units move between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StockMove {
    /// The holding before.
    pub from: StockHolding,
    /// The holding after.
    pub to: StockHolding,
}

impl Command for MoveStock {
    type Owner = Catalog;
    type Reply = ();

    fn apply(self, unit: &Unit, _: &Catalog) -> Result<(), Failure> {
        let Self { lines, step } = self;
        for line in lines {
            let row = stock_of(unit, line.product)?;
            let units = line.quantity.get();
            let stock = match (step.from, step.to) {
                (StockHolding::Held, StockHolding::Sold) => row.stock.sell(units),
                (StockHolding::Held, StockHolding::Released) => row.stock.release_held(units),
                (StockHolding::Sold, StockHolding::Released) => row.stock.release_sold(units),
                (StockHolding::Held, StockHolding::Held)
                | (StockHolding::Sold, StockHolding::Sold)
                | (StockHolding::Released, StockHolding::Released) => continue,
                (StockHolding::Sold, StockHolding::Held) | (StockHolding::Released, _) => {
                    Err(StockError::Broken)
                }
            }
            .map_err(broken_books)?;
            let product = match unit.get(PRODUCTS, &line.product)? {
                Some(product) => product,
                None => unit
                    .get(GONE, &line.product)?
                    .ok_or_else(|| broken_books(StockError::Broken))?,
            };
            save_moved(unit, line.product, &product, row, stock)?;
        }
        Ok(())
    }
}
