//! Stock: quoted, taken, given back, sold, adjusted. The arithmetic is `souk_domain::Stock`'s.

use super::queries::view;
use super::rows::{GONE, PRODUCTS, STOCK, StockRow};
use super::{Catalog, Product, ProductView};
use crate::outbox::{self, Cause, MailContent, Outgoing, ProductEvent};
use crate::owner::Command;
use crate::store::{Read, StoreError, Unit};
use crate::{Failure, users};
use souk_domain::{
    MAX_STOCK, OrderLine, ProductId, Quantity, Refusal, Stock, StockError, StockHolding, Unbuyable,
    UnbuyableLine, price_total,
};

/// Administrators that get a mail when stock is low, the first of them.
const ADMINISTRATORS_TOLD: usize = 20;

/// Takes stock for a new order, all lines or none. Publishes `product.stock_changed` and
/// `product.sold_out`, and mails the administrators if the stock gets low. Refuses every line that
/// cannot be bought, and a total that the contracts cannot print.
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
        // Everything is checked before the first write, so that a refusal leaves nothing behind.
        let mut views = quote(unit, &lines)?;
        let quantities = lines.iter().map(|(_, quantity)| *quantity);
        price_total(views.iter().map(ProductView::price).zip(quantities))?;
        for (view, (id, quantity)) in views.iter_mut().zip(&lines) {
            let row = stock_of(unit, *id)?;
            let stock = row.stock.hold(quantity.get()).map_err(broken_books)?;
            put_moved(unit, *id, &view.product, row, stock)?;
            tell_if_low(unit, *id, &view.product, row, stock, owner.low_stock_threshold)?;
            view.sellable = stock.sellable;
        }
        Ok(views)
    }
}

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
            put_moved(unit, line.product, &product, row, stock)?;
        }
        Ok(())
    }
}

/// The products of these lines as they stand in this turn. Changes nothing.
///
/// # Errors
/// Refuses every line that cannot be bought.
pub fn quote(unit: &Unit, lines: &[(ProductId, Quantity)]) -> Result<Vec<ProductView>, Failure> {
    let mut views = Vec::with_capacity(lines.len());
    let mut unbuyable = Vec::new();
    for (id, quantity) in lines {
        let view = match unit.get(PRODUCTS, id)? {
            Some(product) => Some(view(unit, *id, product, false)?),
            None => None,
        };
        match why_unbuyable(view.as_ref(), *quantity) {
            Some(why) => unbuyable.push(UnbuyableLine { product: *id, why }),
            None => views.extend(view),
        }
    }
    if unbuyable.is_empty() { Ok(views) } else { Err(Refusal::NotBuyable(unbuyable).into()) }
}

/// Why so many units of a product cannot be bought now, if they cannot.
pub(crate) fn why_unbuyable(product: Option<&ProductView>, wished: Quantity) -> Option<Unbuyable> {
    let Some(product) = product.filter(|product| product.is_for_sale()) else {
        return Some(Unbuyable::NotForSale);
    };
    let is_short = product.sellable < u64::from(wished.get());
    is_short.then(|| Unbuyable::Short {
        name: product.product.name.clone(),
        sellable: product.sellable,
    })
}

/// The books of a product after an administrator set what can be sold, or received units.
pub(super) fn adjusted(
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

/// Books what [`adjusted`] worked out.
pub(super) fn adjust(
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
    put_moved(unit, id, product, StockRow { received: adjusted.received, ..row }, adjusted.stock)?;
    tell_if_low(unit, id, product, row, adjusted.stock, low_stock_threshold)
}

/// A mail to every administrator when the stock, which was above the threshold, is not any more.
fn tell_if_low(
    unit: &Unit,
    id: ProductId,
    product: &Product,
    before: StockRow,
    stock: Stock,
    threshold: u64,
) -> Result<(), Failure> {
    if before.stock.sellable <= threshold || stock.sellable > threshold {
        return Ok(());
    }
    for (administrator, user) in users::administrators(unit, ADMINISTRATORS_TOLD)? {
        // The first of the events about this change: the next crossing has another.
        let cause = Cause::LowStock(id, before.version + 1, administrator);
        let content =
            MailContent::LowStock { product_name: product.name.clone(), sellable: stock.sellable };
        outbox::append(unit, Outgoing::Mail { cause, to: user.email.to_string(), content })?;
    }
    Ok(())
}

/// Publishes something about a product whose stock stays as it is.
pub(super) fn tell(
    unit: &Unit,
    id: ProductId,
    product: &Product,
    what: ProductEvent,
) -> Result<(), Failure> {
    let row = stock_of(unit, id)?;
    put_and_tell(unit, id, product, row, row.stock, &[what])
}

fn put_moved(
    unit: &Unit,
    id: ProductId,
    product: &Product,
    row: StockRow,
    stock: Stock,
) -> Result<(), Failure> {
    let before = row.stock.sellable;
    let mut told = Vec::with_capacity(2);
    if stock.sellable != before {
        told.push(ProductEvent::StockChanged);
    }
    if stock.sellable == 0 && before > 0 {
        told.push(ProductEvent::SoldOut);
    }
    if stock.sellable > 0 && before == 0 {
        told.push(ProductEvent::BackInStock);
    }
    put_and_tell(unit, id, product, row, stock, &told)
}

fn put_and_tell(
    unit: &Unit,
    id: ProductId,
    product: &Product,
    row: StockRow,
    stock: Stock,
    told: &[ProductEvent],
) -> Result<(), Failure> {
    let mut version = row.version;
    for what in told {
        version += 1;
        let snapshot = product.snapshot(stock.sellable);
        outbox::append(unit, Outgoing::Product { product: id, version, what: *what, snapshot })?;
    }
    unit.put(STOCK, &id, &StockRow { received: row.received, stock, version })?;
    Ok(())
}

fn stock_of(unit: &Unit, id: ProductId) -> Result<StockRow, Failure> {
    Ok(unit
        .get(STOCK, &id)?
        .ok_or(StoreError::Contradiction { what: "a product without stock" })?)
}

fn broken_books(_: StockError) -> Failure {
    StoreError::Contradiction { what: "stock books do not add up" }.into()
}
