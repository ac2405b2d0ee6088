//! The bodies of this contract, field by field as its document prints them.

use crate::app::ProductShape;
use crate::edge::values::{Email, MoneyText, OrderState, PaymentState, Token};
use schemars::JsonSchema;
use serde::Serialize;
use souk_actors::carts::{Cart, CartLine};
use souk_actors::catalog::ProductView;
use souk_actors::orders::Order;
use souk_actors::users::User;
use souk_domain::{CartId, Currency, OrderId, OrderLine, PaymentId, PaymentStatus, UserId};

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
    description: String,
}

impl ProductShape for ProductBody {
    fn of(view: &ProductView, currency: Currency) -> Self {
        Self {
            id: view.id.get(),
            name: view.product.name.clone(),
            price: currency.format(view.price()),
            description: view.product.description.clone(),
        }
    }
}

/// A list of products.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct ProductsBody {
    pub(super) products: Vec<ProductBody>,
}

/// A cart. Its `id` is used to create an order (contracts README, "Carts").
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct CartBody {
    id: u64,
    cart_items: Vec<CartItemBody>,
}

#[derive(Debug, JsonSchema, Serialize)]
struct CartItemBody {
    product_id: u64,
    quantity: u32,
}

impl CartBody {
    pub(super) fn new(id: CartId, cart: &Cart) -> Self {
        let item = |line: &CartLine| CartItemBody {
            product_id: line.product.get(),
            quantity: line.quantity.get(),
        };
        Self { id: id.get(), cart_items: cart.lines.iter().map(item).collect() }
    }
}

/// A new order.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct NewOrderBody {
    order_id: u64,
    #[schemars(with = "OrderState")]
    status: &'static str,
}

impl NewOrderBody {
    pub(super) fn new(id: OrderId, order: &Order) -> Self {
        Self { order_id: id.get(), status: order.status.word() }
    }
}

/// An order.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct OrderBody {
    order_id: u64,
    #[schemars(with = "OrderState")]
    status: &'static str,
    items: Vec<OrderItemBody>,
}

#[derive(Debug, JsonSchema, Serialize)]
struct OrderItemBody {
    product_id: u64,
    quantity: u32,
    #[schemars(with = "MoneyText")]
    price: String,
}

impl OrderBody {
    pub(super) fn new(id: OrderId, order: &Order, currency: Currency) -> Self {
        let item = |line: &OrderLine| OrderItemBody {
            product_id: line.product.get(),
            quantity: line.quantity.get(),
            price: currency.format(line.unit_price),
        };
        let items = order.lines.iter().map(item).collect();
        Self { order_id: id.get(), status: order.status.word(), items }
    }
}

/// A payment.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct PaymentBody {
    payment_id: u64,
    #[schemars(with = "PaymentState")]
    status: &'static str,
}

impl PaymentBody {
    pub(super) fn new(id: PaymentId, status: PaymentStatus) -> Self {
        Self { payment_id: id.get(), status: status.word() }
    }
}
