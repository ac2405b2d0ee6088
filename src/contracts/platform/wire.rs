//! The bodies of this contract, field by field as its document prints them.

use crate::app::ProductShape;
use crate::edge::values::{CapitalisedState, Email, MoneyNumber, Token};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use souk_actors::catalog::ProductView;
use souk_actors::orders::Order;
use souk_actors::users::User;
use souk_domain::{Currency, Money, OrderId, OrderLine, OrderStatus, UserId};

/// `{"message": sentence}`.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct MessageBody {
    pub(super) message: &'static str,
}

/// The answer to a log-in.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct TokenBody {
    #[schemars(with = "Token")]
    pub(super) token: String,
}

/// A user.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct UserBody {
    id: u64,
    #[schemars(example = &"john_doe")]
    username: String,
    #[schemars(with = "Email")]
    email: String,
    #[schemars(example = &"John")]
    first_name: String,
    #[schemars(example = &"Doe")]
    last_name: String,
}

impl UserBody {
    pub(super) fn new(id: UserId, user: &User) -> Self {
        Self {
            id: id.get(),
            username: user.username.to_string(),
            email: user.email.to_string(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
        }
    }
}

/// A product.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct ProductBody {
    id: u64,
    #[schemars(example = &"Laptop")]
    name: String,
    description: String,
    #[schemars(with = "MoneyNumber")]
    price: Box<RawValue>,
    stock: u64,
}

impl ProductShape for ProductBody {
    fn of(view: &ProductView, currency: Currency) -> Self {
        Self {
            id: view.id.get(),
            name: view.product.name.clone(),
            description: view.product.description.clone(),
            price: number(view.price(), currency),
            stock: view.sellable,
        }
    }
}

/// An order.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct OrderBody {
    order_id: u64,
    user_id: Option<u64>,
    items: Vec<ItemBody>,
    #[schemars(with = "MoneyNumber")]
    total_price: Box<RawValue>,
    #[schemars(with = "CapitalisedState")]
    status: &'static str,
}

#[derive(Debug, JsonSchema, Serialize)]
struct ItemBody {
    product_id: u64,
    quantity: u32,
}

impl OrderBody {
    pub(super) fn new(id: OrderId, order: &Order, currency: Currency) -> Self {
        let item = |line: &OrderLine| ItemBody {
            product_id: line.product.get(),
            quantity: line.quantity.get(),
        };
        Self {
            order_id: id.get(),
            user_id: order.customer.map(UserId::get),
            items: order.lines.iter().map(item).collect(),
            total_price: number(order.total, currency),
            status: capitalised(order.status),
        }
    }
}

/// The answer to a change of an order's status.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct StatusBody {
    order_id: u64,
    #[schemars(with = "CapitalisedState")]
    status: &'static str,
}

impl StatusBody {
    pub(super) fn new(id: OrderId, order: &Order) -> Self {
        Self { order_id: id.get(), status: capitalised(order.status) }
    }
}

/// The name of an order's status in this contract.
pub(super) fn capitalised(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::Pending => "Pending",
        OrderStatus::Processing => "Processing",
        OrderStatus::Completed => "Completed",
        OrderStatus::Shipped => "Shipped",
        OrderStatus::Delivered => "Delivered",
        OrderStatus::Cancelled => "Cancelled",
    }
}

/// An amount as a JSON number with the currency's decimals, without a conversion to a float.
fn number(amount: Money, currency: Currency) -> Box<RawValue> {
    RawValue::from_string(currency.format(amount)).expect("an amount is a JSON number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_the_shops_own_words_with_a_capital() {
        for status in OrderStatus::ALL {
            assert_eq!(capitalised(status).to_lowercase(), status.word());
        }
    }

    #[test]
    fn amounts_are_numbers_with_every_decimal() {
        for (minor_units, text) in [(59999, "599.99"), (2000, "20.00"), (5, "0.05"), (0, "0.00")] {
            let amount = Money::from_minor_units(minor_units);
            assert_eq!(number(amount, Currency::USD).get(), text);
        }
    }
}
