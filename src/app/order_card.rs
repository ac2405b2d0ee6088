//! An order as pages show it, and the check of the link that mails contain.

use super::App;
use serde::Serialize;
use souk_actors::orders::{self, Order};
use souk_actors::store::StoreError;
use souk_domain::{Currency, Money, OrderId};

/// An order as a page shows it.
#[derive(Serialize)]
pub(crate) struct OrderCard {
    number: String,
    placed_on: String,
    status: String,
    payment: &'static str,
    lines: Vec<LineCard>,
    total: String,
    currency: String,
    /// Empty if nothing was refunded.
    refunded: String,
}

#[derive(Serialize)]
struct LineCard {
    name: String,
    quantity: u32,
    unit_price: String,
    subtotal: String,
}

impl OrderCard {
    /// The order with its lines.
    pub(crate) fn new(order: &Order, currency: Currency) -> Self {
        let line = |line: &souk_domain::OrderLine| LineCard {
            name: line.product_name.clone(),
            quantity: line.quantity.get(),
            unit_price: currency.format(line.unit_price),
            subtotal: currency.format(line.subtotal()),
        };
        let lines = order.lines.iter().map(line).collect();
        Self { lines, ..Self::without_lines(order, currency) }
    }

    /// The order without its lines.
    pub(super) fn without_lines(order: &Order, currency: Currency) -> Self {
        let has_refund = order.refunded > Money::ZERO;
        Self {
            number: order.number.clone(),
            // The first ten characters of an RFC 3339 time are its date.
            placed_on: order.created_at.to_string().chars().take(10).collect(),
            status: capitalised(order.status.word()),
            payment: payment_word(order.is_paid, has_refund),
            lines: Vec::new(),
            total: currency.format(order.total),
            currency: currency.code().to_owned(),
            refunded: if has_refund { currency.format(order.refunded) } else { String::new() },
        }
    }
}

fn payment_word(is_paid: bool, has_refund: bool) -> &'static str {
    match (is_paid, has_refund) {
        (true, false) => "Paid",
        (true, true) => "Paid, a part was given back",
        (false, true) => "Given back",
        (false, false) => "Not paid",
    }
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(word.len().min(1));
    first.to_ascii_uppercase() + rest
}

impl App {
    /// The order of a mailed link, if the token belongs to it. A wrong token gets the same answer
    /// as an unknown order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn order_of_link(
        &self,
        id: OrderId,
        token: &str,
    ) -> Result<Option<Order>, StoreError> {
        let order = orders::order(&*self.shop.store.snapshot(), id)?;
        Ok(order.filter(|order| self.order_seal.is_token_of(id, order, token)))
    }
}
