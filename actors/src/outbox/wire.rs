//! What other systems read: the bodies of events and notifications. Within `v1` fields are added
//! and never taken away, renamed or given another meaning.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use souk_domain::text::mail_line;
use souk_domain::{Currency, Money, OrderLine, OrderStatus, PaymentStatus, Role};

/// A CloudEvents 1.0 envelope (<https://github.com/cloudevents/spec>, "JSON event format").
#[derive(Serialize, JsonSchema)]
pub(super) struct CloudEvent<'a, D> {
    /// The version of CloudEvents.
    #[schemars(schema_with = "specversion")]
    pub(super) specversion: &'static str,
    /// The same for the same change on every retry, and also the header `Nats-Msg-Id`.
    #[schemars(length(min = 1))]
    pub(super) id: &'a str,
    /// The shop's store: `urn:souk:` and sixteen hexadecimal digits; for what happened since it was
    /// restored from a copy, then `r` and twelve more, others for each restore.
    #[schemars(regex(pattern = r"^urn:souk:[0-9a-z]+$"))]
    pub(super) source: String,
    /// `souk.<kind>.<what>.v1`.
    #[schemars(regex(pattern = r"^souk\.[a-z_.]+\.v1$"))]
    pub(super) r#type: String,
    /// What it is about: `order.17`.
    #[schemars(regex(pattern = r"^[a-z]+\.[0-9]+$"))]
    pub(super) subject: &'a str,
    /// When the change was made.
    #[schemars(schema_with = "moment")]
    pub(super) time: String,
    /// Of `data`.
    #[schemars(schema_with = "json_content")]
    pub(super) datacontenttype: &'static str,
    /// The `$id` of the schema of `data`; the shop serves it at `/schemas/<type>.json`.
    #[schemars(regex(pattern = r"^urn:souk:schema:souk\.[a-z_.]+\.v1$"))]
    pub(super) dataschema: String,
    /// As `subject`: what is in order among events of the same key stays in order.
    pub(super) partitionkey: &'a str,
    /// What happened; its schema is named by `dataschema`.
    pub(super) data: D,
}

/// An amount of money.
#[derive(Serialize, JsonSchema)]
pub(super) struct MoneyBody {
    /// In minor units of the currency: 1999 is 19.99 in a currency of two decimals.
    amount: i64,
    /// ISO 4217.
    #[schemars(regex(pattern = r"^[A-Z]{3}$"))]
    currency: String,
}

impl MoneyBody {
    pub(super) fn of(money: Money, currency: Currency) -> Self {
        Self { amount: money.minor_units(), currency: currency.code().to_owned() }
    }
}

/// Something happened to an order.
#[derive(Serialize, JsonSchema)]
pub(super) struct OrderData {
    /// 1, 2, 3 … per order, without a gap: loss, order and repetition can be seen.
    #[schemars(range(min = 1))]
    pub(super) version: u64,
    /// The status before, if this change moved it; else null.
    #[schemars(schema_with = "order_status_or_null")]
    pub(super) previous_status: Option<&'static str>,
    /// The order after the change.
    pub(super) order: OrderBody,
}

/// A whole order. No address, no name: who needs those asks the shop.
#[derive(Serialize, JsonSchema)]
pub(super) struct OrderBody {
    /// The order's id in every contract.
    #[schemars(range(min = 1))]
    pub(super) id: u64,
    /// `ORD-…`, unique.
    #[schemars(regex(pattern = r"^ORD-[0-9]+$"))]
    pub(super) order_number: String,
    /// Whose; null for guests and closed accounts.
    pub(super) customer_id: Option<u64>,
    /// Where it stands.
    #[schemars(schema_with = "order_status")]
    pub(super) status: &'static str,
    /// Whether the shop has the money.
    pub(super) is_paid: bool,
    /// What was bought, with names and prices as they were.
    pub(super) lines: Vec<LineBody>,
    /// The sum of the lines.
    pub(super) total: MoneyBody,
    /// How much of what was paid went back.
    pub(super) refunded: MoneyBody,
    /// When it was placed.
    #[schemars(schema_with = "moment")]
    pub(super) created_at: String,
    /// When it last changed.
    #[schemars(schema_with = "moment")]
    pub(super) updated_at: String,
}

/// A line of an order.
#[derive(Serialize, JsonSchema)]
pub(super) struct LineBody {
    /// The line's id.
    #[schemars(range(min = 1))]
    pub(super) id: u64,
    /// The product's id.
    #[schemars(range(min = 1))]
    pub(super) product_id: u64,
    /// Its name when it was bought.
    pub(super) name: String,
    /// Its price then.
    pub(super) unit_price: MoneyBody,
    /// How many.
    #[schemars(range(min = 1))]
    pub(super) quantity: u32,
    /// Price times quantity.
    pub(super) subtotal: MoneyBody,
}

/// Something happened to a payment.
#[derive(Serialize, JsonSchema)]
pub(super) struct PaymentData {
    /// 1, 2, 3 … per payment.
    #[schemars(range(min = 1))]
    pub(super) version: u64,
    /// The payment after the change.
    pub(super) payment: PaymentBody,
}

