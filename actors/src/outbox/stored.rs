//! The tables of the outbox.

use super::identity::{Generation, StoreIdentity};
use super::marks::{StreamMark, StreamMarks};
use super::row::{
    Cause, MailContent, OrderEvent, OrderMail, OrderSnapshot, OutboxRow, Outgoing, PaymentEvent,
    PaymentSnapshot, ProductEvent, ProductSnapshot, UserEvent,
};
use super::{ListedOrder, NewOrder};
use crate::orders::{OrderLineV1, OrderStatusV1};
use crate::payments::PaymentStatusV1;
use crate::store::{Row, Stored, Table, Text, read_all, tables};
use crate::stored;
use crate::users::RoleV1;
use serde::Deserialize;

pub(super) const ROWS: Table<u64, OutboxRow> = Table::new("outbox.rows");
/// By reader: the last row it has acknowledged.
pub(super) const CURSORS: Table<String, u64> = Table::new("outbox.cursors");
/// One row, under key 0.
pub(super) const IDENTITY: Table<u64, StoreIdentity> = Table::new("outbox.identity");
/// By reader and minute since 1970: the last row acknowledged by the end of that minute.
pub(super) const ACKNOWLEDGED: Table<(u64, u64), u64> = Table::new("outbox.acknowledged");
/// Mails after the mailer's cursor that it has finished; only on a store that processes share.
pub(super) const SENT: Table<u64, ()> = Table::new("outbox.sent");
/// One row, under key 0.
pub(super) const MARKS: Table<u64, StreamMarks> = Table::new("outbox.marks");

tables![ROWS, CURSORS, IDENTITY, ACKNOWLEDGED, SENT, MARKS];

/// A store's name and its generations, when the start file named the token before.
#[derive(Deserialize)]
struct StoreIdentityV2<'a> {
    id: Text<'a>,
    generations: Vec<GenerationV2<'a>>,
    start: Option<Text<'a>>,
}

stored! {
    /// An event or mail, with the time of its change.
    pub(super) struct OutboxRowV1<'a> of OutboxRow {
        time: i64,
        outgoing: OutgoingV1<'a>,
    }

    /// An order as other systems see it.
    struct OrderSnapshotV1<'a> of OrderSnapshot {
        number: Text<'a>,
        customer: Option<u64>,
        status: OrderStatusV1,
        previous_status: Option<OrderStatusV1>,
        is_paid: bool,
        lines: Vec<OrderLineV1<'a>>,
        total: i64,
        refunded: i64,
        created_at: i64,
        updated_at: i64,
    }

    /// A payment as other systems see it.
    struct PaymentSnapshotV1<'a> of PaymentSnapshot {
        order: u64,
        amount: i64,
        status: PaymentStatusV1,
        intent: Option<Text<'a>>,
        refunded: i64,
    }

    /// A product as other systems see it.
    struct ProductSnapshotV1<'a> of ProductSnapshot {
        name: Text<'a>,
        sell_price: i64,
        available: bool,
        sellable: u64,
    }

    /// A new order, mailed to an administrator.
    struct NewOrderV1<'a> of NewOrder {
        number: Text<'a>,
        customer_name: Text<'a>,
        email: Text<'a>,
        phone_number: Text<'a>,
        shipping_address: Text<'a>,
        postcode: Text<'a>,
        city: Text<'a>,
        notes: Text<'a>,
        lines: Vec<OrderLineV1<'a>>,
        total: i64,
    }

    /// A new order in a digest.
    struct ListedOrderV1<'a> of ListedOrder {
        number: Text<'a>,
        customer_name: Text<'a>,
        city: Text<'a>,
        total: i64,
        placed_at: i64,
    }

    /// A store's name and its generations. Version 1 was the name alone.
    pub(super) struct StoreIdentityV3<'a> of StoreIdentity {
        id: Text<'a>,
        generations: Vec<GenerationV2<'a>>,
        start: Option<Text<'a>>,
        start_before: Option<Text<'a>>,
    }

    /// The period of a store from one restore to the next.
    struct GenerationV2<'a> of Generation {
        id: Text<'a>,
        began_at: i64,
        counted: Vec<(Text<'a>, u64)>,
    }

    /// One mark for each stream.
    pub struct StreamMarksV1 of StreamMarks {
        events: Option<StreamMarkV1>,
        mails: Option<StreamMarkV1>,
    }

    /// The last message that a stream has confirmed.
    struct StreamMarkV1 of StreamMark {
        made_at_nanos: i64,
        sequence: u64,
        row: u64,
    }
}

