//! Delivers completed orders to the CRM, the longest due first, a few at a time.

use super::post::{AddressPolicy, Poster, SignedRequest};
use super::retry::{RetrySchedule, is_final};
use super::{CrmSettings, until};
use crate::adapters::tasks::{Interruption, Stop};
use crate::error_chain::chain;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use serde::Serialize;
use souk_actors::orders::{self, CrmDelivery, CrmTry, Order, Recipient};
use souk_actors::store::{Snapshot, StoreError};
use souk_actors::users::{self, User};
use souk_actors::{Failure, Shop, clock};
use souk_domain::{Currency, Money, OrderId};
use std::collections::HashSet;

/// Orders in flight at once.
const IN_FLIGHT_MAX: usize = 8;

/// The store has stopped.
#[derive(Debug, thiserror::Error)]
#[error("the store is closed")]
struct StoreClosed;

/// Delivers completed orders to the CRM.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) shop: Shop,
    pub(super) poster: Poster,
    pub(super) settings: CrmSettings,
    pub(super) stop: Stop,
}

impl Caller {
    /// Delivers whatever is due, until `stop`.
    ///
    /// # Errors
    /// [`Interruption`]; undelivered orders are still in the store.
    pub(super) async fn session(self) -> Result<(), Interruption> {
        let this = &self;
        let mut commits = self.shop.store.commits();
        let mut under_way = HashSet::new();
        let mut calls: FuturesUnordered<BoxFuture<'_, (OrderId, Result<(), Failure>)>> =
            FuturesUnordered::new();
        loop {
            commits.borrow_and_update();
            let snapshot = self.shop.store.snapshot();
            let (now, mut next) = (clock::now(), None);
            // Orders in flight are due as well, and may be the first ones.
            for (id, delivery) in orders::crm_due(&snapshot, 2 * IN_FLIGHT_MAX)? {
                let Some(due) = delivery.next_try else { continue };
                if due > now {
                    next = Some(due);
                    break;
                }
                if calls.len() < IN_FLIGHT_MAX && under_way.insert(id) {
                    let message = self.message(&snapshot, id, &delivery)?;
                    calls.push(Box::pin(
                        async move { (id, this.deliver(id, delivery, message).await) },
                    ));
                }
            }
            // A snapshot that stays open keeps old pages from being reused.
            drop(snapshot);
            tokio::select! {
                Some((id, delivered)) = calls.next() => {
                    under_way.remove(&id);
                    delivered?;
                }
                changed = commits.changed() => changed.map_err(|_| StoreClosed)?,
                () = until(next) => {}
                () = self.stop.requested() => return Ok(()),
            }
        }
    }

    fn message(
        &self,
        snapshot: &Snapshot,
        id: OrderId,
        delivery: &CrmDelivery,
    ) -> Result<Option<SignedRequest>, StoreError> {
        let Some(order) = orders::order(snapshot, id)? else { return Ok(None) };
        let customer = match order.customer {
            Some(customer) => users::user(snapshot, customer)?,
            None => None,
        };
        let store = self.shop.outbox.identity()?.at(delivery.since);
        let message_id = format!("{store}.order.{id}.{}", delivery.version);
        let currency = self.shop.settings.currency;
        let message = Message::new(&message_id, id, &order, customer.as_ref(), currency);
        let body = serde_json::to_vec(&message).expect("strings and numbers always become JSON");
        let CrmSettings { url, secret } = self.settings.clone();
        let reach = AddressPolicy::Anywhere;
        let content_type = "application/json";
        let body = Bytes::from(body);
        Ok(Some(SignedRequest { url, reach, id: message_id, secret, content_type, body }))
    }

