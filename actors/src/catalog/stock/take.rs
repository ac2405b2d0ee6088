//! Taking stock for an order.

use super::books::{broken_books, save_moved, stock_of};
use super::low::mail_if_low;
use super::quote::quote;
use crate::Failure;
use crate::catalog::{Catalog, ProductView};
use crate::owner::Command;
use crate::store::Unit;
use souk_domain::{ProductId, Quantity, price_total};

/// Takes stock for a new order, all lines or none. Publishes `product.stock_changed` and
/// `product.sold_out`, and mails the administrators if the stock gets low. Rejects every line that
/// cannot be bought, and a total that the contracts cannot represent.
#[derive(Clone, Debug)]
pub struct TakeStock {
    /// The products and how many units of each; each product once.
    pub lines: Vec<(ProductId, Quantity)>,
}

impl Command for TakeStock {
    type Owner = Catalog;
    type Reply = Vec<ProductView>;

    fn apply(self, unit: &Unit, owner: &Catalog) -> Result<Vec<ProductView>, Failure> {
        let Self { lines } = self;
        // All checks come before the first write, so that a refusal changes nothing.
        let mut views = quote(unit, &lines)?;
        let quantities = lines.iter().map(|(_, quantity)| *quantity);
        price_total(views.iter().map(ProductView::price).zip(quantities))?;
        for (view, (id, quantity)) in views.iter_mut().zip(&lines) {
            let row = stock_of(unit, *id)?;
            let stock = row.stock.hold(quantity.get()).map_err(broken_books)?;
            save_moved(unit, *id, &view.product, row, stock)?;
            mail_if_low(unit, *id, &view.product, row, stock, owner.low_stock_threshold)?;
            view.sellable = stock.sellable;
        }
        Ok(views)
    }
}
