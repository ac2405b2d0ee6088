//! 32: the report.

use super::refusals::{Problem, error};
use crate::app::App;
use crate::edge::values::MoneyNumber;
use crate::edge::{Answer, Call};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use souk_actors::{orders, payments};
use std::sync::Arc;

/// The numbers of the report.
#[derive(JsonSchema, Serialize)]
pub(super) struct SummaryBody {
    /// Orders that were placed and not deleted.
    total_orders: u64,
    /// The amount paid less the amount refunded. Written with the currency's decimals, without a
    /// conversion to a float.
    #[schemars(with = "MoneyNumber")]
    total_revenue: Box<RawValue>,
    paid_orders: u64,
    pending_orders: u64,
}

pub(super) async fn summary(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    if !app.visitor(&call)?.caller.is_administrator() {
        return Err(only_administrators().into());
    }
    let snapshot = app.shop.store.snapshot();
    let summary = orders::summary(&*snapshot)?;
    let revenue = app.shop.settings.currency.format(payments::revenue(&*snapshot)?);
    Ok(Answer::ok(&SummaryBody {
        total_orders: summary.orders,
        total_revenue: RawValue::from_string(revenue).expect("an amount is a JSON number"),
        paid_orders: summary.paid,
        pending_orders: summary.pending,
    }))
}

/// The error for everybody else.
pub(super) fn only_administrators() -> Answer {
    error(StatusCode::FORBIDDEN, "Only admins can access reports")
}
