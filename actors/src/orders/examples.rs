//! Rows of orders, for the fixtures.

use super::order::{CrmSync, Order, OrderSummary, PaymentLink};
use super::stored::{
    BY_CUSTOMER, BY_EXPIRY, CRM, CRM_DUE, CRM_WANTED, GONE, GUESTS_LISTED, GUESTS_UNPAID,
    KEPT_RECIPIENTS, ORDERS, RECIPIENTS_DUE, SUMMARY, TO_ANNOUNCE, TO_FORGET,
};
use super::{CrmDelivery, FormerCustomer, Recipient};
use crate::fixtures::{Example, TIME, id, text};
use crate::payments::Intent;
use crate::{carts, users};
use souk_domain::{
    Money, OrderId, OrderLine, OrderLineId, OrderStatus, PaymentId, ProductId, Quantity,
    UnixMillis, UserId,
};

pub(crate) fn rows() -> Vec<Example> {
    let (order, customer) = (id(OrderId::new, 300), id(UserId::new, 200));
    let summary = OrderSummary { orders: 300, paid: 200, pending: 100 };
    let mut rows = orders();
    rows.extend([
        Example::of(GONE, "a deleted order", &order, &guests_order()),
        Example::of(BY_CUSTOMER, "an order of a customer", &(customer, order), &()),
        Example::of(BY_EXPIRY, "when an order expires", &(TIME, order), &()),
        Example::of(GUESTS_UNPAID, "when an order ended", &(TIME, order), &()),
        Example::of(GUESTS_LISTED, "every order is listed", &0, &()),
        Example::of(TO_FORGET, "nothing is kept of them", &customer, &FormerCustomer::default()),
        Example::of(
            TO_FORGET,
            "a whole address",
            &customer,
            &FormerCustomer::of(&users::examples::ann()),
        ),
        Example::of(KEPT_RECIPIENTS, "until when", &order, &TIME),
        Example::of(RECIPIENTS_DUE, "when a recipient is wiped", &(TIME, order), &()),
        Example::of(CRM, "the first try is due", &order, &delivery(0, Some(TIME))),
        Example::of(CRM, "given up", &id(OrderId::new, 1), &delivery(129, None)),
        Example::of(CRM_DUE, "the time of the next attempt", &(TIME, order), &()),
        Example::of(CRM_WANTED, "there is a CRM", &0, &()),
        Example::of(TO_ANNOUNCE, "an order that waits for the digest", &order, &()),
        Example::of(SUMMARY, "before the first order", &0, &OrderSummary::default()),
        Example::of(SUMMARY, "300 orders", &0, &summary),
    ]);
    rows
}

fn delivery(tries: u32, next_try: Option<UnixMillis>) -> CrmDelivery {
    CrmDelivery { version: 300, tries, since: TIME, next_try }
}

/// Orders in every state, unpaid and paid, of guests and customers.
fn orders() -> Vec<Example> {
    let mut rows = vec![Example::of(
        ORDERS,
        "a guest's order with a recipient",
        &id(OrderId::new, 1),
        &guests_order(),
    )];
    let syncs = [None, Some(CrmSync::Pending), Some(CrmSync::Success), Some(CrmSync::Failed)];
    for (number, status) in (2..).zip(OrderStatus::ALL) {
        let intent = (status != OrderStatus::Pending)
            .then(|| Intent { id: text("pi_1"), client_secret: text("pi_1_secret") });
        let order = Order {
            status,
            customer: Some(id(UserId::new, 200)),
            guest: None,
            recipient: None,
            payment: Some(PaymentLink { payment: id(PaymentId::new, 129), intent }),
            crm_sync: syncs[usize::try_from(number).expect("a number") % syncs.len()],
            expires_at: Some(TIME),
            is_paid: number % 2 == 0,
            ..guests_order()
        };
        let what = format!("a customer's order, {}", status.word());
        rows.push(Example::of(ORDERS, &what, &id(OrderId::new, number), &order));
    }
    rows
}

/// An order for tests that need no more than that it is there.
pub(crate) fn any_order() -> Order {
    guests_order()
}

fn guests_order() -> Order {
    Order {
        number: text("ORD-0000000300"),
        customer: None,
        guest: Some(carts::examples::key_hash()),
        status: OrderStatus::Pending,
        is_paid: false,
        recipient: Some(Recipient {
            first_name: text("Ann"),
            last_name: text("Ørsted"),
            phone_number: text("+45 1234"),
            email: text("ann@example.com"),
            city: text("Aarhus"),
            postcode: text("8000"),
            notes: text("Ring twice"),
        }),
        shipping_address: text("Main Street 1"),
        billing_address: text("High Street 2"),
        lines: lines(),
        total: Money::from_minor_units(2_001),
        refunded: Money::from_minor_units(300),
        payment: None,
        crm_sync: None,
        crm_version: 7,
        expires_at: None,
        created_at: TIME,
        updated_at: UnixMillis::new(TIME.get() + 1),
        version: 8,
    }
}

/// The lines of the example orders.
pub(crate) fn lines() -> Vec<OrderLine> {
    let line = |number, name, price, units| OrderLine {
        id: id(OrderLineId::new, number),
        product: id(ProductId::new, number + 1),
        product_name: text(name),
        unit_price: Money::from_minor_units(price),
        quantity: Quantity::new(units).expect("a quantity"),
    };
    vec![line(1, "Lamp", 1_000, 2), line(300, "Øl", 1, 1)]
}
