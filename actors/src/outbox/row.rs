//! What an outbox row says: a change that was made, or a mail that somebody should send.

use super::owner_mail::{ListedOrder, NewOrder};
use souk_domain::{
    Money, OrderId, OrderLine, OrderStatus, PaymentId, PaymentStatus, ProductId, Role, UnixMillis,
    UserId,
};

/// One thing that leaves the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OutboxRow {
    /// When the change was made.
    pub time: UnixMillis,
    /// What leaves.
    pub outgoing: Outgoing,
}

/// An event or a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// Something happened to an order.
    Order {
        /// Which.
        order: OrderId,
        /// 1, 2, 3 … per order, without a gap.
        version: u64,
        /// What happened.
        what: OrderEvent,
        /// The order after it.
        snapshot: OrderSnapshot,
    },
    /// Something happened to a payment.
    Payment {
        /// Which.
        payment: PaymentId,
        /// 1, 2, 3 … per payment.
        version: u64,
        /// What happened.
        what: PaymentEvent,
        /// The payment after it.
        snapshot: PaymentSnapshot,
    },
    /// Something happened to a product.
    Product {
        /// Which.
        product: ProductId,
        /// 1, 2, 3 … per product.
        version: u64,
        /// What happened.
        what: ProductEvent,
        /// The product after it.
        snapshot: ProductSnapshot,
    },
    /// Something happened to a user.
    User {
        /// Which.
        user: UserId,
        /// 1, 2, 3 … per user.
        version: u64,
        /// What happened.
        what: UserEvent,
        /// What they may do.
        role: Role,
    },
    /// A mail to send.
    Mail {
        /// What caused it; with the template, this makes its id.
        cause: Cause,
        /// To whom.
        to: String,
        /// Which template, filled with what.
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
    /// A product's stock at a version, told to one administrator.
    LowStock(ProductId, u64, UserId),
    /// A new order, mailed to one administrator.
    NewOrder(OrderId, UserId),
    /// New orders, of which this is the first, mailed to one administrator.
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
    /// The gateway refused to take the money.
    PaymentFailed,
    /// Moved to `processing`.
    Processing,
    /// Moved to `completed` by an administrator, without a payment.
    Completed,
    /// Moved to `shipped`.
    Shipped,
    /// Moved to `delivered`.
    Delivered,
    /// Called off, by whomever or by time.
    Cancelled,
    /// The money went back.
    Refunded,
    /// Deleted.
    Deleted,
}

impl OrderEvent {
    /// Everything that can happen, for the schemas.
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
    /// The money went back.
    Refunded,
    /// Given up.
    Canceled,
    /// Money that had gone back came again: the refund failed in the end.
    RefundFailed,
    /// The customer asked their bank for the money.
    Disputed,
    /// The bank left it with the shop.
    DisputeWon,
    /// The bank took it.
    DisputeLost,
}

impl PaymentEvent {
    /// Everything that can happen, for the schemas.
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
    /// It is new.
    Created,
    /// Its name, price or the like changed.
    Updated,
    /// It is gone.
    Deleted,
    /// More or fewer units can be sold.
    StockChanged,
    /// The last unit went.
    SoldOut,
    /// There are units again.
    BackInStock,
}

impl ProductEvent {
    /// Everything that can happen, for the schemas.
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
    /// Everything that can happen, for the schemas.
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

/// An order as other systems see it. No address, no name: who needs those asks the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderSnapshot {
    /// `ORD-…`.
    pub number: String,
    /// Whose; `None` for guests and closed accounts.
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
    /// What was given back of what was paid.
    pub refunded: Money,
    /// When it was placed.
    pub created_at: UnixMillis,
    /// When it last changed.
    pub updated_at: UnixMillis,
}

/// A payment as other systems see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentSnapshot {
    /// What it pays.
    pub order: OrderId,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub status: PaymentStatus,
    /// The gateway's intent.
    pub intent: Option<String>,
    /// What went back of it.
    pub refunded: Money,
}

/// A product as other systems see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductSnapshot {
    /// Its name.
    pub name: String,
    /// What the customer pays.
    pub sell_price: Money,
    /// Whether the shop offers it.
    pub available: bool,
    /// Units that can be sold.
    pub sellable: u64,
}

/// A mail's template and what fills it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailContent {
    /// To a new user.
    Welcome {
        /// How to address them; may be empty.
        customer_name: String,
    },
    /// About an order.
    Order {
        /// Which of the order templates.
        template: OrderMail,
        /// `ORD-…`.
        order_number: String,
        /// How to address the customer; may be empty.
        customer_name: String,
        /// Where the goods go; may be empty.
        shipping_address: String,
        /// What was bought.
        lines: Vec<OrderLine>,
        /// What it costs.
        total: Money,
        /// Why, where there is a reason to tell; may be empty.
        reason: String,
        /// What went back, where this is about that.
        refunded: Option<Money>,
    },
    /// To somebody who forgot their password.
    PasswordReset {
        /// How to address them; may be empty.
        customer_name: String,
        /// Where a new one can be chosen.
        link: String,
    },
    /// To an administrator.
    LowStock {
        /// What is running low.
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
    /// We have your order.
    Placed,
    /// We have your money.
    Paid,
    /// It is on its way.
    Shipped,
    /// It was called off.
    Cancelled,
    /// You have your money back.
    Refunded,
    /// Your payment did not go through.
    PaymentFailed,
}

impl OrderMail {
    /// Every one of them, for the schemas.
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
