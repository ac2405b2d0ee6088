//! The operations that both services get: a selection from the five contracts.

use super::values::{Kind, Parameter};

/// An operation of a contract, and how to build its requests.
pub(super) struct Operation {
    /// Its contract and name.
    pub(super) name: &'static str,
    pub(super) method: &'static str,
    /// `$target` stands for the id of the target.
    pub(super) path: &'static str,
    pub(super) caller: Caller,
    pub(super) target: Target,
    pub(super) fields: &'static [(&'static str, Kind)],
    pub(super) query: &'static [(&'static str, Parameter)],
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    Nobody,
    Boss,
    /// A customer that never changes.
    Customer,
    /// The customer who is the operation's target.
    Target,
}

/// A target that a request may change. A new one is made after each successful request, so that an answer never
/// depends on what an earlier request did to one service only.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Target {
    Nothing,
    User,
    Product,
    Category,
    CartLine,
    Order,
}

const fn operation(name: &'static str, method: &'static str, path: &'static str) -> Operation {
    Operation {
        name,
        method,
        path,
        caller: Caller::Nobody,
        target: Target::Nothing,
        fields: &[],
        query: &[],
    }
}

impl Operation {
    const fn by(self, caller: Caller) -> Self {
        Self { caller, ..self }
    }

    const fn on(self, target: Target) -> Self {
        Self { target, ..self }
    }

    const fn of(self, fields: &'static [(&'static str, Kind)]) -> Self {
        Self { fields, ..self }
    }

    const fn asking(self, query: &'static [(&'static str, Parameter)]) -> Self {
        Self { query, ..self }
    }
}

const STATES: &[&str] = &["processing", "completed", "shipped", "delivered", "cancelled"];
const CAPITALISED: &[&str] = &["Processing", "Completed", "Shipped", "Delivered", "Cancelled"];

/// Reading operations. They come first, while both services have the same few products.
pub(super) const READING: &[Operation] = &[
    operation("storefront product list", "GET", "/api/v1/products/").by(Caller::Customer).asking(
        &[
            ("search", Parameter::Words),
            ("category", Parameter::Number),
            ("page", Parameter::Number),
            ("page_size", Parameter::Number),
            ("ordering", Parameter::Words),
        ],
    ),
    operation("storefront product", "GET", "/api/v1/products/$product/").by(Caller::Customer),
    operation("storefront category list", "GET", "/api/v1/categories/")
        .by(Caller::Customer)
        .asking(&[
            ("page", Parameter::Number),
            ("page_size", Parameter::Number),
            ("search", Parameter::Words),
        ]),
    operation("services product list", "GET", "/api/v1/product/").asking(&[
        ("search", Parameter::Words),
        ("price_min", Parameter::Number),
        ("price_max", Parameter::Number),
        ("discount_min", Parameter::Number),
        ("discount_max", Parameter::Number),
        ("available", Parameter::Boolean),
    ]),
    operation("services product", "GET", "/api/v1/product/$product/"),
    operation("services category", "GET", "/api/v1/category/$category/"),
    operation("minimal product list", "GET", "/api/products/")
        .asking(&[("search", Parameter::Words)]),
    operation("minimal product", "GET", "/api/products/$product/"),
    operation("platform product", "GET", "/api/v1/products/$product"),
];

const ACCOUNT: &[(&str, Kind)] =
    &[("username", Kind::Username), ("email", Kind::Email), ("password", Kind::NewPassword)];
const STOREFRONT_PRODUCT: &[(&str, Kind)] = &[
    ("name", Kind::Text(255)),
    ("description", Kind::Text(10_000)),
    ("category_id", Kind::Category),
    ("price", Kind::Price),
    ("stock_quantity", Kind::Count),
    ("image", Kind::Image),
];
const SERVICES_PRODUCT: &[(&str, Kind)] = &[
    ("name", Kind::Text(255)),
    ("description", Kind::Text(10_000)),
    ("category", Kind::Category),
    ("price", Kind::Price),
    ("discount", Kind::Percent),
    ("available", Kind::Boolean),
    ("image", Kind::Image),
];
const PLATFORM_PRODUCT: &[(&str, Kind)] = &[
    ("name", Kind::Text(255)),
    ("description", Kind::Text(10_000)),
    ("price", Kind::Price),
    ("stock", Kind::Count),
];
const CLASSIC_PRODUCT: &[(&str, Kind)] =
    &[("name", Kind::Text(255)), ("price", Kind::Price), ("amount", Kind::Count)];
