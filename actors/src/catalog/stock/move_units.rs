//! Giving stock back, or counting it as sold.

use super::books::{broken_books, save_moved, stock_of};
use crate::Failure;
use crate::catalog::Catalog;
use crate::catalog::stored::{GONE, PRODUCTS};
use crate::owner::Command;
use crate::store::{Read, Unit};
use souk_domain::{OrderLine, ProductId, Quantity, StockError, StockHolding};

/// Books units of an order from one place to another: gives them back, or counts them as sold.
/// Publishes `product.stock_changed`, and `product.back_in_stock` for a product that was sold out.
#[derive(Clone, Debug)]
pub struct MoveStock {
    /// The lines of the order.
    pub lines: Vec<TakenLine>,
    /// From where to where they are booked.
    pub step: StockMove,
}

/// A line of an order, as far as stock cares.
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

/// Where units of an order are booked from and to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StockMove {
    /// Where the order had them.
    pub from: StockHolding,
    /// Where it has them now.
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
