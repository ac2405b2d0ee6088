//! The bodies of this contract, field by field as its document prints them.

use crate::app::ProductShape;
use crate::edge::values::{
    CartKeyText, Email, IdText, Moment, MoneyText, OrderState, PercentText, WebAddress,
};
use schemars::JsonSchema;
use serde::Serialize;
use souk_actors::carts::{CartKey, CartLine};
use souk_actors::catalog::{Category, ProductView};
use souk_actors::orders::Order;
use souk_actors::users::User;
use souk_domain::{CategoryId, Currency, Money, OrderId, UserId};

/// `{"message": sentence}`.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct MessageBody {
    pub(super) message: &'static str,
}

/// `{"detail": sentence}`.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct DetailBody {
    pub(super) detail: &'static str,
}

/// A category.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct CategoryBody {
    id: u64,
    #[schemars(example = &"Computers")]
    name: String,
}

impl CategoryBody {
    pub(super) fn new(id: CategoryId, category: &Category) -> Self {
        Self { id: id.get(), name: category.name.clone() }
    }
}

/// A product.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct ProductBody {
    id: u64,
    /// The price that the customer pays: the list price less the discount, rounded half up.
    #[schemars(with = "MoneyText")]
    sell_price: String,
    #[schemars(example = &"Laptop")]
    name: String,
    #[schemars(with = "Option<WebAddress>")]
    image: Option<String>,
    #[schemars(example = &"Thin and light.")]
    description: String,
    /// The list price.
    #[schemars(with = "MoneyText")]
    price: String,
    /// Whether the product is for sale.
    available: bool,
    #[schemars(with = "Moment")]
    created: String,
    #[schemars(with = "Moment")]
    updated: String,
    /// In percent.
    #[schemars(with = "PercentText")]
    discount: String,
    category: Option<u64>,
}

impl ProductShape for ProductBody {
    fn of(view: &ProductView, currency: Currency) -> Self {
        let ProductView { id, product, category, .. } = view;
        Self {
            id: id.get(),
            sell_price: currency.format(view.price()),
            name: product.name.clone(),
            image: product.image.clone(),
            description: product.description.clone(),
            price: currency.format(product.pricing.list_price),
            available: product.available,
            created: product.created_at.to_string(),
            updated: product.updated_at.to_string(),
            discount: product.pricing.discount.to_string(),
            category: category.as_ref().map(|(id, _)| id.get()),
        }
    }
}

/// A user's profile.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct MeBody {
    id: u64,
    #[schemars(example = &"john_doe")]
    username: String,
    #[schemars(with = "Email")]
    email: String,
    #[schemars(example = &"John")]
    first_name: String,
    #[schemars(example = &"Doe")]
    last_name: String,
    #[schemars(example = &"+1 555 0100")]
    phone_number: Option<String>,
    #[schemars(example = &"Springfield")]
    city: Option<String>,
    #[schemars(example = &"1 Market Square")]
    address: Option<String>,
    #[schemars(example = &"12345")]
    postcode: Option<String>,
}

impl MeBody {
    pub(super) fn new(id: UserId, user: &User) -> Self {
        Self {
            id: id.get(),
            username: user.username.to_string(),
            email: user.email.to_string(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            phone_number: user.phone_number.clone(),
            city: user.city.clone(),
            address: user.address.clone(),
            postcode: user.postcode.clone(),
        }
    }
}

/// A line of a cart, with the product's present price.
#[derive(Debug, JsonSchema, Serialize)]
struct CartLineBody {
    #[schemars(with = "IdText")]
    product_id: String,
    #[schemars(example = &"Laptop")]
    name: String,
    /// The list price of one unit.
    #[schemars(with = "MoneyText")]
    price: String,
    #[schemars(with = "PercentText")]
    discount: String,
    quantity: u32,
    #[schemars(with = "Option<WebAddress>")]
    image: Option<String>,
    /// The discounted price of one unit.
    #[schemars(with = "MoneyText")]
    price_after_discount: String,
    /// The price that the customer pays for one unit.
    #[schemars(with = "MoneyText")]
    price_per_item: String,
}

/// The content of a cart.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct CartContentBody {
    cart_details: Vec<CartLineBody>,
    #[schemars(with = "MoneyText")]
    total_price: String,
}

