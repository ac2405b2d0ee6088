//! Schemas for texts and numbers in answers: types to name in `#[schemars(with = …)]` where an answer
//! holds a value that is already formatted.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// An example of a guest's cart key.
pub(crate) const CART_KEY: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00123456789abcdef";

/// An example of a JSON Web Token.
pub(crate) const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjo3fQ.c2lnbmF0dXJl";

macro_rules! values {
    ($($(#[$text:meta])* $name:ident = $schema:tt;)+) => {$(
        $(#[$text])*
        #[derive(Debug)]
        pub(crate) struct $name;

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )+};
}

values! {
    /// An amount of money as a decimal text.
    MoneyText = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]{2})?$", "examples": ["19.99"]};
    /// An amount of money as a number.
    MoneyNumber = {"type": "number", "minimum": 0, "examples": [19.99]};
    /// A percentage as a decimal text.
    PercentText = {"type": "string", "pattern": r"^[0-9]{1,3}\.[0-9]{2}$", "examples": ["10.00"]};
    /// A moment in RFC 3339, UTC.
    Moment = {"type": "string", "format": "date-time", "examples": ["2024-01-01T00:00:00Z"]};
    /// An e-mail address.
    Email = {"type": "string", "examples": ["john@example.com"]};
    /// The absolute address of something on the web.
    WebAddress = {"type": "string", "format": "uri", "examples": ["https://shop.example/laptop.jpg"]};
    /// A JSON Web Token.
    Token = {"type": "string", "examples": [TOKEN]};
    /// The key of a cart.
    CartKeyText = {"type": "string", "pattern": "^[0-9a-f]{48}$", "examples": [CART_KEY]};
    /// An id as a text.
    IdText = {"type": "string", "pattern": "^[1-9][0-9]{0,18}$", "examples": ["1"]};
    /// The gateway's name for a payment.
    IntentId = {"type": "string", "examples": ["pi_1234567890"]};
    /// What a browser pays with.
    ClientSecret = {"type": "string", "examples": ["pi_1234567890_secret_xyz"]};
    /// The state of a payment, as the gateway says it.
    PaymentState = {"type": "string", "enum": [
        "succeeded", "requires_payment_method", "requires_action", "processing", "canceled", "refunded"
    ]};
    /// How a customer left the page to pay at.
    CheckoutEnd = {"type": "string", "enum": ["success", "canceled"]};
    /// Who a user is to the shop.
    UserType = {"type": "string", "enum": ["customer", "admin"]};
    /// How far an order got on its way to the CRM.
    CrmState = {"type": "string", "enum": ["success", "pending", "failed"]};
    /// What became of an event on its way to a webhook endpoint.
    DeliveryStatus = {"type": "string", "enum": ["pending", "success", "failed"]};
    /// How much a line of the log matters.
    LogLevel = {"type": "string", "enum": ["trace", "debug", "info", "warn", "error"]};
    /// The state of an order.
    OrderState = {"type": "string", "enum": [
        "pending", "processing", "completed", "shipped", "delivered", "cancelled"
    ]};
    /// The same with a capital.
    CapitalisedState = {"type": "string", "enum": [
        "Pending", "Processing", "Completed", "Shipped", "Delivered", "Cancelled"
    ]};
}
