//! Add to Cart and View Cart.

use super::refusals::{NOT_FOR_SALE, Problem, not_addable};
use super::wire::{CartBody, MessageBody};
use crate::app::App;
use crate::edge::form::{Rule, id, integer};
use crate::edge::{Answer, Call, Form, standard};
use souk_actors::Failure;
use souk_actors::carts::{self, CartsMessage};
use souk_actors::catalog::CatalogMessage;
use souk_domain::{MAX_LINE_QUANTITY, ProductId, Quantity, Refusal, Unbuyable, UnbuyableLine};
use std::sync::Arc;

pub(super) async fn add(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let user = app.session_claims(&call.request)?.user;
    let mut form = Form::parse(&call.request)?;
    let product = form.required("product_id", id(ProductId::new));
    let range = 1..=i64::from(MAX_LINE_QUANTITY);
    let quantity = form.required(
        "quantity",
        integer(range).then(|units| {
            u32::try_from(units).ok().and_then(Quantity::new).ok_or("A valid integer is required.")
        }),
    );
    app.note_not_for_sale(&mut form, &product, NOT_FOR_SALE)?;
    let (id, quantity) = form.finish((product, quantity))?;
    let owners = Arc::clone(&app.shop.owners);
    let added = app.commit(&call, move |unit| {
        let owners = Arc::clone(&owners);
        async move {
            let (asked, ids) = (unit.clone(), vec![id]);
            let describe = |reply_to| CatalogMessage::Describe { unit: asked, ids, reply_to };
            let known = owners.catalog.ask(describe).await?.pop();
            let unknown = UnbuyableLine { product: id, why: Unbuyable::NotForSale };
            let product = Box::new(known.ok_or_else(|| Refusal::NotBuyable(vec![unknown]))?);
            let add = |reply_to| CartsMessage::AddLine { unit, user, product, quantity, reply_to };
            owners.carts.ask(add).await?;
            Ok(Answer::ok(&MessageBody { message: "Product added to cart" }))
        }
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
