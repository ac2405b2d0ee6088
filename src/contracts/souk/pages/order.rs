//! An order's page, for anybody who has the link from its mails. The page shows no name and no
//! address, because the link may be passed on.

use crate::app::{App, OrderCard, failure_answer};
use crate::edge::{Answer, Call, standard};
use crate::pages::{self, Page};
use http::StatusCode;
use serde::Serialize;
use souk_domain::{OrderId, OrderStatus};
use std::sync::Arc;

/// Where the link in the mails leads.
pub(super) const PATH: &str = "/orders/{id}/";

#[derive(Serialize)]
struct OrderPage {
    paragraphs: [&'static str; 1],
    order: OrderCard,
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

pub(super) async fn show(app: Arc<App>, call: Call) -> Answer {
    let not_found = || pages::refusal_page(standard::not_found(), &app.shop_name);
    let Ok(id) = call.id("id", OrderId::parse) else { return not_found() };
    let token = call.request.query("token").unwrap_or_default();
    let order = match app.order_of_link(id, token) {
        Ok(Some(order)) => order,
        Ok(None) => return not_found(),
        Err(error) => return pages::refusal_page(failure_answer(&error.into()), &app.shop_name),
    };
    let title = format!("Order {}", order.number);
    let page = Page { shop_name: &app.shop_name, title: &title, template: "order.html" };
    let card = OrderCard::new(&order, app.shop.settings.currency);
    let shown = OrderPage { paragraphs: [sentence(order.status)], order: card };
    page.private(StatusCode::OK, &shown)
}
