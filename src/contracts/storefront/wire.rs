//! The bodies of this contract, field by field as its document prints them.

use crate::app::ProductShape;
use crate::edge::values::{
    ClientSecret, CrmState, Email, IntentId, Moment, MoneyText, OrderState, UserType, WebAddress,
};
use schemars::JsonSchema;
use serde::Serialize;
use souk_actors::carts::{Cart, CartLine};
use souk_actors::catalog::{Category, ProductView};
use souk_actors::journeys::ordering::OrderView;
use souk_actors::orders::CrmSync;
use souk_actors::users::User;
use souk_domain::{CartId, CategoryId, Currency, Money, OrderLine, ProductId, UnixMillis, UserId};

/// `{"message": sentence}`.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct MessageBody {
    pub(super) message: &'static str,
}

/// A user's profile.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct ProfileBody {
    id: u64,
    #[schemars(with = "Email")]
    email: String,
    #[schemars(with = "Email")]
    username: String,
    #[schemars(example = &"John")]
    first_name: String,
    #[schemars(example = &"Doe")]
    last_name: String,
    #[schemars(with = "UserType")]
    user_type: &'static str,
    #[schemars(with = "Moment")]
    date_joined: String,
}

impl ProfileBody {
    pub(super) fn new(id: UserId, user: &User) -> Self {
        Self {
            id: id.get(),
            email: user.email.to_string(),
            username: user.username.to_string(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            user_type: user.role.user_type(),
            date_joined: user.joined_at.to_string(),
        }
    }
}

/// A category.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct CategoryBody {
    id: u64,
    #[schemars(example = &"Electronics")]
    name: String,
    #[schemars(example = &"electronics")]
    slug: String,
    #[schemars(example = &"Electronic devices")]
    description: String,
}

impl CategoryBody {
    pub(super) fn new(id: CategoryId, category: &Category) -> Self {
        Self {
            id: id.get(),
            name: category.name.clone(),
            slug: category.slug.clone(),
            description: category.description.clone(),
        }
    }
}

/// A product, with `category_id`.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct ProductBody {
    id: u64,
    #[schemars(example = &"Laptop")]
    name: String,
    #[schemars(example = &"laptop")]
    slug: String,
    #[schemars(example = &"High-performance laptop")]
    description: String,
    category: Option<CategoryBody>,
    category_id: Option<u64>,
    #[schemars(with = "MoneyText")]
    price: String,
    stock_quantity: u64,
    #[schemars(with = "Option<WebAddress>")]
    image: Option<String>,
    #[schemars(with = "Moment")]
    created_at: String,
    #[schemars(with = "Moment")]
    updated_at: String,
}

impl ProductShape for ProductBody {
    fn of(view: &ProductView, currency: Currency) -> Self {
        let ProductView { id, product, category, sellable, version: _, is_gone: _ } = view;
        Self {
            id: id.get(),
            name: product.name.clone(),
            slug: product.slug.clone(),
            description: product.description.clone(),
            category: category.as_ref().map(|(id, category)| CategoryBody::new(*id, category)),
            category_id: category.as_ref().map(|(id, _)| id.get()),
            price: currency.format(view.price()),
            stock_quantity: *sellable,
            image: product.image.clone(),
            created_at: product.created_at.to_string(),
            updated_at: product.updated_at.to_string(),
        }
    }
}

/// A product in a line of a cart or an order, without `category_id`.
#[derive(Debug, JsonSchema, Serialize)]
struct LineProductBody {
    id: u64,
    #[schemars(example = &"Laptop")]
    name: String,
    #[schemars(example = &"laptop")]
    slug: String,
    #[schemars(example = &"High-performance laptop")]
    description: String,
    category: Option<CategoryBody>,
    #[schemars(with = "MoneyText")]
    price: String,
    stock_quantity: u64,
    #[schemars(with = "Option<WebAddress>")]
    image: Option<String>,
    #[schemars(with = "Moment")]
    created_at: String,
    #[schemars(with = "Moment")]
    updated_at: String,
}

impl LineProductBody {
    fn new(view: &ProductView, currency: Currency) -> Self {
        let ProductView { id, product, category, sellable, version: _, is_gone } = view;
        Self {
            id: id.get(),
            name: product.name.clone(),
            slug: product.slug.clone(),
            description: product.description.clone(),
            category: category.as_ref().map(|(id, category)| CategoryBody::new(*id, category)),
            price: currency.format(view.price()),
            // A deleted product cannot be bought, even if stock is left.
            stock_quantity: if *is_gone { 0 } else { *sellable },
            image: product.image.clone(),
            created_at: product.created_at.to_string(),
            updated_at: product.updated_at.to_string(),
        }
    }
}

