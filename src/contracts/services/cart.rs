//! API2: carts of users and of guests.

use super::callers::{require_service, shopper};
use super::refusals::{INSUFFICIENT_STOCK, NOT_FOR_SALE, Problem};
use super::wire::{CartContentBody, MessageBody};
use crate::app::{App, GuestLimits, presented_cart_key};
use crate::edge::form::{Field, Rule, form, id_text, id_text_or, integer, quantity, text};
use crate::edge::values::{IdText, MoneyText, PercentText};
use crate::edge::{Answer, Call, Errors, Form, standard, values};
use schemars::JsonSchema;
use serde::Serialize;
use souk_actors::Turn;
use souk_actors::carts::{
    self, CartHolder, CartKey, CartLine, CartOf, ClearCart, LineOf, RemoveCartLine,
};
use souk_actors::catalog::{self};
use souk_actors::journeys::shopping::{self, CartLineView};
use souk_actors::{Failure, clock};
use souk_domain::{MAX_LINE_QUANTITY, Missing, ProductId, Quantity, Refusal, UnbuyableReason};
use std::sync::Arc;

const TOO_FEW: &str = "Quantity must be at least 1.";
const EITHER: &str = "Give either quantity or change.";

pub(super) async fn show(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let shopper = shopper(&app, &call, &mut form)?;
    let found = carts::cart(&*app.shop.store.snapshot(), &shopper.cart, clock::now())?;
    let lines = found.map(|(_, cart)| cart.lines).unwrap_or_default();
    let body = content(&app, &lines)?.under(&shopper.key);
    Ok(shopper.with_key(Answer::ok(&body)))
}

fn content(app: &App, lines: &[CartLine]) -> Result<CartContentBody, Problem> {
    let ids: Vec<_> = lines.iter().map(|line| line.product).collect();
    let products = catalog::product_views(&*app.shop.store.snapshot(), &ids)?;
    Ok(CartContentBody::new(lines, &products, app.shop.settings.currency))
}

/// The answer to an added product, with its quantity.
#[derive(JsonSchema, Serialize)]
pub(super) struct AddedBody {
    message: &'static str,
    #[schemars(with = "IdText")]
    product_id: String,
    quantity: u32,
    #[schemars(example = &"Laptop")]
    name: String,
    /// The list price of one unit.
    #[schemars(with = "MoneyText")]
    price: String,
    /// In percent.
    #[schemars(with = "PercentText")]
    discount: String,
}

form! {
    /// The product to add, and its quantity.
    pub(super) struct NewLine {
        product_id: ProductId = required(id_text_or(ProductId::new, NOT_FOR_SALE)),
        quantity: Quantity = required(quantity()),
    }
}

pub(super) async fn add(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let shopper = shopper(&app, &call, &mut form)?;
    let fields = NewLine::read(&mut form);
    app.note_not_for_sale(&mut form, &fields.product_id, NOT_FOR_SALE)?;
    let NewLine { product_id: product, quantity } = form.finish(fields)?;
    if let CartOf::Guest(key) = &shopper.cart {
        app.admit_guest_cart(&call, key)?;
    }
    let currency = app.shop.settings.currency;
    let limits = app.guest_limits;
    let answer = app.commit(&call, move |turn| async move {
        let Some(added) =
            add_within(limits, &turn, shopper.cart.clone(), product, quantity).await?
        else {
            return Ok(Errors::of("quantity", limits.too_many_units()).into());
        };
        let view = added.product;
        Ok(shopper.with_key(Answer::ok(&AddedBody {
            message: "Item added to cart",
            product_id: product.to_string(),
            quantity: quantity.get(),
            name: view.product.name,
            price: currency.format(view.product.pricing.list_price),
            discount: view.product.pricing.discount.to_string(),
        })))
    });
    answer.await.map_err(named_problem)
}

