//! The bodies of this contract. Members may be added, but never removed, renamed or given another
//! meaning.

use crate::edge::values::{Email, Moment, OrderState};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use souk_actors::orders::Order;
use souk_actors::users::User;
use souk_domain::{Currency, Money, OrderId, OrderLine, UserId};

/// An order for its customer: without names and addresses.
#[derive(JsonSchema, Serialize)]
pub(super) struct StoreOrderBody {
    #[schemars(range(min = 1))]
    id: u64,
    #[schemars(regex(pattern = r"^ORD-[0-9]+$"))]
    #[schemars(example = &"ORD-0000000001")]
    number: String,
    /// Increases with every change that is published as an event.
    #[schemars(range(min = 1))]
    version: u64,
    #[schemars(with = "OrderState")]
    status: &'static str,
    payment: PaymentBody,
    /// ISO 4217. Applies to every amount of this object.
    #[schemars(regex(pattern = r"^[A-Z]{3}$"))]
    #[schemars(example = &"USD")]
    currency: String,
    lines: Vec<LineBody>,
    /// In minor units.
    #[schemars(example = 1999)]
    total: i64,
    #[schemars(with = "Moment")]
    placed_at: String,
    #[schemars(with = "Moment")]
    updated_at: String,
    /// When it is cancelled if nobody pays; null once it can no longer expire.
    #[schemars(with = "Option<Moment>")]
    expires_at: Option<String>,
}

/// The state of an order's payment.
#[derive(JsonSchema, Serialize)]
struct PaymentBody {
    #[schemars(schema_with = "payment_state")]
    status: &'static str,
    /// In minor units: the refunded part of what was paid.
    #[schemars(example = 0)]
    refunded: i64,
}

/// A line of an order, with name and price at the time of the order.
#[derive(JsonSchema, Serialize)]
struct LineBody {
    #[schemars(range(min = 1))]
    id: u64,
    #[schemars(range(min = 1))]
    product_id: u64,
    #[schemars(example = &"Brass lamp")]
    name: String,
    /// In minor units.
    #[schemars(example = 1999)]
    unit_price: i64,
    #[schemars(range(min = 1))]
    quantity: u32,
    /// In minor units.
    #[schemars(example = 1999)]
    subtotal: i64,
}

/// An order for the administrator who packs it.
#[derive(JsonSchema, Serialize)]
pub(super) struct AdminOrderBody {
    #[serde(flatten)]
    order: StoreOrderBody,
    /// Null for guests and closed accounts.
    customer: Option<CustomerBody>,
    recipient: RecipientBody,
    shipping_address: AddressBody,
    billing_address: AddressBody,
    /// The recipient's note to the shop; may be empty.
    #[schemars(example = &"Ring twice.")]
    notes: String,
}

/// The account that the order belongs to.
#[derive(JsonSchema, Serialize)]
pub(super) struct CustomerBody {
    #[schemars(range(min = 1))]
    id: u64,
    #[schemars(with = "Email")]
    email: String,
    #[schemars(example = &"Jane")]
    first_name: String,
    #[schemars(example = &"Smith")]
    last_name: String,
    #[serde(skip)]
    profile: Profile,
}

/// Contact data of the profile, for orders without a recipient of their own.
#[derive(Default)]
struct Profile {
    phone_number: String,
    address: AddressBody,
}

/// The recipient of an order. Unknown members are empty.
#[derive(Default, JsonSchema, Serialize)]
struct RecipientBody {
    #[schemars(example = &"Jane")]
    first_name: String,
    #[schemars(example = &"Smith")]
    last_name: String,
    #[schemars(example = &"jane@example.com")]
    email: String,
    #[schemars(example = &"+49 30 1234")]
    phone_number: String,
}

/// An address. Unknown members are empty.
#[derive(Clone, Default, JsonSchema, Serialize)]
struct AddressBody {
    /// As the customer wrote it. Contracts that ask for no city put the whole address here.
    #[schemars(example = &"1 Market Square")]
    street: String,
    #[schemars(example = &"10115")]
    postcode: String,
    #[schemars(example = &"Berlin")]
    city: String,
}