/// A line of a cart or an order.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct LineBody {
    id: u64,
    product: Option<LineProductBody>,
    quantity: u32,
    #[schemars(with = "MoneyText")]
    price: String,
    #[schemars(with = "MoneyText")]
    subtotal: String,
    #[schemars(with = "Moment")]
    created_at: String,
}

impl LineBody {
    /// A line of a cart has the product's present price.
    pub(super) fn of_cart(line: &CartLine, product: &ProductView, currency: Currency) -> Self {
        let price = product.price();
        Self {
            id: line.id.get(),
            product: Some(LineProductBody::new(product, currency)),
            quantity: line.quantity.get(),
            price: currency.format(price),
            subtotal: currency.format(subtotal(price, line)),
            created_at: line.created_at.to_string(),
        }
    }

    /// A line of an order keeps the name and price from when the order was placed.
    fn of_order(
        line: &OrderLine,
        products: &[ProductView],
        placed_at: UnixMillis,
        currency: Currency,
    ) -> Self {
        let product = find(products, line.product).map(|view| LineProductBody {
            name: line.product_name.clone(),
            ..LineProductBody::new(view, currency)
        });
        Self {
            id: line.id.get(),
            product,
            quantity: line.quantity.get(),
            price: currency.format(line.unit_price),
            subtotal: currency.format(line.subtotal()),
            created_at: placed_at.to_string(),
        }
    }
}

fn find(products: &[ProductView], id: ProductId) -> Option<&ProductView> {
    products.iter().find(|view| view.id == id)
}

fn subtotal(price: Money, line: &CartLine) -> Money {
    price
        .checked_times(line.quantity.get())
        .expect("a price below 10^10 times a quantity up to 10^6 fits 63 bits")
}

/// A cart.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct CartBody {
    id: u64,
    items: Vec<LineBody>,
    #[schemars(with = "MoneyText")]
    total_amount: String,
    #[schemars(with = "Moment")]
    created_at: String,
    #[schemars(with = "Moment")]
    updated_at: String,
}

impl CartBody {
    pub(super) fn new(
        id: CartId,
        cart: &Cart,
        products: &[ProductView],
        currency: Currency,
    ) -> Self {
        let priced =
            || cart.lines.iter().filter_map(|line| Some((line, find(products, line.product)?)));
        let total = priced().fold(Money::ZERO, |total, (line, product)| {
            total
                .checked_add(subtotal(product.price(), line))
                .expect("a hundred subtotals below 10^16 fit 63 bits")
        });
        Self {
            id: id.get(),
            items: priced()
                .map(|(line, product)| LineBody::of_cart(line, product, currency))
                .collect(),
            total_amount: currency.format(total),
            created_at: cart.created_at.to_string(),
            updated_at: cart.updated_at.to_string(),
        }
    }
}

/// An order.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct OrderBody {
    id: u64,
    #[schemars(example = &"ORD-1704067200")]
    order_number: String,
    customer: Option<u64>,
    #[schemars(with = "Option<Email>")]
    customer_email: Option<String>,
    #[schemars(with = "MoneyText")]
    total_amount: String,
    #[schemars(with = "OrderState")]
    status: &'static str,
    #[schemars(example = &"123 Main St, City, State, ZIP")]
    shipping_address: String,
    #[schemars(example = &"123 Main St, City, State, ZIP")]
    billing_address: String,
    items: Vec<LineBody>,
    #[schemars(with = "Option<IntentId>")]
    stripe_payment_intent_id: Option<String>,
    #[schemars(with = "Option<ClientSecret>")]
    client_secret: Option<String>,
    #[schemars(with = "Option<CrmState>")]
    crm_sync_status: Option<&'static str>,
    #[schemars(with = "Moment")]
    created_at: String,
    #[schemars(with = "Moment")]
    updated_at: String,
}

impl OrderBody {
    /// `customer_email` is the customer's present address.
    pub(super) fn new(
        view: &OrderView,
        customer_email: Option<String>,
        currency: Currency,
    ) -> Self {
        let OrderView { id, order, products } = view;
        let item = |line| LineBody::of_order(line, products, order.created_at, currency);
        let intent = order.payment.as_ref().and_then(|link| link.intent.as_ref());
        Self {
            id: id.get(),
            order_number: order.number.clone(),
            customer: order.customer.map(UserId::get),
            customer_email,
            total_amount: currency.format(order.total),
            status: order.status.word(),
            shipping_address: order.shipping_address.clone(),
            billing_address: order.billing_address.clone(),
            items: order.lines.iter().map(item).collect(),
            stripe_payment_intent_id: intent.map(|intent| intent.id.clone()),
            client_secret: intent.map(|intent| intent.client_secret.clone()),
            crm_sync_status: order.crm_sync.map(|sync| match sync {
                CrmSync::Pending => "pending",
                CrmSync::Success => "success",
                CrmSync::Failed => "failed",
            }),
            created_at: order.created_at.to_string(),
            updated_at: order.updated_at.to_string(),
        }
    }
}
