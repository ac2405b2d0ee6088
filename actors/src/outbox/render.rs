//! Renders a row as a message: CloudEvents 1.0 in structured JSON. The same row always gives the
//! same message.

use super::owner_mail::{NewOrderContext, OrderDigestContext};
use super::row::{Cause, MailContent, OutboxRow, Outgoing};
use super::schemas::SCHEMA_PREFIX;
use super::wire::{
    CloudEvent, LineBody, LowStockContext, MailData, MoneyBody, OrderBody, OrderContext, OrderData,
    PaymentBody, PaymentData, ProductBody, ProductData, ResetContext, UserBody, UserData,
    WelcomeContext, line_context,
};
use super::{Message, Stream};
use serde::Serialize;
use serde_json::Value;
use souk_domain::text::{greeting_name, has_link, mail_line, mail_lines};
use souk_domain::{Currency, Money, OrderLine};

/// The subject and type of an event.
struct Naming {
    kind: &'static str,
    aggregate: String,
    version: u64,
    what: &'static str,
}

pub(super) fn render(
    sequence: u64,
    row: &OutboxRow,
    store: String,
    currency: Currency,
    order_link: Option<String>,
) -> Message {
    let (naming, data) = describe(&row.outgoing, currency, order_link);
    let Naming { kind, aggregate, version, what } = naming;
    let is_mail = matches!(row.outgoing, Outgoing::Mail { .. });
    // One change sends a mail to each administrator: their ids must differ.
    let reader = match row.outgoing {
        Outgoing::Mail {
            cause:
                Cause::LowStock(_, _, user) | Cause::NewOrder(_, user) | Cause::OrderDigest(_, user),
            ..
        } => format!(".{user}"),
        _ => String::new(),
    };
    let (stream, id, nats_subject, event_type) = if is_mail {
        (
            Stream::Notify,
            format!("{store}.{aggregate}.{version}.mail.{what}{reader}"),
            format!("souk.notify.v1.email.{what}"),
            format!("souk.notify.email.{what}.v1"),
        )
    } else {
        (
            Stream::Events,
            format!("{store}.{aggregate}.{version}"),
            format!("souk.event.v1.{aggregate}.{what}"),
            format!("souk.{kind}.{what}.v1"),
        )
    };
    let event = CloudEvent {
        specversion: "1.0",
        id: &id,
        source: format!("urn:souk:{store}"),
        dataschema: format!("{SCHEMA_PREFIX}{event_type}"),
        r#type: event_type,
        subject: &aggregate,
        time: row.time.to_string(),
        datacontenttype: "application/json",
        partitionkey: &aggregate,
        data,
    };
    let body = serde_json::to_vec(&event).expect("strings and numbers always become JSON");
    Message { sequence, store, stream, subject: nats_subject, id, body }
}

fn describe(
    outgoing: &Outgoing,
    currency: Currency,
    order_link: Option<String>,
) -> (Naming, Value) {
    let money = |amount: Money| MoneyBody::of(amount, currency);
    match outgoing {
        Outgoing::Order { order, version, what, snapshot } => {
            let order_after = OrderBody {
                id: order.get(),
                order_number: snapshot.number.clone(),
                customer_id: snapshot.customer.map(|customer| customer.get()),
                status: snapshot.status.word(),
                is_paid: snapshot.is_paid,
                lines: snapshot.lines.iter().map(|line| line_body(line, currency)).collect(),
                total: money(snapshot.total),
                refunded: money(snapshot.refunded),
                created_at: snapshot.created_at.to_string(),
                updated_at: snapshot.updated_at.to_string(),
            };
            let previous_status = snapshot.previous_status.map(|status| status.word());
            let data = OrderData { version: *version, previous_status, order: order_after };
            (named("order", order, *version, what.word()), json(data))
        }
        Outgoing::Payment { payment, version, what, snapshot } => {
            let payment_after = PaymentBody {
                id: payment.get(),
                order_id: snapshot.order.get(),
                amount: money(snapshot.amount),
                status: snapshot.status.word(),
                gateway_intent: snapshot.intent.clone(),
                refunded: money(snapshot.refunded),
            };
            let data = PaymentData { version: *version, payment: payment_after };
            (named("payment", payment, *version, what.word()), json(data))
        }
        Outgoing::Product { product, version, what, snapshot } => {
            let product_after = ProductBody {
                id: product.get(),
                name: snapshot.name.clone(),
                price: money(snapshot.sell_price),
                available: snapshot.available,
                stock: snapshot.sellable,
            };
            let data = ProductData { version: *version, product: product_after };
            (named("product", product, *version, what.word()), json(data))
        }
        Outgoing::User { user, version, what, role } => {
            let user_after = UserBody { id: user.get(), role: role.user_type() };
            let data = UserData { version: *version, user: user_after };
            (named("user", user, *version, what.word()), json(data))
        }
        Outgoing::Mail { cause, to, content } => {
            let what = content.template();
            let naming = match cause {
                Cause::Order(order, version) => named("order", order, *version, what),
                Cause::User(user, version) => named("user", user, *version, what),
                Cause::PasswordReset(user, number) => named("user", user, *number, what),
                Cause::LowStock(product, version, _) => named("product", product, *version, what),
                Cause::Payment(payment, version) => named("payment", payment, *version, what),
                // An order is new only once, at its first version.
                Cause::NewOrder(order, _) | Cause::OrderDigest(order, _) => {
                    named("order", order, 1, what)
                }
            };
            let data =
                MailData { to: to.clone(), context: mail_context(content, currency, order_link) };
            (naming, json(data))
        }
    }
}

