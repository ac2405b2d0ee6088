//! 5 to 7: products. Only administrators change them.

use super::refusals::Problem;
use super::wire::ProductBody;
use crate::app::{App, plain_draft, stock_range};
use crate::edge::form::{Field, form, integer, money, name};
use crate::edge::{Answer, Call, Form, standard};
use souk_actors::catalog::{self, ProductChange, ProductView};
use souk_domain::{Currency, Money, Pricing, ProductId};
use std::sync::Arc;

const NAME_CHARACTERS_MAX: usize = 255;

form! {
    /// The fields of a new product, and of a change.
    pub(super) struct Product(currency: Currency) {
        name: String = required(name(NAME_CHARACTERS_MAX)),
        price: Money = required(money(currency)),
        amount: i64 = required(integer(stock_range())),
    }
}

/// The number of units to add to the stock.
pub(super) fn amount_field(form: &mut Form<'_>) -> Field<i64> {
    form.required("amount", integer(1..=*stock_range().end()))
}

pub(super) async fn create(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    app.administrator(&call)?;
    let mut form = Form::parse(&call.request)?;
    let fields = Product::read(&mut form, app.shop.settings.currency);
    let Product { name, price, amount } = form.finish(fields)?;
    let draft = plain_draft(name, String::new(), price, amount);
    let shown =
        |view: &ProductView, currency: Currency| Answer::created(&ProductBody::new(view, currency));
    Ok(app.create_product(&call, draft, shown).await?)
}

pub(super) async fn update(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let id = require_product(&app, &call)?;
    let mut form = Form::parse(&call.request)?;
    let fields = Product::read(&mut form, app.shop.settings.currency);
    let Product { name, price, amount } = form.finish(fields)?;
    let change = ProductChange {
        name: Some(name),
        pricing: Some(Pricing::flat(price)),
        stock: u64::try_from(amount).ok(),
        ..ProductChange::default()
    };
    Ok(app.update_product(&call, id, change, shown).await?)
}

pub(super) async fn increase_amount(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let id = require_product(&app, &call)?;
    let mut form = Form::parse(&call.request)?;
    let amount = amount_field(&mut form);
    let amount = form.finish(amount)?;
    let change = ProductChange { received: u64::try_from(amount).ok(), ..ProductChange::default() };
    Ok(app.update_product(&call, id, change, shown).await?)
}

fn shown(view: &ProductView, currency: Currency) -> Answer {
    Answer::ok(&ProductBody::new(view, currency))
}

/// The product in the path, for an administrator.
fn require_product(app: &App, call: &Call) -> Result<ProductId, Problem> {
    app.administrator(call)?;
    let id = call.id("product_id", ProductId::parse)?;
    catalog::product(&*app.shop.store.snapshot(), id)?.ok_or_else(standard::not_found)?;
    Ok(id)
}
