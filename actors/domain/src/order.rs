//! The rules of an order: its states, who may change them, and the effect on stock and money.

use crate::{Money, OrderLineId, ProductId, Quantity, Refusal, Role};

/// The states of an order (contracts README, "Orders").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrderStatus {
    /// Placed, stock taken, not paid.
    Pending,
    /// In preparation.
    Processing,
    /// Paid, or declared complete by an administrator.
    Completed,
    /// Handed to the carrier.
    Shipped,
    /// Arrived.
    Delivered,
    /// Cancelled; the stock was returned.
    Cancelled,
}

impl OrderStatus {
    /// Every state, in the order of an order's life.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Processing,
        Self::Completed,
        Self::Shipped,
        Self::Delivered,
        Self::Cancelled,
    ];

    /// The state's name in lower case, as classic, minimal, services and storefront print it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
        }
    }

    /// The holding of an order's units in this state.
    #[must_use]
    pub fn holding(self) -> StockHolding {
        match self {
            Self::Pending | Self::Processing => StockHolding::Held,
            Self::Completed | Self::Shipped | Self::Delivered => StockHolding::Sold,
            Self::Cancelled => StockHolding::Released,
        }
    }

    /// True before the goods are shipped, so that the order can be cancelled.
    #[must_use]
    pub fn is_before_shipping(self) -> bool {
        matches!(self, Self::Pending | Self::Processing | Self::Completed)
    }

    fn rank(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::Processing => 1,
            Self::Completed => 2,
            Self::Shipped => 3,
            Self::Delivered => 4,
            Self::Cancelled => u8::MAX,
        }
    }
}

/// The holding that an order's units are counted in (design law 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StockHolding {
    /// In [`crate::Stock::held`].
    Held,
    /// In [`crate::Stock::sold`].
    Sold,
    /// Back in [`crate::Stock::sellable`].
    Released,
}

/// The effect of a requested state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusTransition {
    /// The order already has the state; nothing changes, nothing is published.
    Stay,
    /// The order changes its state.
    Move {
        /// The state before.
        from: OrderStatus,
        /// The state after.
        to: OrderStatus,
    },
}

/// One line of an order. The name and the price are those of the time of the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
    /// Its own id.
    pub id: OrderLineId,
    /// The product.
    pub product: ProductId,
    /// The product's name when it was bought.
    pub product_name: String,
    /// The customer price of one unit when it was bought.
    pub unit_price: Money,
    /// The number of units.
    pub quantity: Quantity,
}

impl OrderLine {
    /// Unit price times quantity.
    #[must_use]
    pub fn subtotal(&self) -> Money {
        self.unit_price
            .checked_times(self.quantity.get())
            .expect("a price below 10^10 times a quantity up to 10^6 fits 63 bits")
    }
}

/// The total of the lines.
///
/// # Errors
/// [`Refusal::TotalTooLarge`] above the largest amount the contracts can represent.
pub fn order_total(lines: &[OrderLine]) -> Result<Money, Refusal> {
    price_total(lines.iter().map(|line| (line.unit_price, line.quantity)))
}

/// The total of quantities at these prices.
///
/// # Errors
/// [`Refusal::TotalTooLarge`] above the largest amount the contracts can represent.
pub fn price_total(lines: impl IntoIterator<Item = (Money, Quantity)>) -> Result<Money, Refusal> {
    let mut total = Money::ZERO;
    for (unit_price, quantity) in lines {
        let subtotal = unit_price.checked_times(quantity.get()).ok_or(Refusal::TotalTooLarge)?;
        total = total.checked_add(subtotal).ok_or(Refusal::TotalTooLarge)?;
    }
    if total.minor_units() > crate::MAX_AMOUNT_MINOR_UNITS {
        return Err(Refusal::TotalTooLarge);
    }
    Ok(total)
}