/// Adds to a cart; `None` if a guest's cart would have too many units.
async fn add_within(
    limits: GuestLimits,
    turn: &Turn,
    cart: CartOf,
    product: ProductId,
    quantity: Quantity,
) -> Result<Option<CartLineView>, Failure> {
    match cart {
        CartOf::User(_) => shopping::add_to_cart(turn, cart, product, quantity).await.map(Some),
        CartOf::Guest(_) => {
            let max_units = u64::from(limits.units);
            shopping::add_to_bounded_cart(turn, cart, product, quantity, max_units).await
        }
    }
}

/// The product of the line to change or remove.
pub(super) fn product_field(form: &mut Form<'_>) -> Field<Option<ProductId>> {
    form.required("product_id", id_text(ProductId::new))
}

/// The answer to a removed product.
#[derive(JsonSchema, Serialize)]
pub(super) struct RemovedBody {
    message: &'static str,
    #[schemars(with = "IdText")]
    product_id: String,
}

pub(super) async fn remove(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let shopper = shopper(&app, &call, &mut form)?;
    let product = product_field(&mut form);
    let product = form.finish(product)?.ok_or(Refusal::NotFound(Missing::CartLine))?;
    let answer = app.commit(&call, move |turn| async move {
        let (cart, line) = (shopper.cart.clone(), LineOf::Product(product));
        turn.ask(RemoveCartLine { cart, line }).await?;
        let message = "Item removed from cart";
        let body = RemovedBody { message, product_id: product.to_string() };
        Ok(shopper.with_key(Answer::ok(&body)))
    });
    Ok(answer.await?)
}

pub(super) async fn clear(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let shopper = shopper(&app, &call, &mut form)?;
    let answer = app.commit(&call, move |turn| async move {
        turn.ask(ClearCart { cart: shopper.cart.clone() }).await?;
        Ok(shopper.with_key(Answer::ok(&MessageBody { message: "Cart cleared" })))
    });
    Ok(answer.await?)
}

const CHANGE_MAX: i64 = MAX_LINE_QUANTITY as i64;

form! {
    /// The line to change, and its new quantity: an absolute number, or a difference.
    pub(super) struct ChangedLine {
        product_id: Option<ProductId> = required(id_text(ProductId::new)),
        quantity: Option<Quantity> = nullable(quantity()),
        change: Option<i64> = nullable(integer(-CHANGE_MAX..=CHANGE_MAX)),
    }
    check |form, _| {
        form.exactly_one(&["quantity", "change"], EITHER);
    }
}

/// The new quantity of a line.
#[derive(Clone, Copy, Debug)]
enum Requested {
    Exactly(Quantity),
    MoreOrFewer(i64),
}

impl ChangedLine {
    /// The one of the two fields that the body has.
    fn requested(&self) -> Requested {
        match self.quantity {
            Some(quantity) => Requested::Exactly(quantity),
            None => Requested::MoreOrFewer(self.change.unwrap_or_default()),
        }
    }
}

/// The present quantity of a product in a cart.
#[derive(JsonSchema, Serialize)]
pub(super) struct UpdatedBody {
    message: &'static str,
    #[schemars(with = "IdText")]
    product_id: String,
    new_quantity: u32,
}

pub(super) async fn update(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let shopper = shopper(&app, &call, &mut form)?;
    let fields = ChangedLine::read(&mut form);
    let line = form.finish(fields)?;
    let product = line.product_id.ok_or(Refusal::NotFound(Missing::CartLine))?;
    let requested = line.requested();
    let limits = app.guest_limits;
    let answer = app.commit(&call, move |turn| async move {
        let cart = shopper.cart.clone();
        Ok(shopper.with_key(set_quantity(limits, &turn, cart, product, requested).await?))
    });
    answer.await.map_err(named_problem)
}

