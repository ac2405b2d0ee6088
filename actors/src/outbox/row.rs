//! The content of an outbox row: a change that was made, or a mail to send.

use super::owner_mail::{ListedOrder, NewOrder};
use souk_domain::{
    Money, OrderId, OrderLine, OrderStatus, PaymentId, PaymentStatus, ProductId, Role, UnixMillis,
    UserId,
};

/// An event or mail, with the time of its change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OutboxRow {
    /// When the change was made.
    pub time: UnixMillis,
    /// The event or mail to send.
    pub outgoing: Outgoing,
}

/// An event or a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// Something happened to an order.
    Order {
        /// The order's id.
        order: OrderId,
        /// 1, 2, 3 … per order, without a gap.
        version: u64,
        /// What happened.
        what: OrderEvent,
        /// The order after the change.
        snapshot: OrderSnapshot,
    },
    /// Something happened to a payment.
    Payment {
        /// The payment's id.
        payment: PaymentId,
        /// 1, 2, 3 … per payment.
        version: u64,
        /// What happened.
        what: PaymentEvent,
        /// The payment after the change.
        snapshot: PaymentSnapshot,
    },
    /// Something happened to a product.
    Product {
        /// The product's id.
        product: ProductId,
        /// 1, 2, 3 … per product.
        version: u64,
        /// What happened.
        what: ProductEvent,
        /// The product after the change.
        snapshot: ProductSnapshot,
    },
    /// Something happened to a user.
    User {
        /// The user's id.
        user: UserId,
        /// 1, 2, 3 … per user.
        version: u64,
        /// What happened.
        what: UserEvent,
        /// The user's role after the change.
        role: Role,
    },
    /// A mail to send.
    Mail {
        /// What caused the mail; the cause and the template make up the mail's id.
        cause: Cause,
        /// The recipient's address.
        to: String,
        /// The template and its values.
        content: MailContent,
    },
}

/// The change a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// An order at a version.
    Order(OrderId, u64),
    /// A user at a version.
    User(UserId, u64),
    /// A payment at a version.
    Payment(PaymentId, u64),
    /// A user's request for a new password, by its number.
    PasswordReset(UserId, u64),
    /// A product's stock at a version, mailed to one administrator.
    LowStock(ProductId, u64, UserId),
    /// A new order, mailed to one administrator.
    NewOrder(OrderId, UserId),
    /// Several new orders, mailed to one administrator; the id is the first order's.
    OrderDigest(OrderId, UserId),
}

/// What can happen to an order (design, "NATS subjects and streams").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderEvent {
    /// Placed.
    Placed,
    /// One unit of a product was added.
    LineAdded,
    /// One unit of a product was taken out.
    LineRemoved,
    /// Paid; the snapshot usually says `completed`.
    Paid,
    /// The gateway declined the payment.
    PaymentFailed,
    /// Moved to `processing`.
    Processing,
    /// Moved to `completed` by an administrator, without a payment.
    Completed,
    /// Moved to `shipped`.
    Shipped,
    /// Moved to `delivered`.
    Delivered,
    /// Cancelled, by a person or because it was not paid in time.
    Cancelled,
    /// The money was refunded.
    Refunded,
    /// Deleted.
    Deleted,
}

impl OrderEvent {
    /// Every event, for the schemas.
    pub(super) const ALL: [Self; 12] = [
        Self::Placed,
        Self::LineAdded,
        Self::LineRemoved,
        Self::Paid,
        Self::PaymentFailed,
        Self::Processing,
        Self::Completed,
        Self::Shipped,
        Self::Delivered,
        Self::Cancelled,
        Self::Refunded,
        Self::Deleted,
    ];

    /// The last word of the subject.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::LineAdded => "line_added",
            Self::LineRemoved => "line_removed",
            Self::Paid => "paid",
            Self::PaymentFailed => "payment_failed",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
            Self::Refunded => "refunded",
            Self::Deleted => "deleted",
        }
    }
}

/// What can happen to a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentEvent {
    /// An intent was made at the gateway.
    Created,
    /// The money was taken.
    Succeeded,
    /// An attempt was refused.
    Failed,
    /// Money was refunded.
    Refunded,
    /// Canceled at the gateway.
    Canceled,
    /// A refund finally failed, so the shop has its money again.
    RefundFailed,
    /// The customer opened a dispute with the bank.
    Disputed,
    /// The bank decided for the shop.
    DisputeWon,
    /// The bank decided for the customer.
    DisputeLost,
}

impl PaymentEvent {
    /// Every event, for the schemas.
    pub(super) const ALL: [Self; 9] = [
        Self::Created,
        Self::Succeeded,
        Self::Failed,
        Self::Refunded,
        Self::Canceled,
        Self::RefundFailed,
        Self::Disputed,
        Self::DisputeWon,
        Self::DisputeLost,
    ];

    /// The last word of the subject.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Refunded => "refunded",
            Self::Canceled => "canceled",
            Self::RefundFailed => "refund_failed",
            Self::Disputed => "disputed",
            Self::DisputeWon => "dispute_won",
            Self::DisputeLost => "dispute_lost",
        }
    }
}