fn payment_state(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "enum": ["unpaid", "paid", "partly_refunded", "refunded"],
    })
}

impl StoreOrderBody {
    pub(super) fn new(id: OrderId, order: Order, currency: Currency) -> Self {
        Self {
            id: id.get(),
            number: order.number,
            version: order.version,
            status: order.status.word(),
            payment: PaymentBody::new(order.is_paid, order.refunded),
            currency: currency.code().to_owned(),
            lines: order.lines.into_iter().map(LineBody::new).collect(),
            total: order.total.minor_units(),
            placed_at: order.created_at.to_string(),
            updated_at: order.updated_at.to_string(),
            expires_at: order.expires_at.map(|time| time.to_string()),
        }
    }
}

impl PaymentBody {
    fn new(is_paid: bool, refunded: Money) -> Self {
        let status = match (is_paid, refunded > Money::ZERO) {
            (true, false) => "paid",
            (true, true) => "partly_refunded",
            (false, true) => "refunded",
            (false, false) => "unpaid",
        };
        Self { status, refunded: refunded.minor_units() }
    }
}

impl LineBody {
    fn new(line: OrderLine) -> Self {
        Self {
            id: line.id.get(),
            product_id: line.product.get(),
            unit_price: line.unit_price.minor_units(),
            quantity: line.quantity.get(),
            subtotal: line.subtotal().minor_units(),
            name: line.product_name,
        }
    }
}

impl CustomerBody {
    pub(super) fn new(id: UserId, user: User) -> Self {
        let address = AddressBody {
            street: user.address.unwrap_or_default(),
            postcode: user.postcode.unwrap_or_default(),
            city: user.city.unwrap_or_default(),
        };
        let phone_number = user.phone_number.unwrap_or_default();
        Self {
            id: id.get(),
            email: user.email.to_string(),
            first_name: user.first_name,
            last_name: user.last_name,
            profile: Profile { phone_number, address },
        }
    }
}

impl AdminOrderBody {
    pub(super) fn new(
        id: OrderId,
        mut order: Order,
        customer: Option<CustomerBody>,
        currency: Currency,
    ) -> Self {
        let shipping = std::mem::take(&mut order.shipping_address);
        let billing = std::mem::take(&mut order.billing_address);
        let own = order.recipient.take();
        let (recipient, shipping_address, billing_address, notes) = match own {
            Some(own) => {
                let address = |street| {
                    let (postcode, city) = (own.postcode.clone(), own.city.clone());
                    AddressBody { street, postcode, city }
                };
                let (shipping, billing) = (address(shipping), address(billing));
                let recipient = RecipientBody {
                    first_name: own.first_name,
                    last_name: own.last_name,
                    email: own.email,
                    phone_number: own.phone_number,
                };
                (recipient, shipping, billing, own.notes)
            }
            None => {
                let recipient = customer.as_ref().map(RecipientBody::of_profile);
                let profile = customer.as_ref().map(|customer| &customer.profile.address);
                let address = |street: String| match profile {
                    Some(profile) if street.is_empty() => profile.clone(),
                    _ => AddressBody { street, ..AddressBody::default() },
                };
                let (shipping, billing) = (address(shipping), address(billing));
                (recipient.unwrap_or_default(), shipping, billing, String::new())
            }
        };
        Self {
            customer,
            recipient,
            shipping_address,
            billing_address,
            notes,
            order: StoreOrderBody::new(id, order, currency),
        }
    }
}

impl RecipientBody {
    /// The customer, for an order without a recipient of its own.
    fn of_profile(customer: &CustomerBody) -> Self {
        Self {
            first_name: customer.first_name.clone(),
            last_name: customer.last_name.clone(),
            email: customer.email.clone(),
            phone_number: customer.profile.phone_number.clone(),
        }
    }
}
