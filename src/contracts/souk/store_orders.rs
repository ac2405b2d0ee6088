//! An order for its customer.

use super::refusals::{private_answer, unreadable};
use super::wire::StoreOrderBody;
use crate::app::{App, Principal, presented_cart_key};
use crate::edge::{Answer, Call, Form, standard};
use souk_actors::orders::{self, Order};
use souk_domain::OrderId;
use std::sync::Arc;

pub(super) async fn show(app: Arc<App>, call: Call) -> Answer {
    private_answer(found(&app, &call))
}

fn found(app: &App, call: &Call) -> Result<Answer, Answer> {
    let (id, order) = own_order(app, call)?;
    Ok(Answer::ok(&StoreOrderBody::new(id, order, app.shop.settings.currency)))
}

/// The order, if the caller proves that it is theirs. For everybody else it does not exist.
fn own_order(app: &App, call: &Call) -> Result<(OrderId, Order), Answer> {
    let principal = app.principal(call)?;
    let mut form = Form::parse(&call.request)?;
    let key = presented_cart_key(&call.request, &mut form);
    let token = call.request.query("token");
    if matches!(principal, Principal::Anonymous) && key.is_none() && token.is_none() {
        return Err(standard::not_authenticated());
    }
    let id = call.id("id", OrderId::parse)?;
    if let Some(token) = token
        && let Some(order) = app.order_of_link(id, token).map_err(unreadable)?
    {
        return Ok((id, order));
    }
    let order = orders::order(&*app.shop.store.snapshot(), id).map_err(unreadable)?;
    let is_own = |order: &Order| {
        let is_users =
            matches!(&principal, Principal::User(visitor) if order.customer == Some(visitor.id()));
        let is_guests = key.as_ref().is_some_and(|key| order.guest == Some(key.hash()));
        is_users || is_guests
    };
    let order = order.filter(is_own).ok_or_else(standard::not_found)?;
    Ok((id, order))
}