const CATEGORY: &[(&str, Kind)] = &[("name", Kind::Text(255)), ("description", Kind::Text(10_000))];
const ITEM: &[(&str, Kind)] = &[("product_id", Kind::Product), ("quantity", Kind::Count)];

pub(super) const ACCOUNTS: &[Operation] = &[
    operation("storefront register", "POST", "/api/v1/auth/register/").of(&[
        ("email", Kind::Email),
        ("password", Kind::NewPassword),
        ("password_confirm", Kind::Same("password")),
        ("user_type", Kind::Choice(&["customer"])),
        ("first_name", Kind::Text(150)),
        ("last_name", Kind::Text(150)),
    ]),
    operation("services register", "POST", "/api/v1/users/register/").of(&[
        ("username", Kind::Username),
        ("email", Kind::Email),
        ("password", Kind::NewPassword),
        ("confirm_password", Kind::Same("password")),
    ]),
    operation("minimal register", "POST", "/api/users/").of(ACCOUNT),
    operation("classic register", "POST", "/api/users/signup/").of(ACCOUNT),
    operation("platform register", "POST", "/api/v1/users").of(&[
        ("username", Kind::Username),
        ("email", Kind::Email),
        ("password", Kind::NewPassword),
        ("first_name", Kind::Text(150)),
        ("last_name", Kind::Text(150)),
    ]),
    operation("storefront login", "POST", "/api/v1/auth/login/")
        .of(&[("email", Kind::KnownEmail), ("password", Kind::Password)]),
    operation("platform login", "POST", "/api/v1/auth/login")
        .of(&[("email", Kind::KnownEmail), ("password", Kind::Password)]),
    operation("classic login", "POST", "/api/token/")
        .of(&[("username", Kind::KnownUsername), ("password", Kind::Password)]),
    operation("minimal login", "POST", "/api/login/")
        .of(&[("username", Kind::KnownUsername), ("password", Kind::Password)]),
    operation("services login", "POST", "/api/v1/users/login/")
        .of(&[("username", Kind::KnownUsername), ("password", Kind::Password)]),
    operation("services verify", "POST", "/api/v1/users/token/verify/")
        .of(&[("token", Kind::Access)]),
    operation("services refresh", "POST", "/api/v1/users/token/refresh/")
        .of(&[("refresh", Kind::Refresh)]),
    operation("storefront refresh", "POST", "/api/v1/auth/refresh/")
        .on(Target::User)
        .of(&[("refresh", Kind::Refresh)]),
    operation("storefront password", "POST", "/api/v1/auth/change-password/")
        .by(Caller::Target)
        .on(Target::User)
        .of(&[
            ("old_password", Kind::Password),
            ("new_password", Kind::NewPassword),
            ("new_password_confirm", Kind::Same("new_password")),
        ]),
    operation("services password", "POST", "/api/v1/users/me/change-password/")
        .by(Caller::Target)
        .on(Target::User)
        .of(&[
            ("old_password", Kind::Password),
            ("new_password", Kind::NewPassword),
            ("confirm_password", Kind::Same("new_password")),
        ]),
    operation("storefront profile", "PATCH", "/api/v1/auth/profile/")
        .by(Caller::Target)
        .on(Target::User)
        .of(PROFILE),
    operation("storefront profile", "PUT", "/api/v1/auth/profile/")
        .by(Caller::Target)
        .on(Target::User)
        .of(PROFILE),
    operation("services profile", "PUT", "/api/v1/users/me/update/")
        .by(Caller::Target)
        .on(Target::User)
        .of(&[
            ("username", Kind::Username),
            ("email", Kind::Email),
            ("first_name", Kind::Text(150)),
            ("last_name", Kind::Text(150)),
            ("phone_number", Kind::Text(32)),
            ("city", Kind::Text(100)),
            ("address", Kind::Text(1_000)),
            ("postcode", Kind::Text(20)),
        ]),
    operation("platform profile", "PUT", "/api/v1/users/$target")
        .by(Caller::Target)
        .on(Target::User)
        .of(PROFILE),
];
const PROFILE: &[(&str, Kind)] =
    &[("email", Kind::Email), ("first_name", Kind::Text(150)), ("last_name", Kind::Text(150))];

