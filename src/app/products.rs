//! What all contracts share about products. Handlers check permissions before they call this
//! module.

use super::product_bodies::ProductShape;
use super::{App, Problem};
use crate::edge::form::{Field, Reference, id};
use crate::edge::{Answer, Call, Errors, Form, standard};
use souk_actors::Failure;
use souk_actors::catalog::{self, ProductChange, ProductDraft, ProductView};
use souk_actors::store::StoreError;
use souk_domain::{
    CategoryId, Currency, MAX_CART_LINES, MAX_STOCK, Money, Pricing, ProductId, Refusal,
};
use std::ops::RangeInclusive;

/// How a contract renders a product.
pub(crate) type ShownProduct = fn(&ProductView, Currency) -> Answer;

/// The range of stock that a contract may set.
pub(crate) fn stock_range() -> RangeInclusive<i64> {
    0..=i64::try_from(MAX_STOCK).expect("the largest stock fits 63 bits")
}

/// A product without a category, an image or a discount, for contracts that have none of them.
pub(crate) fn plain_draft(
    name: String,
    description: String,
    price: Money,
    stock: i64,
) -> ProductDraft {
    ProductDraft {
        name,
        description,
        category: None,
        pricing: Pricing::flat(price),
        image: None,
        available: true,
        stock: u64::try_from(stock).unwrap_or_default(),
    }
}

/// The category that a body names for a product, if any, and the name of its field.
#[derive(Debug)]
pub(crate) struct NamedCategory {
    field: &'static str,
    category: Option<Reference<CategoryId>>,
}

impl NamedCategory {
    /// Adds an error to the form if there is no such category. The turn checks it again. This early
    /// check reports all errors at once.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn look_up(
        app: &App,
        form: &mut Form<'_>,
        field: &'static str,
        category: Option<Reference<CategoryId>>,
    ) -> Result<Self, StoreError> {
        let id = category.as_ref().and_then(|category| category.id);
        let is_known = match id {
            Some(id) => catalog::category(&*app.shop.store.snapshot(), id)?.is_some(),
            None => false,
        };
        let named = Self { field, category };
        if !is_known && let Some(sentence) = named.does_not_exist() {
            form.error(field, sentence);
        }
        Ok(named)
    }

    /// Turns the failure of the turn into a problem. If the category was deleted since it was
    /// looked up, the answer names the field.
    pub(crate) fn problem<W>(&self, failure: Failure) -> Problem<W> {
        match (&failure, self.does_not_exist()) {
            (Failure::Refused(Refusal::UnknownCategory), Some(sentence)) => {
                Errors::of(self.field, sentence).into()
            }
            _ => failure.into(),
        }
    }

    fn does_not_exist(&self) -> Option<String> {
        self.category.as_ref().map(Reference::does_not_exist)
    }
}

impl App {
    /// Whether the caller may see unavailable products: only administrators may. Reading needs no
    /// token, but an invalid token is refused.
    ///
    /// # Errors
    /// 401 for an invalid or expired token.
    pub(crate) fn sees_hidden(&self, call: &Call) -> Result<bool, Answer> {
        if call.request.bearer().is_none() {
            return Ok(false);
        }
        Ok(self.visitor(call)?.caller.is_administrator())
    }

    /// Answers with the product whose id is in the path, if this caller may see it.
    ///
    /// # Errors
    /// As [`App::sees_hidden`]; 404 for an unknown product, and for an unavailable one unless the
    /// caller is an administrator.
    pub(crate) fn visible_product<Shape: ProductShape>(
        &self,
        call: &Call,
        parameter: &str,
    ) -> Result<Answer, Answer> {
        let sees_hidden = self.sees_hidden(call)?;
        let id = call.id(parameter, ProductId::parse)?;
        let found = self.written_product::<Shape>(&self.shop.store.snapshot(), id)?;
        let visible = found.filter(|product| sees_hidden || product.is_for_sale);
        visible.map(|product| Answer::ok_json(product.json)).ok_or_else(standard::not_found)
    }

    /// If the form has errors already, adds one if the product of `product_id` cannot be bought.
    /// Otherwise the turn checks it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn note_not_for_sale(
        &self,
        form: &mut Form<'_>,
        product: &Field<ProductId>,
        sentence: &'static str,
    ) -> Result<(), StoreError> {
        if form.has_errors()
            && let Some(id) = product.parsed()
            && !self.is_for_sale(*id)?
        {
            form.error("product_id", sentence);
        }
        Ok(())
    }

    /// The same for the `product_id` of every object in `items`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn note_items_not_for_sale(
        &self,
        form: &mut Form<'_>,
        sentence: &'static str,
    ) -> Result<(), StoreError> {
        if !form.has_errors() {
            return Ok(());
        }
        let products = form.in_items("items", MAX_CART_LINES, "product_id", &id(ProductId::new));
        for (index, product) in products {
            if let Some(product) = product
                && !self.is_for_sale(product)?
            {
                form.item_error("items", index, Errors::of("product_id", sentence));
            }
        }
        Ok(())
    }

    /// Whether a product exists and is for sale.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn is_for_sale(&self, id: ProductId) -> Result<bool, StoreError> {
        let view = catalog::product(&*self.shop.store.snapshot(), id)?;
        Ok(view.is_some_and(|view| view.is_for_sale()))
    }

    /// Adds a product.
    ///
    /// # Errors
    /// Refuses a stock that is too large.
    pub(crate) async fn create_product(
        &self,
        call: &Call,
        draft: ProductDraft,
        shown: ShownProduct,
    ) -> Result<Answer, Failure> {
        let currency = self.shop.settings.currency;
        self.commit(call, move |turn| async move {
            Ok(shown(&turn.ask(catalog::CreateProduct { draft }).await?, currency))
        })
        .await
    }

    /// Changes a product.
    ///
    /// # Errors
    /// Refuses an unknown product, and a stock that is too large.
    pub(crate) async fn update_product(
        &self,
        call: &Call,
        id: ProductId,
        change: ProductChange,
        shown: ShownProduct,
    ) -> Result<Answer, Failure> {
        let currency = self.shop.settings.currency;
        self.commit(call, move |turn| async move {
            Ok(shown(&turn.ask(catalog::UpdateProduct { id, change }).await?, currency))
        })
        .await
    }
}