fn json(data: impl Serialize) -> Value {
    serde_json::to_value(data).expect("strings and numbers always become JSON")
}

fn line_body(line: &OrderLine, currency: Currency) -> LineBody {
    LineBody {
        id: line.id.get(),
        product_id: line.product.get(),
        name: line.product_name.clone(),
        unit_price: MoneyBody::of(line.unit_price, currency),
        quantity: line.quantity.get(),
        subtotal: MoneyBody::of(line.subtotal(), currency),
    }
}

fn named(
    kind: &'static str,
    id: impl std::fmt::Display,
    version: u64,
    what: &'static str,
) -> Naming {
    Naming { kind, aggregate: format!("{kind}.{id}"), version, what }
}

/// A customer's text, or nothing if it contains a link: the recipient may be a stranger to the
/// customer.
fn without_links(text: &str) -> String {
    if has_link(text) { String::new() } else { mail_lines(text) }
}

/// The values for a template. They are safe whatever is stored, because the owner may edit the
/// templates. Names are single lines, and a greeting uses a name only if it plainly is one.
fn mail_context(content: &MailContent, currency: Currency, order_link: Option<String>) -> Value {
    match content {
        MailContent::Welcome { customer_name } => {
            json(WelcomeContext { customer_name: greeting_name(customer_name) })
        }
        MailContent::PasswordReset { customer_name, link } => json(ResetContext {
            customer_name: greeting_name(customer_name),
            link: link.clone(),
            hours_valid: crate::users::RESET_LIFETIME.as_secs() / 3_600,
        }),
        MailContent::NewOrder(order) => json(NewOrderContext::new(order, currency)),
        MailContent::OrderDigest(orders) => json(OrderDigestContext::new(orders, currency)),
        MailContent::LowStock { product_name, sellable } => {
            json(LowStockContext { product_name: mail_line(product_name), sellable: *sellable })
        }
        MailContent::Order {
            template: _,
            order_number,
            customer_name,
            shipping_address,
            lines,
            total,
            reason,
            refunded,
        } => json(OrderContext {
            order_number: order_number.clone(),
            customer_name: greeting_name(customer_name),
            shipping_address: without_links(shipping_address),
            lines: lines.iter().map(|line| line_context(line, currency)).collect(),
            total: currency.format(*total),
            currency: currency.code().to_owned(),
            reason: mail_lines(reason),
            refunded: refunded.map(|amount| currency.format(amount)),
            link: order_link,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::{OrderEvent, OrderMail, OrderSnapshot};
    use serde_json::json;
    use souk_domain::{OrderId, OrderStatus, UnixMillis};

    #[test]
    fn an_order_event_is_a_cloud_event_and_always_the_same() {
        let row = OutboxRow {
            time: UnixMillis::new(1_704_067_200_000),
            outgoing: Outgoing::Order {
                order: OrderId::new(17).expect("positive"),
                version: 1,
                what: OrderEvent::Placed,
                snapshot: OrderSnapshot {
                    number: "ORD-1".to_owned(),
                    customer: None,
                    status: OrderStatus::Pending,
                    previous_status: None,
                    is_paid: false,
                    lines: Vec::new(),
                    total: Money::from_minor_units(1999),
                    refunded: Money::ZERO,
                    created_at: UnixMillis::new(0),
                    updated_at: UnixMillis::new(0),
                },
            },
        };
        let render = || render(5, &row, "s1".to_owned(), Currency::USD, None);
        let message = render();
        assert_eq!(message, render());
        assert_eq!(message.subject, "souk.event.v1.order.17.placed");
        assert_eq!(message.id, "s1.order.17.1");
        let body: Value = serde_json::from_slice(&message.body).expect("JSON");
        assert_eq!(body["type"], "souk.order.placed.v1");
        assert_eq!(body["id"], "s1.order.17.1");
        assert_eq!(body["time"], "2024-01-01T00:00:00.000Z");
        assert_eq!(body["data"]["order"]["total"], json!({"amount": 1999, "currency": "USD"}));
    }

    #[test]
    fn mails_are_safe_with_rows_of_earlier_versions() {
        let context = |content: MailContent| mail_context(&content, Currency::USD, None);
        for end in ["\r\n", "\t", "\u{7}", "\u{2028}"] {
            let product_name = format!("Lamp{end}brass{end}");
            let low = context(MailContent::LowStock { product_name, sellable: 3 });
            assert_eq!(low["product_name"], "Lamp brass");
            let welcome = context(MailContent::Welcome { customer_name: format!("Ann{end}Lee") });
            assert_eq!(welcome["customer_name"], "Ann Lee");
        }
        let customer_name = "winner\r\n\r\nhttps://evil.example".to_owned();
        assert_eq!(context(MailContent::Welcome { customer_name })["customer_name"], "");
        let order = |shipping_address: &str| {
            let content = MailContent::Order {
                template: OrderMail::Placed,
                order_number: "ORD-1".to_owned(),
                customer_name: "Ann".to_owned(),
                shipping_address: shipping_address.to_owned(),
                lines: Vec::new(),
                total: Money::ZERO,
                reason: "one\r\ntwo\u{7}".to_owned(),
                refunded: None,
            };
            context(content)
        };
        let context = order("1 Old Street\r\nTown\u{202e}");
        assert_eq!(
            (&context["shipping_address"], &context["reason"]),
            (&json!("1 Old Street\nTown"), &json!("one\ntwo"))
        );
        assert_eq!(order("see www.evil.example")["shipping_address"], "");
    }
}
