//! Add to Cart and View Cart.

use super::refusals::{NOT_FOR_SALE, Problem, not_addable};
use super::wire::{CartBody, MessageBody};
use crate::app::App;
use crate::edge::form::{form, id_or, quantity};
use crate::edge::{Answer, Call, Form, standard};
use souk_actors::Failure;
use souk_actors::carts::{self, CartOf};
use souk_actors::journeys::shopping;
use souk_domain::{ProductId, Quantity, Refusal};
use std::sync::Arc;

form! {
    /// The product to add, and the quantity.
    pub(super) struct NewLine {
        product_id: ProductId = required(id_or(ProductId::new, NOT_FOR_SALE)),
        quantity: Quantity = required(quantity()),
    }
}

pub(super) async fn add(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let user = app.session_claims(&call.request)?.user;
    let mut form = Form::parse(&call.request)?;
    let fields = NewLine::read(&mut form);
    app.note_not_for_sale(&mut form, &fields.product_id, NOT_FOR_SALE)?;
    let NewLine { product_id, quantity } = form.finish(fields)?;
    let added = app.commit(&call, move |turn| async move {
        shopping::add_to_cart(&turn, CartOf::User(user), product_id, quantity).await?;
        Ok(Answer::ok(&MessageBody { message: "Product added to cart" }))
    });
    added.await.map_err(|failure| match failure {
        Failure::Refused(Refusal::NotBuyable(lines)) => not_addable(&lines).into(),
        failure => failure.into(),
    })
}

pub(super) async fn view(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let user = app.session_claims(&call.request)?.user;
    let snapshot = app.shop.store.snapshot();
    let (id, cart) = carts::of_user(&*snapshot, user)?.ok_or_else(standard::not_found)?;
    Ok(Answer::ok(&CartBody::new(id, &cart)))
}
