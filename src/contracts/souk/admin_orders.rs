//! An order for the administrator who packs it.

use super::refusals::{private_answer, unreadable};
use super::wire::{AdminOrderBody, CustomerBody};
use crate::app::App;
use crate::edge::{Answer, Call, standard};
use souk_actors::{orders, users};
use souk_domain::OrderId;
use std::sync::Arc;

pub(super) async fn show(app: Arc<App>, call: Call) -> Answer {
    private_answer(found(&app, &call))
}

fn found(app: &App, call: &Call) -> Result<Answer, Answer> {
    app.administrator(call)?;
    let id = call.id("id", OrderId::parse)?;
    let snapshot = app.shop.store.snapshot();
    let order = orders::order(&*snapshot, id).map_err(unreadable)?;
    let order = order.ok_or_else(standard::not_found)?;
    let customer = match order.customer {
        Some(customer) => {
            let user = users::user(&*snapshot, customer).map_err(unreadable)?;
            user.map(|user| CustomerBody::new(customer, user))
        }
        None => None,
    };
    Ok(Answer::ok(&AdminOrderBody::new(id, order, customer, app.shop.settings.currency)))
}
