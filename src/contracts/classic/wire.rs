//! The bodies of this contract. Its document prints few answers. Those are reproduced exactly; the
//! others use the field names of the requests.

use crate::edge::values::{Email, MoneyText, OrderState, PaymentState, Token};
use schemars::JsonSchema;
use serde::Serialize;
use souk_actors::catalog::ProductView;
use souk_actors::orders::Order;
use souk_actors::users::User;
use souk_domain::{Currency, Money, OrderId, PaymentId, PaymentStatus, UserId};

/// The most products that an order lists unit by unit, in a request and in an answer. Contracts
/// with quantities can make longer orders; their lists are cut off.
pub(super) const PRODUCTS_NAMED_MAX: usize = 10_000;

/// `{"message": sentence}`.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct MessageBody {
    pub(super) message: &'static str,
}

/// The answer to a log-in.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct TokensBody {
    #[schemars(with = "Token")]
    pub(super) access: String,
    #[schemars(with = "Token")]
    pub(super) refresh: String,
}

/// A user.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct UserBody {
    id: u64,
    #[schemars(example = &"john_doe")]
    username: String,
    #[schemars(with = "Email")]
    email: String,
}

impl UserBody {
    pub(super) fn new(id: UserId, user: &User) -> Self {
        let (username, email) = (user.username.to_string(), user.email.to_string());
        Self { id: id.get(), username, email }
    }
}

/// A product.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct ProductBody {
    id: u64,
    #[schemars(example = &"Laptop")]
    name: String,
    #[schemars(with = "MoneyText")]
    price: String,
    amount: u64,
}

impl ProductBody {
    pub(super) fn new(view: &ProductView, currency: Currency) -> Self {
        Self {
            id: view.id.get(),
            name: view.product.name.clone(),
            price: currency.format(view.price()),
            amount: view.sellable,
        }
    }
}

/// An order. It lists a product once for each unit.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct OrderBody {
    id: u64,
    products: Vec<u64>,
    #[schemars(with = "OrderState")]
    status: &'static str,
    #[schemars(with = "MoneyText")]
    total_price: String,
}

impl OrderBody {
    pub(super) fn new(id: OrderId, order: &Order, currency: Currency) -> Self {
        let mut products = Vec::new();
        for line in &order.lines {
            let room = PRODUCTS_NAMED_MAX - products.len();
            let units = usize::try_from(line.quantity.get()).unwrap_or(room).min(room);
            products.extend(std::iter::repeat_n(line.product.get(), units));
        }
        Self {
            id: id.get(),
            products,
            status: order.status.word(),
            total_price: currency.format(order.total),
        }
    }
}

/// A payment.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct PaymentBody {
    id: u64,
    order: u64,
    #[schemars(with = "MoneyText")]
    amount: String,
    #[schemars(with = "PaymentState")]
    status: &'static str,
    /// The secret with which the customer's browser sends a card to the gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

impl PaymentBody {
    pub(super) fn new(
        id: PaymentId,
        order: OrderId,
        amount: Money,
        status: PaymentStatus,
        currency: Currency,
    ) -> Self {
        let amount = currency.format(amount);
        let (id, order, status) = (id.get(), order.get(), status.word());
        Self { id, order, amount, status, client_secret: None }
    }

    pub(super) fn with_client_secret(self, client_secret: Option<String>) -> Self {
        Self { client_secret, ..self }
    }
}
