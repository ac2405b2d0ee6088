//! Rows of the outbox, for the fixtures.

use super::identity::{Generation, StoreIdentity};
use super::marks::{StreamMark, StreamMarks};
use super::row::{
    Cause, MailContent, OrderEvent, OrderMail, OrderSnapshot, Outgoing, PaymentEvent,
    PaymentSnapshot, ProductEvent, ProductSnapshot, UserEvent,
};
use super::stored::{ACKNOWLEDGED, CURSORS, IDENTITY, MARKS, ROWS, SENT};
use super::{ListedOrder, NewOrder, OutboxRow};
use crate::fixtures::{Example, TIME, id, text};
use crate::orders;
use souk_domain::{
    Money, OrderId, OrderStatus, PaymentId, PaymentStatus, ProductId, Role, UnixMillis, UserId,
};

pub(crate) fn rows() -> Vec<Example> {
    let identity = |generations, start, start_before| StoreIdentity {
        id: text("4f1c22a0"),
        generations,
        start,
        start_before,
    };
    let generation = Generation {
        id: text("9be3d8710000"),
        began_at: TIME,
        counted: vec![(text("outbox"), 300), (text("payment"), 7)],
    };
    let mark = StreamMark { made_at_nanos: 1_700_000_000_000_000_123, sequence: 301, row: 300 };
    let marks = StreamMarks { events: Some(mark), mails: None };
    let twice = vec![generation.clone(), generation];
    let (start, start_before) = (Some(text("77aa")), Some(text("0b1c")));
    let mut rows = vec![
        Example::of(CURSORS, "the broker's", &text("broker"), &300),
        Example::of(ACKNOWLEDGED, "up to where in a minute", &(1, 28_333_333), &300),
        Example::of(IDENTITY, "never put back", &0, &identity(Vec::new(), None, None)),
        Example::of(IDENTITY, "put back twice", &0, &identity(twice, start, start_before)),
        Example::of(SENT, "sent before an older one", &300, &()),
        Example::of(MARKS, "nothing was published", &0, &StreamMarks::default()),
        Example::of(MARKS, "an event was published", &0, &marks),
    ];
    let outgoing = [order_events(), other_events(), causes(), contents()].concat();
    for (number, outgoing) in (1..).zip(outgoing) {
        let what = what(&outgoing);
        rows.push(Example::of(ROWS, &what, &number, &OutboxRow { time: TIME, outgoing }));
    }
    rows
}

fn what(outgoing: &Outgoing) -> String {
    match outgoing {
        Outgoing::Order { what, .. } => format!("order {}", what.word()),
        Outgoing::Payment { what, .. } => format!("payment {}", what.word()),
        Outgoing::Product { what, .. } => format!("product {}", what.word()),
        Outgoing::User { what, .. } => format!("user {}", what.word()),
        Outgoing::Mail { cause, content, .. } => {
            format!("mail {} about {cause:?}", content.template())
        }
    }
}

fn order_events() -> Vec<Outgoing> {
    let snapshot = |number: usize, what| {
        let status = OrderStatus::ALL[number % OrderStatus::ALL.len()];
        OrderSnapshot {
            number: text("ORD-0000000300"),
            customer: (number > 0).then(|| id(UserId::new, 200)),
            status,
            previous_status: (what != OrderEvent::Placed).then_some(OrderStatus::Pending),
            is_paid: number > 2,
            lines: if number == 1 { Vec::new() } else { orders::examples::lines() },
            total: Money::from_minor_units(2_001),
            refunded: Money::from_minor_units(300),
            created_at: TIME,
            updated_at: UnixMillis::new(TIME.get() + 1),
        }
    };
    let event = |(number, what)| Outgoing::Order {
        order: id(OrderId::new, 300),
        version: 129,
        what,
        snapshot: snapshot(number, what),
    };
    OrderEvent::ALL.into_iter().enumerate().map(event).collect()
}

fn other_events() -> Vec<Outgoing> {
    let payment = |what| Outgoing::Payment {
        payment: id(PaymentId::new, 129),
        version: 1,
        what,
        snapshot: PaymentSnapshot {
            order: id(OrderId::new, 300),
            amount: Money::from_minor_units(2_001),
            status: PaymentStatus::Succeeded,
            intent: (what != PaymentEvent::Created).then(|| text("pi_1")),
            refunded: Money::from_minor_units(300),
        },
    };
    let product = |what| Outgoing::Product {
        product: id(ProductId::new, 300),
        version: 2,
        what,
        snapshot: ProductSnapshot {
            name: text("Lamp"),
            sell_price: Money::from_minor_units(1_000),
            available: what != ProductEvent::Deleted,
            sellable: 129,
        },
    };
    let user = |what| Outgoing::User {
        user: id(UserId::new, 200),
        version: 3,
        what,
        role: if what == UserEvent::Closed { Role::Administrator } else { Role::Customer },
    };
    let mut events: Vec<Outgoing> = PaymentEvent::ALL.into_iter().map(payment).collect();
    events.extend(ProductEvent::ALL.into_iter().map(product));
    events.extend(UserEvent::ALL.into_iter().map(user));
    events
}

/// A mail for every cause.
fn causes() -> Vec<Outgoing> {
    let (order, user) = (id(OrderId::new, 300), id(UserId::new, 200));
    let causes = [
        Cause::Order(order, 129),
        Cause::User(user, 1),
        Cause::Payment(id(PaymentId::new, 129), 2),
        Cause::PasswordReset(user, 3),
        Cause::LowStock(id(ProductId::new, 300), 4, user),
        Cause::NewOrder(order, user),
        Cause::OrderDigest(order, user),
    ];
    let welcome = MailContent::Welcome { customer_name: text("Ann") };
    causes.map(|cause| mail(cause, welcome.clone())).to_vec()
}

/// A mail with every content.
fn contents() -> Vec<Outgoing> {
    let about_order = |template| MailContent::Order {
        template,
        order_number: text("ORD-0000000300"),
        customer_name: text("Ann"),
        shipping_address: text("Main Street 1"),
        lines: orders::examples::lines(),
        total: Money::from_minor_units(2_001),
        reason: text("out of stock"),
        refunded: (template == OrderMail::Refunded).then_some(Money::from_minor_units(300)),
    };
    let listed = ListedOrder {
        number: text("ORD-0000000300"),
        customer_name: text("Ann"),
        city: text("Aarhus"),
        total: Money::from_minor_units(2_001),
        placed_at: TIME,
    };
    let new_order = NewOrder {
        number: text("ORD-0000000300"),
        customer_name: text("Ann"),
        email: text("ann@example.com"),
        phone_number: text("+45 1234"),
        shipping_address: text("Main Street 1"),
        postcode: text("8000"),
        city: text("Aarhus"),
        notes: text("Ring twice"),
        lines: orders::examples::lines(),
        total: Money::from_minor_units(2_001),
    };
    let mut contents: Vec<MailContent> = OrderMail::ALL.into_iter().map(about_order).collect();
    contents.extend([
        MailContent::PasswordReset { customer_name: String::new(), link: text("https://a.b/r") },
        MailContent::LowStock { product_name: text("Lamp"), sellable: 4 },
        MailContent::NewOrder(Box::new(new_order)),
        MailContent::OrderDigest(vec![listed.clone(), listed]),
    ]);
    let cause = Cause::Order(id(OrderId::new, 300), 1);
    contents.into_iter().map(|content| mail(cause, content)).collect()
}

fn mail(cause: Cause, content: MailContent) -> Outgoing {
    Outgoing::Mail { cause, to: text("ann@example.com"), content }
}
