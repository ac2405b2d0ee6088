//! Adding or removing one unit of a product in a pending order (contracts README, "Orders").

use crate::{
    MAX_CART_LINES, Missing, Money, OrderAction, OrderLine, OrderLineId, OrderStatus, ProductId,
    Quantity, Refusal, order_total,
};

/// A product to add to an order, with its current name and customer price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedUnit {
    /// The product's id.
    pub product: ProductId,
    /// The product's name.
    pub product_name: String,
    /// The price of one unit.
    pub unit_price: Money,
}

/// Allows changes of the lines only for a pending order that is not paid.
///
/// # Errors
/// [`Refusal::OrderNotPending`].
pub fn require_changeable(status: OrderStatus, is_paid: bool) -> Result<(), Refusal> {
    if status == OrderStatus::Pending && !is_paid {
        Ok(())
    } else {
        Err(Refusal::OrderNotPending { action: OrderAction::Update })
    }
}

/// The lines with one unit more. Existing units keep their price, so a product whose price or name
/// has changed gets a line of its own, with the id `new_line`.
///
/// # Errors
/// [`Refusal::QuantityTooLarge`], [`Refusal::TooManyLines`] or [`Refusal::TotalTooLarge`].
pub fn with_unit(
    lines: &[OrderLine],
    unit: &AddedUnit,
    new_line: OrderLineId,
) -> Result<Vec<OrderLine>, Refusal> {
    let mut lines = lines.to_vec();
    let same = |line: &&mut OrderLine| {
        line.product == unit.product
            && line.unit_price == unit.unit_price
            && line.product_name == unit.product_name
    };
    if let Some(line) = lines.iter_mut().find(same) {
        let product = unit.product;
        line.quantity =
            line.quantity.plus(Quantity::ONE).ok_or(Refusal::QuantityTooLarge { product })?;
    } else if lines.len() >= MAX_CART_LINES {
        return Err(Refusal::TooManyLines);
    } else {
        lines.push(OrderLine {
            id: new_line,
            product: unit.product,
            product_name: unit.product_name.clone(),
            unit_price: unit.unit_price,
            quantity: Quantity::ONE,
        });
    }
    order_total(&lines)?;
    Ok(lines)
}

/// The lines with one unit less of a product, taken from the line that was added last.
///
/// # Errors
/// [`Refusal::NotFound`] if the product is not in the order; [`Refusal::CartEmpty`] for its last
/// unit, because an order must have lines.
pub fn without_unit(lines: &[OrderLine], product: ProductId) -> Result<Vec<OrderLine>, Refusal> {
    let index = lines
        .iter()
        .rposition(|line| line.product == product)
        .ok_or(Refusal::NotFound(Missing::OrderLine))?;
    let mut lines = lines.to_vec();
    match Quantity::new(lines[index].quantity.get() - 1) {
        Some(left) => lines[index].quantity = left,
        None => {
            lines.remove(index);
        }
    }
    if lines.is_empty() { Err(Refusal::CartEmpty) } else { Ok(lines) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(number: u64) -> ProductId {
        ProductId::new(number).expect("positive")
    }

    fn id(number: u64) -> OrderLineId {
        OrderLineId::new(number).expect("positive")
    }

    fn unit(number: u64, price: i64) -> AddedUnit {
        let unit_price = Money::from_minor_units(price);
        AddedUnit { product: product(number), product_name: "Lamp".to_owned(), unit_price }
    }

    fn summed(lines: &[OrderLine]) -> Vec<(u64, i64, u32)> {
        let sum = |line: &OrderLine| {
            (line.product.get(), line.unit_price.minor_units(), line.quantity.get())
        };
        lines.iter().map(sum).collect()
    }

    #[test]
    fn a_unit_joins_the_line_with_its_price_or_starts_a_new_one() {
        let one = with_unit(&[], &unit(1, 1000), id(1)).expect("room");
        let two = with_unit(&one, &unit(1, 1000), id(2)).expect("room");
        assert_eq!(summed(&two), [(1, 1000, 2)]);
        let dearer = with_unit(&two, &unit(1, 1200), id(2)).expect("room");
        assert_eq!(summed(&dearer), [(1, 1000, 2), (1, 1200, 1)]);
        let other = with_unit(&dearer, &unit(2, 1000), id(3)).expect("room");
        assert_eq!(summed(&other), [(1, 1000, 2), (1, 1200, 1), (2, 1000, 1)]);
    }

    #[test]
    fn a_unit_leaves_the_line_that_came_last_and_never_the_order_empty() {
        let lines = with_unit(&[], &unit(1, 1000), id(1)).expect("room");
        let lines = with_unit(&lines, &unit(1, 1200), id(2)).expect("room");
        let left = without_unit(&lines, product(1)).expect("two units");
        assert_eq!(summed(&left), [(1, 1000, 1)]);
        assert_eq!(without_unit(&left, product(1)), Err(Refusal::CartEmpty));
        assert_eq!(without_unit(&left, product(2)), Err(Refusal::NotFound(Missing::OrderLine)));
    }

    #[test]
    fn an_order_stays_within_its_bounds() {
        let dear = with_unit(&[], &unit(1, crate::MAX_AMOUNT_MINOR_UNITS), id(1)).expect("room");
        assert_eq!(with_unit(&dear, &unit(2, 1), id(2)), Err(Refusal::TotalTooLarge));
        let mut full = Vec::new();
        for number in 1..=100 {
            full = with_unit(&full, &unit(number, 1), id(number)).expect("room");
        }
        assert_eq!(with_unit(&full, &unit(101, 1), id(101)), Err(Refusal::TooManyLines));
        assert!(with_unit(&full, &unit(100, 1), id(101)).is_ok());
    }

    #[test]
    fn only_a_pending_unpaid_order_changes() {
        for status in OrderStatus::ALL {
            for is_paid in [false, true] {
                let may = require_changeable(status, is_paid).is_ok();
                assert_eq!(may, status == OrderStatus::Pending && !is_paid);
            }
        }
    }
}
