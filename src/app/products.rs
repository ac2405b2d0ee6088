//! What the contracts do alike with products. Who may, they have asked before.

use super::{App, Problem, failure_answer};
use crate::edge::form::{Field, Reference, id};
use crate::edge::{Answer, Call, Errors, Form, standard};
use souk_actors::Failure;
use souk_actors::catalog::{self, ProductChange, ProductDraft, ProductView};
use souk_actors::store::StoreError;
use souk_domain::{
    CategoryId, Currency, MAX_CART_LINES, MAX_STOCK, Money, Pricing, ProductId, Refusal,
};
use std::ops::RangeInclusive;

/// How a contract shows a product.
pub(crate) type ShownProduct = fn(&ProductView, Currency) -> Answer;

/// The stock a contract may set.
pub(crate) fn stock_range() -> RangeInclusive<i64> {
    0..=i64::try_from(MAX_STOCK).expect("the largest stock fits 63 bits")
}

/// A product without what some contracts do not know: category, image, discount.
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

/// The category that a body names for a product, if it names one, and in which field.
#[derive(Debug)]
pub(crate) struct NamedCategory {
    field: &'static str,
    category: Option<Reference<CategoryId>>,
}

impl NamedCategory {
    /// Notes in the form if there is no such category. The turn asks again; asking here reports all
    /// errors at once.
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

    /// The failure of the turn. If the category was deleted after it was looked up, the answer names
    /// the field.
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
    /// Whether a caller sees what the shop has switched off: administrators do. Nobody needs a
    /// token to read, but one that is sent must be good.
    ///
    /// # Errors
    /// 401 for a token that is not good (any more).
    pub(crate) fn sees_hidden(&self, call: &Call) -> Result<bool, Answer> {
        if call.request.bearer().is_none() {
            return Ok(false);
        }
        Ok(self.visitor(call)?.caller.is_administrator())
    }

    /// The product with the id in the path, as this caller may see it.
    ///
    /// # Errors
    /// As [`App::sees_hidden`]; 404 for one that is not there, or switched off and the caller no
    /// administrator.
    pub(crate) fn visible_product(
        &self,
        call: &Call,
        parameter: &str,
    ) -> Result<ProductView, Answer> {
        let sees_hidden = self.sees_hidden(call)?;
        let id = call.id(parameter, ProductId::parse)?;
        let found = catalog::product(&*self.shop.store.snapshot(), id)
            .map_err(|error| failure_answer(&error.into()))?;
        let visible = found.filter(|view| sees_hidden || view.is_for_sale());
        visible.ok_or_else(standard::not_found)
    }

    /// Notes in a form that is wrong anyway that `product_id` cannot be bought either. In a form
    /// that is right the turn says so, which knows it better.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn note_not_for_sale(
        &self,
        form: &mut Form<'_>,
        product: &Field<ProductId>,
        sentence: &'static str,
    ) -> Result<(), StoreError> {
        if form.is_wrong()
            && let Some(id) = product.parsed()
            && !self.is_for_sale(*id)?
        {
            form.error("product_id", sentence);
        }
        Ok(())
    }

    /// The same for the `product_id` of every item in `items`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn note_items_not_for_sale(
        &self,
        form: &mut Form<'_>,
        sentence: &'static str,
    ) -> Result<(), StoreError> {
        if !form.is_wrong() {
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

    /// Whether a product is there and offered.
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
    /// Refuses too large a stock.
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
    /// Refuses a product that is not there, and too large a stock.
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
