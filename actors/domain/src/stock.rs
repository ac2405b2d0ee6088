//! Stock: received = sellable + held + sold, none ever negative (design law 10).

/// The units of one product by holding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    /// Units that can still be sold.
    pub sellable: u64,
    /// Units of orders that are neither completed nor shipped yet.
    pub held: u64,
    /// Units of completed, shipped and delivered orders.
    pub sold: u64,
}

/// Why a change of stock is impossible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StockError {
    /// Fewer units than requested can be sold.
    #[error("only {sellable} units can be sold")]
    Short {
        /// Units that can still be sold.
        sellable: u64,
    },
    /// A release or sale of units that were never taken: a bug, the stock does not add up.
    #[error("the stock's books do not add up")]
    Broken,
}

impl Stock {
    /// All units that were received and not written off.
    #[must_use]
    pub fn received(self) -> u64 {
        self.sellable + self.held + self.sold
    }

    /// Takes units for a new order.
    ///
    /// # Errors
    /// [`StockError::Short`] if fewer can be sold.
    pub fn hold(self, units: u32) -> Result<Self, StockError> {
        let units = u64::from(units);
        let sellable = self
            .sellable
            .checked_sub(units)
            .ok_or(StockError::Short { sellable: self.sellable })?;
        Ok(Self { sellable, held: self.held + units, ..self })
    }

    /// Returns held units: the order was cancelled, deleted or expired.
    ///
    /// # Errors
    /// [`StockError::Broken`] if fewer units are held.
    pub fn release_held(self, units: u32) -> Result<Self, StockError> {
        let units = u64::from(units);
        let held = self.held.checked_sub(units).ok_or(StockError::Broken)?;
        Ok(Self { held, sellable: self.sellable + units, ..self })
    }

    /// Sells held units: the order was completed or shipped.
    ///
    /// # Errors
    /// [`StockError::Broken`] if fewer units are held.
    pub fn sell(self, units: u32) -> Result<Self, StockError> {
        let units = u64::from(units);
        let held = self.held.checked_sub(units).ok_or(StockError::Broken)?;
        Ok(Self { held, sold: self.sold + units, ..self })
    }

    /// Returns sold units: a completed order was cancelled before it was shipped.
    ///
    /// # Errors
    /// [`StockError::Broken`] if fewer units are sold.
    pub fn release_sold(self, units: u32) -> Result<Self, StockError> {
        let units = u64::from(units);
        let sold = self.sold.checked_sub(units).ok_or(StockError::Broken)?;
        Ok(Self { sold, sellable: self.sellable + units, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_keeps_the_received_units() {
        let start = Stock { sellable: 10, held: 0, sold: 0 };
        let held = start.hold(4).expect("enough");
        let sold = held.sell(3).expect("held");
        let back = sold.release_sold(1).and_then(|stock| stock.release_held(1)).expect("taken");
        assert_eq!(back, Stock { sellable: 8, held: 0, sold: 2 });
        for stock in [start, held, sold, back] {
            assert_eq!(stock.received(), 10);
        }
    }

    #[test]
    fn no_holding_becomes_negative() {
        let stock = Stock { sellable: 1, held: 0, sold: 0 };
        assert_eq!(stock.hold(2), Err(StockError::Short { sellable: 1 }));
        assert_eq!(stock.release_held(1), Err(StockError::Broken));
        assert_eq!(stock.sell(1), Err(StockError::Broken));
        assert_eq!(stock.release_sold(1), Err(StockError::Broken));
    }
}
