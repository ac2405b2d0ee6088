//! How an order stands, for whoever has the link of its mails. The page has no name and no address
//! on it: the link may be passed on.

use crate::app::{App, could_not};
use crate::edge::{Answer, Call, standard};
use crate::pages::{self, Page};
use http::StatusCode;
use serde::Serialize;
use souk_actors::orders::{self, Order};
use souk_actors::store::StoreError;
use souk_domain::{Currency, Money, OrderId, OrderStatus};
use std::sync::Arc;

/// Where the link of the mails leads.
pub(super) const PATH: &str = "/orders/{id}/";

/// An order as a page shows it.
#[derive(Serialize)]
pub(super) struct OrderCard {
    number: String,
    placed_on: String,
    status: String,
    payment: &'static str,
    lines: Vec<LineCard>,
    total: String,
    currency: String,
    /// Empty where nothing went back.
    refunded: String,
}

#[derive(Serialize)]
struct LineCard {
    name: String,
    quantity: u32,
    unit_price: String,
    subtotal: String,
}

#[derive(Serialize)]
struct OrderPage {
    paragraphs: [&'static str; 1],
    order: OrderCard,
}

impl OrderCard {
    /// The order with what was bought.
    fn new(order: &Order, currency: Currency) -> Self {
        let line = |line: &souk_domain::OrderLine| LineCard {
            name: line.product_name.clone(),
            quantity: line.quantity.get(),
            unit_price: currency.format(line.unit_price),
            subtotal: currency.format(line.subtotal()),
        };
        let lines = order.lines.iter().map(line).collect();
        Self { lines, ..Self::without_lines(order, currency) }
    }

    /// The order without what was bought.
    pub(super) fn without_lines(order: &Order, currency: Currency) -> Self {
        let has_refund = order.refunded > Money::ZERO;
        Self {
            number: order.number.clone(),
            // The date of an RFC 3339 time.
            placed_on: order.created_at.to_string().chars().take(10).collect(),
            status: capitalised(order.status.word()),
            payment: payment_word(order.is_paid, has_refund),
            lines: Vec::new(),
            total: currency.format(order.total),
            currency: currency.code().to_owned(),
            refunded: if has_refund { currency.format(order.refunded) } else { String::new() },
        }
    }
}

fn payment_word(is_paid: bool, has_refund: bool) -> &'static str {
    match (is_paid, has_refund) {
        (true, false) => "Paid",
        (true, true) => "Paid, a part was given back",
        (false, true) => "Given back",
        (false, false) => "Not paid",
    }
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(word.len().min(1));
    first.to_ascii_uppercase() + rest
}

fn sentence(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::Pending => "We have your order.",
        OrderStatus::Processing | OrderStatus::Completed => "We are preparing your order.",
        OrderStatus::Shipped => "Your order is on its way to you.",
        OrderStatus::Delivered => "Your order has arrived.",
        OrderStatus::Cancelled => "Your order was cancelled and will not be sent.",
    }
}

impl App {
    /// The order of a link, if the token is its own. Whoever has another one is not told whether
    /// there is such an order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn order_of_link(
        &self,
        id: OrderId,
        token: &str,
    ) -> Result<Option<Order>, StoreError> {
        let order = orders::order(&*self.shop.store.snapshot(), id)?;
        Ok(order.filter(|order| self.order_seal.is_token_of(id, order, token)))
    }
}

pub(super) async fn show(app: Arc<App>, call: Call) -> Answer {
    let not_found = || pages::instead_of(standard::not_found(), &app.shop_name);
    let Ok(id) = call.id("id", OrderId::parse) else { return not_found() };
    let token = call.request.query("token").unwrap_or_default();
    let order = match app.order_of_link(id, token) {
        Ok(Some(order)) => order,
        Ok(None) => return not_found(),
        Err(error) => return pages::instead_of(could_not(&error.into()), &app.shop_name),
    };
    let title = format!("Order {}", order.number);
    let page = Page { shop_name: &app.shop_name, title: &title, template: "order.html" };
    let card = OrderCard::new(&order, app.shop.settings.currency);
    let shown = OrderPage { paragraphs: [sentence(order.status)], order: card };
    page.private(StatusCode::OK, &shown)
}