    /// Makes one delivery try and records its outcome.
    async fn deliver(
        &self,
        id: OrderId,
        delivery: CrmDelivery,
        message: Option<SignedRequest>,
    ) -> Result<(), Failure> {
        let Some(message) = message else { return Ok(()) };
        let posted = self.poster.post(&message).await;
        let (reason, may_try_again) = match posted {
            Ok(status) if status.is_success() => (None, false),
            Ok(status) => (Some(format!("it answered {status}")), !is_final(status)),
            Err(error) => (Some(chain(&error)), true),
        };
        let tries = delivery.tries + 1;
        let next = || RetrySchedule::CRM.next_try(tries, delivery.since, clock::now());
        let outcome = match reason {
            None => CrmTry::Taken,
            Some(reason) => match may_try_again.then(next).flatten() {
                Some(at) => {
                    tracing::warn!(
                        order = id.get(),
                        tries,
                        reason,
                        "an order is sent to the CRM again later"
                    );
                    CrmTry::Again(at)
                }
                None => {
                    tracing::error!(
                        order = id.get(),
                        tries,
                        reason,
                        "gave up sending an order to the CRM"
                    );
                    CrmTry::GivenUp
                }
            },
        };
        let version = delivery.version;
        self.shop
            .turn(move |turn| async move {
                turn.ask(orders::RecordCrmTry { id, version, outcome }).await
            })
            .await
    }
}

/// The message body (docs/integrations.md).
#[derive(Serialize)]
struct Message<'a> {
    id: &'a str,
    r#type: &'static str,
    order: OrderBody<'a>,
}

#[derive(Serialize)]
struct OrderBody<'a> {
    id: u64,
    order_number: &'a str,
    status: &'static str,
    is_paid: bool,
    total: MoneyBody,
    lines: Vec<LineBody<'a>>,
    customer: Option<CustomerBody<'a>>,
    recipient: Option<RecipientBody<'a>>,
    shipping_address: &'a str,
    billing_address: &'a str,
    created_at: String,
    updated_at: String,
}

#[derive(Serialize)]
struct CustomerBody<'a> {
    id: u64,
    email: String,
    first_name: &'a str,
    last_name: &'a str,
}

#[derive(Serialize)]
struct RecipientBody<'a> {
    first_name: &'a str,
    last_name: &'a str,
    phone_number: &'a str,
    email: &'a str,
    city: &'a str,
    postcode: &'a str,
    notes: &'a str,
}

impl<'a> RecipientBody<'a> {
    fn new(recipient: &'a Recipient) -> Self {
        let Recipient { first_name, last_name, phone_number, email, city, postcode, notes } =
            recipient;
        Self { first_name, last_name, phone_number, email, city, postcode, notes }
    }
}

#[derive(Serialize)]
struct LineBody<'a> {
    product_id: u64,
    name: &'a str,
    quantity: u32,
    unit_price: MoneyBody,
    subtotal: MoneyBody,
}

/// An amount in minor units, as in the events.
#[derive(Serialize)]
struct MoneyBody {
    amount: i64,
    currency: String,
}

impl<'a> Message<'a> {
    fn new(
        message_id: &'a str,
        id: OrderId,
        order: &'a Order,
        customer: Option<&'a User>,
        currency: Currency,
    ) -> Self {
        let money = |amount: Money| MoneyBody {
            amount: amount.minor_units(),
            currency: currency.code().to_string(),
        };
        let lines = order.lines.iter().map(|line| LineBody {
            product_id: line.product.get(),
            name: &line.product_name,
            quantity: line.quantity.get(),
            unit_price: money(line.unit_price),
            subtotal: money(line.subtotal()),
        });
        let customer = order.customer.zip(customer).map(|(id, user)| CustomerBody {
            id: id.get(),
            email: user.email.to_string(),
            first_name: &user.first_name,
            last_name: &user.last_name,
        });
        // After an account was closed, the delivery address of its order stays with those who deliver it.
        let is_of_closed_account = order.is_of_closed_account();
        let order = OrderBody {
            id: id.get(),
            order_number: &order.number,
            status: order.status.word(),
            is_paid: order.is_paid,
            total: money(order.total),
            lines: lines.collect(),
            customer,
            recipient: order
                .recipient
                .as_ref()
                .map(RecipientBody::new)
                .filter(|_| !is_of_closed_account),
            shipping_address: if is_of_closed_account { "" } else { &order.shipping_address },
            billing_address: &order.billing_address,
            created_at: order.created_at.to_string(),
            updated_at: order.updated_at.to_string(),
        };
        Self { id: message_id, r#type: "souk.crm.order.v1", order }
    }
}