async fn set_quantity(
    limits: GuestLimits,
    turn: &Turn,
    cart: CartOf,
    product: ProductId,
    requested: Requested,
) -> Result<Answer, Failure> {
    let lines = shopping::lines_of(turn, &cart)?;
    let line = lines.iter().find(|line| line.product == product);
    let line = line.ok_or(Refusal::NotFound(Missing::CartLine))?;
    let new_quantity = match requested {
        Requested::Exactly(quantity) => Some(quantity),
        Requested::MoreOrFewer(by) => line.quantity.changed_by(by),
    };
    let Some(quantity) = new_quantity else {
        let is_too_much = matches!(requested, Requested::MoreOrFewer(by) if by > 0);
        let too_many = format!("Quantity must be at most {MAX_LINE_QUANTITY}.");
        let why = if is_too_much { too_many } else { TOO_FEW.to_owned() };
        return Ok(Errors::of("change", why).into());
    };
    if quantity > line.quantity {
        let more = u64::from(quantity.get()) - u64::from(line.quantity.get());
        let field = match requested {
            Requested::Exactly(_) => "quantity",
            Requested::MoreOrFewer(_) => "change",
        };
        if let Some(fault) = guest_fault(limits, &cart, shopping::units_of(&lines) + more) {
            return Ok(Errors::of(field, fault).into());
        }
    }
    shopping::set_cart_line(turn, cart, LineOf::Product(product), quantity).await?;
    Ok(Answer::ok(&UpdatedBody {
        message: "Quantity updated successfully.",
        product_id: product.to_string(),
        new_quantity: quantity.get(),
    }))
}

/// The error if a cart may not have this many units. Guests have a lower limit than users.
fn guest_fault(limits: GuestLimits, cart: &CartOf, units: u64) -> Option<String> {
    match cart {
        CartOf::Guest(_) => limits.fault_of(units),
        CartOf::User(_) => None,
    }
}

pub(super) async fn show_to_service(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    require_service(&app, &call)?;
    let (lines, ..) = cart_by_key(&app, &call)?;
    Ok(Answer::ok(&content(&app, &lines)?))
}

/// Answers `{"message": sentence}` with the key of the cart.
#[derive(JsonSchema, Serialize)]
pub(super) struct ClearedBody {
    #[schemars(example = &"Cart 0f1e2d3c4b5a69788796a5b4c3d2e1f00123456789abcdef cleared")]
    message: String,
}

/// The key of the cart that another system names.
pub(super) fn key_field(form: &mut Form<'_>) -> Field<String> {
    form.required("cart_key", text(CartKey::DIGITS).like(values::CART_KEY))
}

pub(super) async fn clear_for_service(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    require_service(&app, &call)?;
    let (_, cart, key) = cart_by_key(&app, &call)?;
    let cleared = app.commit(&call, move |turn| async move {
        turn.ask(ClearCart { cart }).await?;
        let message = format!("Cart {} cleared", key.as_str());
        Ok(Answer::ok(&ClearedBody { message }))
    });
    Ok(cleared.await?)
}

/// The cart with the key that a service sent, of a user or of a guest.
fn cart_by_key(app: &App, call: &Call) -> Result<(Vec<CartLine>, CartOf, CartKey), Problem> {
    let mut form = Form::parse(&call.request)?;
    let Some(key) = presented_cart_key(&call.request, &mut form) else {
        if call.request.query("cart_key").is_none() {
            let key = key_field(&mut form);
            form.finish(key)?;
        }
        return Err(standard::not_found().into());
    };
    match carts::of_key(&*app.shop.store.snapshot(), &key, clock::now())? {
        Some((_, cart)) => Ok(match cart.holder {
            CartHolder::User { user, .. } => (cart.lines, CartOf::User(user), key),
            CartHolder::Guest { .. } => (cart.lines, CartOf::Guest(key.clone()), key),
        }),
        // The shop issued this key, but the cart is still empty.
        None if app.has_issued(&key) => Ok((Vec::new(), CartOf::Guest(key.clone()), key)),
        None => Err(standard::not_found().into()),
    }
}

/// Words a refusal about the single product of the request, under the wrong field.
fn named_problem(failure: Failure) -> Problem {
    match &failure {
        Failure::Refused(Refusal::NotBuyable(lines)) => match lines.first().map(|line| &line.why) {
            Some(UnbuyableReason::Short { name, .. }) => {
                Errors::of("quantity", format!("{INSUFFICIENT_STOCK} for {name}")).into()
            }
            Some(UnbuyableReason::NotForSale) | None => {
                Errors::of("product_id", NOT_FOR_SALE).into()
            }
        },
        _ => failure.into(),
    }
}