/// A cart, for its owner.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct CartBody {
    #[serde(flatten)]
    content: CartContentBody,
    #[schemars(with = "CartKeyText")]
    cart_key: String,
}

impl CartLineBody {
    fn new(line: &CartLine, view: &ProductView, currency: Currency) -> Self {
        let sell_price = currency.format(view.price());
        Self {
            product_id: line.product.to_string(),
            name: view.product.name.clone(),
            price: currency.format(view.product.pricing.list_price),
            discount: view.product.pricing.discount.to_string(),
            quantity: line.quantity.get(),
            image: view.product.image.clone(),
            price_after_discount: sell_price.clone(),
            price_per_item: sell_price,
        }
    }
}

impl CartContentBody {
    pub(super) fn new(lines: &[CartLine], products: &[ProductView], currency: Currency) -> Self {
        let mut cart_details = Vec::with_capacity(lines.len());
        let mut total = Money::ZERO;
        for line in lines {
            let Some(view) = products.iter().find(|view| view.id == line.product) else { continue };
            let subtotal = view.price().checked_times(line.quantity.get());
            total = subtotal
                .and_then(|subtotal| total.checked_add(subtotal))
                .expect("a hundred subtotals below 10^16 fit 63 bits");
            cart_details.push(CartLineBody::new(line, view, currency));
        }
        Self { cart_details, total_price: currency.format(total) }
    }

    pub(super) fn under(self, key: &CartKey) -> CartBody {
        CartBody { content: self, cart_key: key.as_str().to_owned() }
    }
}

/// An order in the customer's list.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct OrderBody {
    order_id: u64,
    #[schemars(with = "MoneyText")]
    total_price: String,
    #[schemars(with = "OrderState")]
    status: &'static str,
    is_paid: bool,
    #[schemars(example = &"1 Market Square")]
    shipping_address: String,
    #[schemars(example = &"John")]
    first_name: String,
    #[schemars(example = &"Doe")]
    last_name: String,
    #[schemars(example = &"+1 555 0100")]
    phone: String,
    #[schemars(with = "Email")]
    email: String,
}

impl OrderBody {
    /// An order without a recipient of its own goes to the customer.
    pub(super) fn new(id: OrderId, order: Order, customer: &User, currency: Currency) -> Self {
        let (first_name, last_name, phone, email) = match order.recipient {
            Some(recipient) => {
                (recipient.first_name, recipient.last_name, recipient.phone_number, recipient.email)
            }
            None => (
                customer.first_name.clone(),
                customer.last_name.clone(),
                customer.phone_number.clone().unwrap_or_default(),
                customer.email.to_string(),
            ),
        };
        Self {
            order_id: id.get(),
            total_price: currency.format(order.total),
            status: order.status.word(),
            is_paid: order.is_paid,
            shipping_address: order.shipping_address,
            first_name,
            last_name,
            phone,
            email,
        }
    }
}

/// An order with its lines.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct OrderItemsBody {
    order_id: u64,
    #[schemars(with = "MoneyText")]
    total_price: String,
    items: Vec<OrderItemBody>,
}

/// A line of the order, as it was when the order was placed.
#[derive(Debug, JsonSchema, Serialize)]
struct OrderItemBody {
    #[schemars(example = &"Laptop")]
    product_name: String,
    quantity: u32,
    #[schemars(with = "MoneyText")]
    unit_price: String,
}

impl OrderItemsBody {
    pub(super) fn new(id: OrderId, order: &Order, currency: Currency) -> Self {
        let items = order.lines.iter().map(|line| OrderItemBody {
            product_name: line.product_name.clone(),
            quantity: line.quantity.get(),
            unit_price: currency.format(line.unit_price),
        });
        Self {
            order_id: id.get(),
            total_price: currency.format(order.total),
            items: items.collect(),
        }
    }
}