stored! {
    /// An event or a mail.
    enum OutgoingV1<'a> of Outgoing {
        Order { order: u64, version: u64, what: OrderEventV1, snapshot: OrderSnapshotV1<'a> },
        Payment {
            payment: u64,
            version: u64,
            what: PaymentEventV1,
            snapshot: PaymentSnapshotV1<'a>,
        },
        Product {
            product: u64,
            version: u64,
            what: ProductEventV1,
            snapshot: ProductSnapshotV1<'a>,
        },
        User { user: u64, version: u64, what: UserEventV1, role: RoleV1 },
        Mail { cause: CauseV1, to: Text<'a>, content: MailContentV1<'a> },
    }

    /// A mail's template and its values.
    enum MailContentV1<'a> of MailContent {
        Welcome { customer_name: Text<'a> },
        Order {
            template: OrderMailV1,
            order_number: Text<'a>,
            customer_name: Text<'a>,
            shipping_address: Text<'a>,
            lines: Vec<OrderLineV1<'a>>,
            total: i64,
            reason: Text<'a>,
            refunded: Option<i64>,
        },
        PasswordReset { customer_name: Text<'a>, link: Text<'a> },
        LowStock { product_name: Text<'a>, sellable: u64 },
        NewOrder(order: Box<NewOrderV1<'a>>),
        OrderDigest(orders: Vec<ListedOrderV1<'a>>),
    }

    /// The change a mail is about.
    enum CauseV1 of Cause {
        Order(order: u64, version: u64),
        User(user: u64, version: u64),
        Payment(payment: u64, version: u64),
        PasswordReset(user: u64, number: u64),
        LowStock(product: u64, version: u64, administrator: u64),
        NewOrder(order: u64, administrator: u64),
        OrderDigest(first: u64, administrator: u64),
    }

    /// The events of an order.
    enum OrderEventV1 of OrderEvent {
        Placed,
        LineAdded,
        LineRemoved,
        Paid,
        PaymentFailed,
        Processing,
        Completed,
        Shipped,
        Delivered,
        Cancelled,
        Refunded,
        Deleted,
    }

    /// The events of a payment.
    enum PaymentEventV1 of PaymentEvent {
        Created,
        Succeeded,
        Failed,
        Refunded,
        Canceled,
        RefundFailed,
        Disputed,
        DisputeWon,
        DisputeLost,
    }

    /// The events of a product.
    enum ProductEventV1 of ProductEvent {
        Created,
        Updated,
        Deleted,
        StockChanged,
        SoldOut,
        BackInStock,
    }

    /// The events of a user.
    enum UserEventV1 of UserEvent {
        Registered,
        Updated,
        PasswordChanged,
        Closed,
    }

    /// Templates about an order.
    enum OrderMailV1 of OrderMail {
        Placed,
        Paid,
        Shipped,
        Cancelled,
        Refunded,
        PaymentFailed,
    }
}

impl Row for OutboxRow {
    type Stored<'a> = OutboxRowV1<'a>;
}

impl Row for StreamMarks {
    type Stored<'a> = StreamMarksV1;
}

impl Row for StoreIdentity {
    const VERSION: u8 = 3;
    type Stored<'a> = StoreIdentityV3<'a>;

    fn read(version: u8, bytes: &[u8]) -> Option<Self> {
        match version {
            1 => {
                let (generations, start, start_before) = (Vec::new(), None, None);
                read_all(bytes).map(|id| Self { id, generations, start, start_before })
            }
            2 => read_all::<StoreIdentityV2<'_>>(bytes)?.upgraded().value(),
            3 => Self::read_newest(bytes),
            _ => None,
        }
    }
}

impl<'a> StoreIdentityV2<'a> {
    fn upgraded(self) -> StoreIdentityV3<'a> {
        let Self { id, generations, start } = self;
        StoreIdentityV3 { id, generations, start, start_before: None }
    }
}