/// Decides whether a role may move an order from one state to another.
///
/// An administrator may skip states and cancel before shipping; a customer may only move a pending
/// order to `processing`. What a customer may never request is rejected before what the order
/// cannot do.
///
/// # Errors
/// [`Refusal::StateReserved`] or [`Refusal::ForbiddenTransition`].
pub fn transition(
    from: OrderStatus,
    to: OrderStatus,
    by: Role,
) -> Result<StatusTransition, Refusal> {
    let open_to_customers = matches!(to, OrderStatus::Pending | OrderStatus::Processing);
    if by == Role::Customer && !open_to_customers {
        return Err(Refusal::StateReserved { to });
    }
    if from == to {
        return Ok(StatusTransition::Stay);
    }
    let allowed = match to {
        OrderStatus::Cancelled => from.is_before_shipping(),
        _ => from != OrderStatus::Cancelled && to.rank() > from.rank(),
    };
    if allowed {
        Ok(StatusTransition::Move { from, to })
    } else {
        Err(Refusal::ForbiddenTransition { from, to })
    }
}

/// The effect of a requested state on an order whose payment was confirmed before or at the same
/// time. The payment completes the order, so states up to `completed` need no change.
///
/// # Errors
/// [`Refusal::ForbiddenTransition`].
pub fn transition_with_payment(
    from: OrderStatus,
    to: OrderStatus,
) -> Result<StatusTransition, Refusal> {
    let paid = match from {
        OrderStatus::Pending | OrderStatus::Processing => OrderStatus::Completed,
        other => other,
    };
    let is_done = paid != OrderStatus::Cancelled
        && to != OrderStatus::Cancelled
        && to.rank() <= OrderStatus::Completed.rank();
    if is_done { Ok(StatusTransition::Stay) } else { transition(paid, to, Role::Administrator) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use OrderStatus::{Cancelled, Completed, Delivered, Pending, Processing, Shipped};

    #[test]
    fn an_administrator_skips_forward_and_never_back() {
        let may = |from, to| transition(from, to, Role::Administrator).is_ok();
        for (index, from) in [Pending, Processing, Completed, Shipped, Delivered].iter().enumerate()
        {
            for (other, to) in
                [Pending, Processing, Completed, Shipped, Delivered].iter().enumerate()
            {
                assert_eq!(may(*from, *to), other >= index, "{from:?} to {to:?}");
            }
        }
        for from in OrderStatus::ALL {
            let expected = matches!(from, Pending | Processing | Completed | Cancelled);
            assert_eq!(may(from, Cancelled), expected, "{from:?}");
            assert_eq!(may(Cancelled, from), from == Cancelled);
        }
    }

    #[test]
    fn a_customer_moves_a_pending_order_to_processing_and_no_further() {
        let customer = |from, to| transition(from, to, Role::Customer);
        assert_eq!(
            customer(Pending, Processing),
            Ok(StatusTransition::Move { from: Pending, to: Processing })
        );
        assert_eq!(customer(Pending, Pending), Ok(StatusTransition::Stay));
        for to in [Completed, Shipped, Delivered, Cancelled] {
            assert_eq!(customer(Pending, to), Err(Refusal::StateReserved { to }));
        }
    }

    #[test]
    fn a_confirmed_payment_leaves_nothing_to_do_before_completed() {
        for from in [Pending, Processing, Completed, Shipped, Delivered] {
            for to in [Pending, Processing, Completed] {
                assert_eq!(
                    transition_with_payment(from, to),
                    Ok(StatusTransition::Stay),
                    "{from:?} to {to:?}"
                );
            }
        }
        let shipped = StatusTransition::Move { from: Completed, to: Shipped };
        assert_eq!(transition_with_payment(Pending, Shipped), Ok(shipped));
        let cancelled = StatusTransition::Move { from: Completed, to: Cancelled };
        assert_eq!(transition_with_payment(Processing, Cancelled), Ok(cancelled));
        assert!(transition_with_payment(Shipped, Cancelled).is_err());
        for to in [Pending, Processing, Completed, Shipped] {
            assert!(transition_with_payment(Cancelled, to).is_err(), "{to:?}");
        }
    }

    #[test]
    fn a_total_above_the_largest_amount_is_rejected() {
        let line = |price, units| OrderLine {
            id: OrderLineId::new(1).expect("positive"),
            product: ProductId::new(1).expect("positive"),
            product_name: "Gold".to_owned(),
            unit_price: Money::from_minor_units(price),
            quantity: Quantity::new(units).expect("in range"),
        };
        assert_eq!(order_total(&[line(250, 2), line(100, 1)]), Ok(Money::from_minor_units(600)));
        assert_eq!(
            order_total(&[line(crate::MAX_AMOUNT_MINOR_UNITS, 2)]),
            Err(Refusal::TotalTooLarge)
        );
    }
}