/// A payment.
#[derive(Serialize, JsonSchema)]
pub(super) struct PaymentBody {
    /// The payment's id.
    #[schemars(range(min = 1))]
    pub(super) id: u64,
    /// The order it pays.
    #[schemars(range(min = 1))]
    pub(super) order_id: u64,
    /// How much.
    pub(super) amount: MoneyBody,
    /// Where it stands.
    #[schemars(schema_with = "payment_status")]
    pub(super) status: &'static str,
    /// The gateway's intent, once there is one.
    pub(super) gateway_intent: Option<String>,
    /// How much of it went back.
    pub(super) refunded: MoneyBody,
}

/// Something happened to a product.
#[derive(Serialize, JsonSchema)]
pub(super) struct ProductData {
    /// 1, 2, 3 … per product.
    #[schemars(range(min = 1))]
    pub(super) version: u64,
    /// The product after the change.
    pub(super) product: ProductBody,
}

/// A product.
#[derive(Serialize, JsonSchema)]
pub(super) struct ProductBody {
    /// The product's id.
    #[schemars(range(min = 1))]
    pub(super) id: u64,
    /// Its name.
    pub(super) name: String,
    /// What the customer pays.
    pub(super) price: MoneyBody,
    /// Whether the shop offers it.
    pub(super) available: bool,
    /// Units that can be sold.
    pub(super) stock: u64,
}

/// Something happened to a user.
#[derive(Serialize, JsonSchema)]
pub(super) struct UserData {
    /// 1, 2, 3 … per user.
    #[schemars(range(min = 1))]
    pub(super) version: u64,
    /// The user after the change.
    pub(super) user: UserBody,
}

/// A user. No name, no address: who needs those asks the shop.
#[derive(Serialize, JsonSchema)]
pub(super) struct UserBody {
    /// The user's id.
    #[schemars(range(min = 1))]
    pub(super) id: u64,
    /// What they may do.
    #[schemars(schema_with = "role")]
    pub(super) role: &'static str,
}

/// A mail that somebody should send. Other systems may ask for one too.
#[derive(Serialize, JsonSchema)]
pub(super) struct MailData<C> {
    /// The address.
    #[schemars(length(min = 3, max = 254))]
    pub(super) to: String,
    /// What fills the template.
    pub(super) context: C,
}

/// Fills `welcome`.
#[derive(Serialize, JsonSchema)]
pub(super) struct WelcomeContext {
    /// How to address the customer; may be empty.
    pub(super) customer_name: String,
}

/// Fills `password_reset`.
#[derive(Serialize, JsonSchema)]
pub(super) struct ResetContext {
    /// How to address the customer; may be empty.
    pub(super) customer_name: String,
    /// Where a new password can be chosen, once.
    pub(super) link: String,
    /// For how long.
    pub(super) hours_valid: u64,
}

/// Fills `low_stock`.
#[derive(Serialize, JsonSchema)]
pub(super) struct LowStockContext {
    /// The product's name.
    pub(super) product_name: String,
    /// How many units can still be sold.
    pub(super) sellable: u64,
}

/// Fills the templates about orders. Amounts are written as people read them.
#[derive(Serialize, JsonSchema)]
pub(super) struct OrderContext {
    /// `ORD-…`.
    pub(super) order_number: String,
    /// How to address the customer; may be empty.
    pub(super) customer_name: String,
    /// Where the goods go; may be empty.
    pub(super) shipping_address: String,
    /// What was bought.
    pub(super) lines: Vec<LineContext>,
    /// What it costs.
    pub(super) total: String,
    /// ISO 4217.
    pub(super) currency: String,
    /// Why, where there is a reason to tell; may be empty.
    pub(super) reason: String,
    /// How much went back, where the mail is about that; else null.
    pub(super) refunded: Option<String>,
    /// Where the customer sees how the order stands; null where nobody can.
    pub(super) link: Option<String>,
}

/// A line as a mail shows it.
#[derive(Serialize, JsonSchema)]
pub(super) struct LineContext {
    /// The product's name.
    pub(super) name: String,
    /// How many.
    pub(super) quantity: u32,
    /// The price of one.
    pub(super) unit_price: String,
    /// Of all.
    pub(super) subtotal: String,
}

/// A line as a mail shows it, its amounts written as people read them.
pub(super) fn line_context(line: &OrderLine, currency: Currency) -> LineContext {
    LineContext {
        name: mail_line(&line.product_name),
        quantity: line.quantity.get(),
        unit_price: currency.format(line.unit_price),
        subtotal: currency.format(line.subtotal()),
    }
}

fn specversion(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"const": "1.0"})
}

fn json_content(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"const": "application/json"})
}

fn moment(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "format": "date-time"})
}

fn order_status(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": OrderStatus::ALL.map(OrderStatus::word)})
}

fn order_status_or_null(_: &mut SchemaGenerator) -> Schema {
    let mut words: Vec<_> = OrderStatus::ALL.map(|status| Some(status.word())).to_vec();
    words.push(None);
    json_schema!({"enum": words})
}

fn payment_status(_: &mut SchemaGenerator) -> Schema {
    let all = [
        PaymentStatus::RequiresPaymentMethod,
        PaymentStatus::RequiresAction,
        PaymentStatus::Processing,
        PaymentStatus::Succeeded,
        PaymentStatus::Canceled,
        PaymentStatus::Refunded,
    ];
    json_schema!({"type": "string", "enum": all.map(PaymentStatus::word)})
}

fn role(_: &mut SchemaGenerator) -> Schema {
    let all = [Role::Customer, Role::Administrator];
    json_schema!({"type": "string", "enum": all.map(Role::user_type)})
}
