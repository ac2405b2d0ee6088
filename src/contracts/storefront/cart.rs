//! 26 to 31: the cart and its checkout.

use super::refusals::{INSUFFICIENT_STOCK, NOT_FOR_SALE, Problem, error};
use super::wire::{CartBody, LineBody, MessageBody, OrderBody};
use crate::app::App;
use crate::edge::form::{Field, Rule, Text, boolean, form, id_or, quantity_or, text};
use crate::edge::{Answer, Call, Form, standard};
use http::StatusCode;
use souk_actors::Failure;
use souk_actors::carts::{self, CartOf, ClearCart, LineOf, RemoveCartLine};
use souk_actors::catalog::{self};
use souk_actors::journeys::ordering;
use souk_actors::journeys::shopping;
use souk_domain::{CartLineId, ProductId, Quantity, Refusal, UnbuyableLine, UnbuyableReason};
use std::sync::Arc;

const ADDRESS_CHARACTERS_MAX: usize = 1_000;

pub(super) const QUANTITY_TOO_SMALL: &str = "Quantity must be at least 1.";
/// The message after the cart was emptied.
pub(super) const CLEARED: &str = "Cart cleared successfully";
/// The message after a line was removed.
pub(super) const REMOVED: &str = "Cart item removed successfully";

pub(super) async fn show(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let claims = app.session_claims(&call.request)?;
    let snapshot = app.shop.store.snapshot();
    let (id, cart) = carts::of_user(&*snapshot, claims.user)?.ok_or_else(standard::not_found)?;
    let ids: Vec<_> = cart.lines.iter().map(|line| line.product).collect();
    let products = catalog::product_views(&*snapshot, &ids)?;
    Ok(Answer::ok(&CartBody::new(id, &cart, &products, app.shop.settings.currency)))
}

form! {
    /// The product to add, and its quantity.
    pub(super) struct NewLine {
        product_id: ProductId = required(id_or(ProductId::new, NOT_FOR_SALE)),
        quantity: Quantity = required(quantity_rule()),
    }
}

pub(super) async fn add(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let user = app.session_claims(&call.request)?.user;
    let mut form = Form::parse(&call.request)?;
    let fields = NewLine::read(&mut form);
    app.note_not_for_sale(&mut form, &fields.product_id, NOT_FOR_SALE)?;
    let NewLine { product_id, quantity } = form.finish(fields)?;
    let currency = app.shop.settings.currency;
    let added = app.commit(&call, move |turn| async move {
        let cart = CartOf::User(user);
        let added = shopping::add_to_cart(&turn, cart, product_id, quantity).await?;
        Ok(Answer::created(&LineBody::of_cart(&added.line, &added.product, currency)))
    });
    Ok(added.await?)
}

pub(super) async fn clear(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let user = app.session_claims(&call.request)?.user;
    let cleared = app.commit(&call, move |turn| async move {
        turn.ask(ClearCart { cart: CartOf::User(user) }).await?;
        Ok(Answer::ok(&MessageBody { message: CLEARED }))
    });
    Ok(cleared.await?)
}

pub(super) async fn update_item(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let user = app.session_claims(&call.request)?.user;
    let line = call.id("id", CartLineId::parse)?;
    let (_, cart) =
        carts::of_user(&*app.shop.store.snapshot(), user)?.ok_or_else(standard::not_found)?;
    if !cart.lines.iter().any(|candidate| candidate.id == line) {
        return Err(standard::not_found().into());
    }
    let mut form = Form::parse(&call.request)?;
    let quantity = quantity_field(&mut form);
    let quantity = form.finish(quantity)?;
    let currency = app.shop.settings.currency;
    let updated = app.commit(&call, move |turn| async move {
        let (cart, line) = (CartOf::User(user), LineOf::Id(line));
        let changed = shopping::set_cart_line(&turn, cart, line, quantity).await?;
        Ok(Answer::ok(&LineBody::of_cart(&changed.line, &changed.product, currency)))
    });
    updated.await.map_err(|failure| match failure {
        Failure::Refused(Refusal::NotBuyable(lines)) => {
            error(StatusCode::BAD_REQUEST, bare_reason(&lines)).into()
        }
        failure => failure.into(),
    })
}

pub(super) async fn remove_item(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let user = app.session_claims(&call.request)?.user;
    let line = call.id("id", CartLineId::parse)?;
    let removed = app.commit(&call, move |turn| async move {
        let (cart, line) = (CartOf::User(user), LineOf::Id(line));
        turn.ask(RemoveCartLine { cart, line }).await?;
        Ok(Answer::ok(&MessageBody { message: REMOVED }))
    });
    Ok(removed.await?)
}

form! {
    /// The fields of a checkout.
    pub(super) struct Checkout {
        shipping_address: String = required(address_rule()),
        billing_address: Option<String> = optional(address_rule()),
        clear_cart: bool = defaulting(boolean(), true),
    }
}

pub(super) async fn checkout(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = app.visitor(&call)?;
    let mut form = Form::parse(&call.request)?;
    let fields = Checkout::read(&mut form);
    let Checkout { shipping_address, billing_address, clear_cart } = form.finish(fields)?;
    let cart = CartOf::User(visitor.id());
    let draft = app.draft_order(&visitor, shipping_address, billing_address);
    let email = visitor.user.email.to_string();
    let currency = app.shop.settings.currency;
    let placed = app.commit(&call, move |turn| async move {
        let order = ordering::checkout(&turn, cart, draft, clear_cart).await?;
        Ok(Answer::created(&OrderBody::new(&order, Some(email), currency)))
    });
    placed.await.map_err(|failure| match failure {
        Failure::Refused(Refusal::NotBuyable(lines)) => {
            error(StatusCode::BAD_REQUEST, named_reason(&lines)).into()
        }
        failure => failure.into(),
    })
}

/// A shipping or billing address.
pub(super) fn address_rule() -> Text {
    text(ADDRESS_CHARACTERS_MAX).example("123 Main St, City, State, ZIP")
}

/// The quantity of a product in the cart.
pub(super) fn quantity_field(form: &mut Form<'_>) -> Field<Quantity> {
    form.required("quantity", quantity_rule())
}

fn quantity_rule() -> impl Rule<Value = Quantity> {
    quantity_or(QUANTITY_TOO_SMALL)
}

/// The refusal that "Update Cart Item" prints.
fn bare_reason(lines: &[UnbuyableLine]) -> &'static str {
    match lines.first().map(|line| &line.why) {
        Some(UnbuyableReason::Short { .. }) => INSUFFICIENT_STOCK,
        Some(UnbuyableReason::NotForSale) | None => NOT_FOR_SALE,
    }
}

/// The refusal that "Cart Checkout" prints, with the name of the first product that is out of
/// stock.
fn named_reason(lines: &[UnbuyableLine]) -> String {
    match lines.first() {
        Some(UnbuyableLine { why: UnbuyableReason::Short { name, .. }, .. }) => {
            format!("{INSUFFICIENT_STOCK} for {name}")
        }
        Some(UnbuyableLine { why: UnbuyableReason::NotForSale, product }) => {
            format!("{NOT_FOR_SALE}: {product}")
        }
        None => NOT_FOR_SALE.to_owned(),
    }
}
