//! Create Order and Retrieve Order.

use super::refusals::Problem;
use super::wire::{NewOrderBody, OrderBody};
use crate::app::App;
use crate::edge::form::{Field, id};
use crate::edge::{Answer, Call, Form, standard};
use souk_actors::carts::{self, CartOf};
use souk_actors::journeys::ordering;
use souk_domain::{CartId, OrderId};
use std::sync::Arc;

pub(super) async fn create(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let mut form = Form::parse(&call.request)?;
    let cart_id = cart_field(&mut form);
    let cart_id = form.finish(cart_id)?;
    // A user has exactly one cart. Any other id is unknown to this user.
    let own = carts::of_user(&*app.shop.store.snapshot(), visitor.id())?;
    own.filter(|(id, _)| Some(*id) == cart_id).ok_or_else(standard::not_found)?;
    let cart = CartOf::User(visitor.id());
    let draft = app.draft_order_without_address(visitor.id(), &visitor.user);
    let placed = app.commit(&call, move |turn| async move {
        let placed = ordering::checkout(&turn, cart, draft, true).await?;
        Ok(Answer::created(&NewOrderBody::new(placed.id, &placed.order)))
    });
    Ok(placed.await?)
}

/// The cart to order.
pub(super) fn cart_field(form: &mut Form<'_>) -> Field<Option<CartId>> {
    form.required("cart_id", id(CartId::new))
}

pub(super) async fn retrieve(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let id = call.id("id", OrderId::parse)?;
    let order = app.visible_order(&visitor, id)?.ok_or_else(standard::not_found)?;
    Ok(Answer::ok(&OrderBody::new(id, &order, app.shop.settings.currency)))
}