pub(super) const CATALOG: &[Operation] = &[
    operation("storefront new product", "POST", "/api/v1/products/")
        .by(Caller::Boss)
        .of(STOREFRONT_PRODUCT),
    operation("storefront change product", "PATCH", "/api/v1/products/$target/")
        .by(Caller::Boss)
        .on(Target::Product)
        .of(STOREFRONT_PRODUCT),
    operation("storefront change product", "PUT", "/api/v1/products/$target/")
        .by(Caller::Boss)
        .on(Target::Product)
        .of(STOREFRONT_PRODUCT),
    operation("services new product", "POST", "/api/v1/product/")
        .by(Caller::Boss)
        .of(SERVICES_PRODUCT),
    operation("services change product", "PUT", "/api/v1/product/$target/")
        .by(Caller::Boss)
        .on(Target::Product)
        .of(SERVICES_PRODUCT),
    operation("platform new product", "POST", "/api/v1/products")
        .by(Caller::Boss)
        .of(PLATFORM_PRODUCT),
    operation("platform change product", "PUT", "/api/v1/products/$target")
        .by(Caller::Boss)
        .on(Target::Product)
        .of(PLATFORM_PRODUCT),
    operation("classic new product", "POST", "/api/products/").by(Caller::Boss).of(CLASSIC_PRODUCT),
    operation("classic change product", "PUT", "/api/products/$target/")
        .by(Caller::Boss)
        .on(Target::Product)
        .of(CLASSIC_PRODUCT),
    operation("storefront new category", "POST", "/api/v1/categories/")
        .by(Caller::Boss)
        .of(CATEGORY),
    operation("storefront change category", "PATCH", "/api/v1/categories/$target/")
        .by(Caller::Boss)
        .on(Target::Category)
        .of(CATEGORY),
    operation("services new category", "POST", "/api/v1/category/")
        .by(Caller::Boss)
        .of(&[("name", Kind::Text(255))]),
    operation("services change category", "PUT", "/api/v1/category/$target/")
        .by(Caller::Boss)
        .on(Target::Category)
        .of(&[("name", Kind::Text(255))]),
];

pub(super) const ORDERS: &[Operation] = &[
    operation("storefront cart", "POST", "/api/v1/cart/")
        .by(Caller::Target)
        .on(Target::User)
        .of(ITEM),
    operation("storefront cart line", "PATCH", "/api/v1/cart/items/$target/")
        .by(Caller::Target)
        .on(Target::CartLine)
        .of(&[("quantity", Kind::Count)]),
    operation("services cart", "POST", "/api/v1/cart/add_item/")
        .by(Caller::Target)
        .on(Target::User)
        .of(ITEM),
    operation("minimal cart", "POST", "/api/cart/add/")
        .by(Caller::Target)
        .on(Target::User)
        .of(ITEM),
    operation("storefront order", "POST", "/api/v1/orders/").by(Caller::Customer).of(&[
        ("shipping_address", Kind::Text(1_000)),
        ("billing_address", Kind::Text(1_000)),
        ("items", Kind::Items),
    ]),
    operation("platform order", "POST", "/api/v1/orders").by(Caller::Customer).of(&[
        ("user_id", Kind::User),
        ("items", Kind::Items),
        ("total_price", Kind::Total),
    ]),
    operation("classic order", "POST", "/api/orders/")
        .by(Caller::Customer)
        .of(&[("products", Kind::Products)]),
    operation("storefront change order", "PATCH", "/api/v1/orders/$target/")
        .by(Caller::Boss)
        .on(Target::Order)
        .of(&[
            ("status", Kind::Choice(STATES)),
            ("shipping_address", Kind::Text(1_000)),
            ("billing_address", Kind::Text(1_000)),
        ]),
    operation("platform order status", "PUT", "/api/v1/orders/$target/status")
        .by(Caller::Boss)
        .on(Target::Order)
        .of(&[("status", Kind::Choice(CAPITALISED))]),
    operation("services order status", "POST", "/api/v1/order/update_order/")
        .by(Caller::Boss)
        .on(Target::Order)
        .of(&[("order_id", Kind::Order), ("status", Kind::Choice(STATES))]),
];
