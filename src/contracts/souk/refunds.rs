//! Refunds: an administrator refunds a paid order, in full or in part. No contract has an operation
//! for it.

use crate::app::{App, Problem, Wording, failure_answer};
use crate::edge::form::{Rule, form, money, text};
use crate::edge::values::{Moment, MoneyText};
use crate::edge::{Answer, Call, Errors, Form, standard};
use schemars::JsonSchema;
use serde::Serialize;
use souk_actors::Failure;
use souk_actors::journeys::paying;
use souk_actors::orders;
use souk_actors::payments::{self, Refund, RefundedBy};
use souk_domain::{Currency, Money, OrderId, Refusal};
use std::sync::Arc;

const REASON_CHARACTERS_MAX: usize = 500;
/// Most refunds in the list of one order.
const REFUNDS_MAX: usize = 1_000;

/// Words the refusals of Souk's own operations.
#[derive(Debug)]
pub(super) struct Souk;

impl Wording for Souk {
    fn answer_for(refusal: Refusal) -> Answer {
        match refusal {
            Refusal::NotFound(_) => standard::not_found(),
            Refusal::RefundTooLarge => too_large().into(),
            Refusal::NothingToRefund => Errors::of("amount", standard::COST_NOTHING).into(),
            refusal => failure_answer(&Failure::from(refusal)),
        }
    }
}

/// A refund.
#[derive(JsonSchema, Serialize)]
pub(super) struct RefundBody {
    #[schemars(range(min = 1))]
    id: u64,
    #[schemars(range(min = 1))]
    order: u64,
    #[schemars(with = "MoneyText")]
    amount: String,
    reason: String,
    status: &'static str,
    #[schemars(with = "Moment")]
    created_at: String,
}

impl RefundBody {
    fn new(order: OrderId, number: u64, refund: Refund, currency: Currency) -> Self {
        Self {
            id: number,
            order: order.get(),
            amount: currency.format(refund.amount),
            reason: refund.reason,
            status: refund.state.word(),
            created_at: refund.created_at.to_string(),
        }
    }
}

/// The refunds of an order, with the amount paid and the amount that can still be refunded.
#[derive(JsonSchema, Serialize)]
pub(super) struct RefundsBody {
    #[schemars(range(min = 1))]
    order: u64,
    #[schemars(with = "MoneyText")]
    paid: String,
    #[schemars(with = "MoneyText")]
    refunded: String,
    #[schemars(with = "MoneyText")]
    refundable: String,
    refunds: Vec<RefundBody>,
}

pub(super) async fn list(app: Arc<App>, call: Call) -> Result<Answer, Problem<Souk>> {
    app.administrator(&call)?;
    let id = call.id("id", OrderId::parse)?;
    let snapshot = app.shop.store.snapshot();
    let order = orders::order(&*snapshot, id)?.ok_or_else(standard::not_found)?;
    let payment = match &order.payment {
        Some(link) => payments::payment(&*snapshot, link.payment)?,
        None => None,
    };
    let currency = app.shop.settings.currency;
    let amount = |of: fn(&payments::Payment) -> Money| {
        currency.format(payment.as_ref().map_or(Money::ZERO, of))
    };
    let refunds = payments::refunds_of(&snapshot, id, REFUNDS_MAX)?;
    let body = |(_, number, refund)| RefundBody::new(id, number, refund, currency);
    Ok(Answer::ok(&RefundsBody {
        order: id.get(),
        paid: amount(|payment| payment.received),
        refunded: amount(|payment| payment.refunded),
        refundable: amount(payments::Payment::left),
        refunds: refunds.into_iter().map(body).collect(),
    }))
}

form! {
    /// The amount to refund, by default all that is left, and the reason.
    pub(super) struct NewRefund(currency: Currency) {
        amount: Option<Money> = nullable(money(currency).then(positive_amount)),
        reason: Option<String> = nullable(text(REASON_CHARACTERS_MAX)),
    }
}

/// The answer reports the decision. The gateway is called afterwards, and again until it succeeds.
pub(super) async fn create(app: Arc<App>, call: Call) -> Result<Answer, Problem<Souk>> {
    let by = RefundedBy::Administrator(app.administrator(&call)?.id());
    let id = call.id("id", OrderId::parse)?;
    let currency = app.shop.settings.currency;
    let mut form = Form::parse(&call.request)?;
    let fields = NewRefund::read(&mut form, currency);
    let NewRefund { amount, reason } = form.finish(fields)?;
    let reason = reason.unwrap_or_default();
    let committed = app.commit(&call, move |turn| async move {
        let (_, number, refund) = paying::request_refund(&turn, id, amount, reason, by).await?;
        Ok(Answer::created(&RefundBody::new(id, number, refund, currency)))
    });
    let answer = committed.await?;
    tokio::spawn(make_refunds(Arc::clone(&app), id));
    Ok(answer)
}

/// The refusal of an amount that is larger than what is left.
pub(super) fn too_large() -> Errors {
    Errors::of("amount", "More than is left of what was paid.")
}

fn positive_amount(amount: Money) -> Result<Money, &'static str> {
    match amount > Money::ZERO {
        true => Ok(amount),
        false => Err("Ensure this value is greater than 0."),
    }
}

async fn make_refunds(app: Arc<App>, order: OrderId) {
    let refunds = payments::refunds_of(&app.shop.store.snapshot(), order, REFUNDS_MAX);
    for (payment, number, _) in refunds.into_iter().flatten() {
        if let Err(failure) = paying::make_refund(&app.shop, payment, number).await {
            tracing::warn!(%failure, %order, "a refund failed; housekeeping will retry it");
        }
    }
}
