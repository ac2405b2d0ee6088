//! 32: the report.

use super::refusals::{Problem, error};
use crate::app::App;
use crate::edge::{Answer, Call};
use http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;
use souk_actors::{orders, payments};
use std::sync::Arc;

#[derive(Serialize)]
struct SummaryBody {
    total_orders: u64,
    /// A number with the currency's decimals, written as such: no float in between.
    total_revenue: Box<RawValue>,
    paid_orders: u64,
    pending_orders: u64,
}

pub(super) async fn summary(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    if !app.visitor(&call)?.caller.is_administrator() {
        return Err(error(StatusCode::FORBIDDEN, "Only admins can access reports").into());
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