/// What can happen to a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductEvent {
    /// Created.
    Created,
    /// A field such as its name or price changed.
    Updated,
    /// Deleted.
    Deleted,
    /// The number of sellable units changed.
    StockChanged,
    /// The last unit was sold.
    SoldOut,
    /// Units can be sold again.
    BackInStock,
}

impl ProductEvent {
    /// Every event, for the schemas.
    pub(super) const ALL: [Self; 6] = [
        Self::Created,
        Self::Updated,
        Self::Deleted,
        Self::StockChanged,
        Self::SoldOut,
        Self::BackInStock,
    ];

    /// The last word of the subject.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::StockChanged => "stock_changed",
            Self::SoldOut => "sold_out",
            Self::BackInStock => "back_in_stock",
        }
    }
}

/// What can happen to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserEvent {
    /// Registered.
    Registered,
    /// Changed their profile.
    Updated,
    /// Changed their password.
    PasswordChanged,
    /// Closed their account.
    Closed,
}

impl UserEvent {
    /// Every event, for the schemas.
    pub(super) const ALL: [Self; 4] =
        [Self::Registered, Self::Updated, Self::PasswordChanged, Self::Closed];

    /// The last word of the subject.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Updated => "updated",
            Self::PasswordChanged => "password_changed",
            Self::Closed => "closed",
        }
    }
}

/// An order as other systems see it. It has no address and no name; readers that need those ask the
/// shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderSnapshot {
    /// `ORD-…`.
    pub number: String,
    /// The customer; `None` for guests and closed accounts.
    pub customer: Option<UserId>,
    /// Its state.
    pub status: OrderStatus,
    /// The state before, if the change moved it.
    pub previous_status: Option<OrderStatus>,
    /// Whether the shop has the money.
    pub is_paid: bool,
    /// What was bought.
    pub lines: Vec<OrderLine>,
    /// What it costs.
    pub total: Money,
    /// How much of the paid amount was refunded.
    pub refunded: Money,
    /// When it was placed.
    pub created_at: UnixMillis,
    /// When it last changed.
    pub updated_at: UnixMillis,
}

/// A payment as other systems see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentSnapshot {
    /// The order it pays.
    pub order: OrderId,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub status: PaymentStatus,
    /// The gateway's intent.
    pub intent: Option<String>,
    /// How much of it was refunded.
    pub refunded: Money,
}

/// A product as other systems see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductSnapshot {
    /// Its name.
    pub name: String,
    /// What the customer pays.
    pub sell_price: Money,
    /// True if the shop offers it.
    pub available: bool,
    /// Units that can be sold.
    pub sellable: u64,
}

/// A mail's template and what fills it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailContent {
    /// To a new user.
    Welcome {
        /// The customer's name for the greeting; may be empty.
        customer_name: String,
    },
    /// About an order.
    Order {
        /// One of the order templates.
        template: OrderMail,
        /// `ORD-…`.
        order_number: String,
        /// The customer's name for the greeting; may be empty.
        customer_name: String,
        /// Where the goods go; may be empty.
        shipping_address: String,
        /// What was bought.
        lines: Vec<OrderLine>,
        /// What it costs.
        total: Money,
        /// The reason, if the mail gives one; may be empty.
        reason: String,
        /// The refunded amount, if the mail is about a refund.
        refunded: Option<Money>,
    },
    /// To a user who forgot the password.
    PasswordReset {
        /// The user's name for the greeting; may be empty.
        customer_name: String,
        /// The page to choose a new password.
        link: String,
    },
    /// To an administrator.
    LowStock {
        /// The product's name.
        product_name: String,
        /// Units that can be sold.
        sellable: u64,
    },
    /// To an administrator: a new order.
    NewOrder(Box<NewOrder>),
    /// To an administrator: new orders, oldest first.
    OrderDigest(Vec<ListedOrder>),
}

/// Templates about an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderMail {
    /// Confirms the order.
    Placed,
    /// Confirms the payment.
    Paid,
    /// Announces the shipment.
    Shipped,
    /// Announces the cancellation.
    Cancelled,
    /// Confirms the refund.
    Refunded,
    /// Reports that the payment failed.
    PaymentFailed,
}

impl OrderMail {
    /// Every template, for the schemas.
    pub(super) const ALL: [Self; 6] = [
        Self::Placed,
        Self::Paid,
        Self::Shipped,
        Self::Cancelled,
        Self::Refunded,
        Self::PaymentFailed,
    ];

    /// The template's name.
    #[must_use]
    pub(super) fn template(self) -> &'static str {
        match self {
            Self::Placed => "order_placed",
            Self::Paid => "order_paid",
            Self::Shipped => "order_shipped",
            Self::Cancelled => "order_cancelled",
            Self::Refunded => "order_refunded",
            Self::PaymentFailed => "payment_failed",
        }
    }
}

impl MailContent {
    /// The template's name, the last word of the subject.
    #[must_use]
    pub fn template(&self) -> &'static str {
        match self {
            Self::Welcome { .. } => "welcome",
            Self::PasswordReset { .. } => "password_reset",
            Self::LowStock { .. } => "low_stock",
            Self::NewOrder(_) => "new_order",
            Self::OrderDigest(_) => "order_digest",
            Self::Order { template, .. } => template.template(),
        }
    }
}
