//! The pages to which the gateway redirects a customer. Programs get the answer that the services
//! document prints; browsers get a page that describes the order.

use super::{App, OrderCard, failure_answer};
use crate::edge::{Answer, Call, VARY_BY_ACCEPT};
use crate::pages::{self, Page};
use http::StatusCode;
use http::header::VARY;
use serde::Serialize;
use souk_actors::orders::{self, Order};
use souk_actors::payments::{self, Payment};
use souk_actors::store::StoreError;
use souk_domain::{Money, OrderStatus, PaymentStatus};

/// The outcome of a payment.
#[derive(Serialize)]
struct PaymentPage {
    paragraphs: Vec<&'static str>,
    order: Option<OrderCard>,
}

impl App {
    /// Answers a redirect from the gateway: programs get `answer`, browsers get a page.
    pub(crate) fn page_or_answer(
        &self,
        call: &Call,
        answer: Result<Answer, impl Into<Answer>>,
    ) -> Answer {
        let answer = answer.unwrap_or_else(Into::into);
        let shown = match call.request.prefers_html() {
            false => answer,
            true if answer.status.is_success() => self.payment_page(call),
            true => pages::refusal_page(answer, &self.shop_name),
        };
        shown.with_header(VARY, VARY_BY_ACCEPT)
    }

    fn payment_page(&self, call: &Call) -> Answer {
        let session = call.request.query("session_id").unwrap_or_default();
        let (title, paragraphs, order) = match self.paid_order(session) {
            Err(error) => {
                let answer = failure_answer(&error.into());
                return pages::refusal_page(answer, &self.shop_name);
            }
            Ok(None) => {
                let text = "You left the page of the payment. If you have not paid, you can \
                            still do so, as long as the order is open.";
                ("Nothing was paid here", vec![text], None)
            }
            Ok(Some((payment, None))) => {
                let text = match payment.received > Money::ZERO {
                    true => "The order of this payment was deleted. What was paid goes back.",
                    false => "The order of this payment was deleted. Nothing was paid for it.",
                };
                ("This order is not there any more", vec![text], None)
            }
            Ok(Some((payment, Some(order)))) => {
                let (title, text) = title_and_text(&payment, &order);
                let card = OrderCard::without_lines(&order, self.shop.settings.currency);
                (title, vec![text], Some(card))
            }
        };
        let page = Page { shop_name: &self.shop_name, title, template: "order.html" };
        page.private(StatusCode::OK, &PaymentPage { paragraphs, order })
    }

    /// The payment of a checkout session, and its order unless that was deleted.
    fn paid_order(&self, session: &str) -> Result<Option<(Payment, Option<Order>)>, StoreError> {
        let snapshot = self.shop.store.snapshot();
        let Some((_, payment)) = payments::by_checkout(&*snapshot, session)? else {
            return Ok(None);
        };
        let order = orders::order(&*snapshot, payment.order)?;
        Ok(Some((payment, order)))
    }
}

/// The title and the text for the recorded state of the payment. The gateway was asked before.
fn title_and_text(payment: &Payment, order: &Order) -> (&'static str, &'static str) {
    let has_paid = payment.received > Money::ZERO;
    match order.status {
        OrderStatus::Cancelled if has_paid => {
            ("Your order was cancelled", "What you paid goes back the way it came.")
        }
        OrderStatus::Cancelled => ("Your order was cancelled", "Nothing was paid for it."),
        _ if order.is_paid => ("Thank you", "Your order is paid."),
        _ if has_paid => (
            "Your order is not paid",
            "What you paid does not pay the order as it is now, so it goes back the way it came.",
        ),
        _ if payment.status == PaymentStatus::Processing => {
            ("Your payment is on its way", "We write to you as soon as it has arrived.")
        }
        _ => ("Your order is not paid yet", "You can still pay it, as long as it is open."),
    }
}
