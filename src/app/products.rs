//! What the contracts do alike with products. Who may, they have asked before.

use super::App;
use crate::edge::{Answer, Call};
use souk_actors::Failure;
use souk_actors::catalog::{CatalogMessage, ProductChange, ProductDraft, ProductView};
use souk_domain::{Currency, MAX_STOCK, Money, Pricing, ProductId};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// How a contract shows a product.
pub(crate) type ShownProduct = fn(&ProductView, Currency) -> Answer;

/// The stock a contract may set.
pub(crate) fn stock_range() -> RangeInclusive<i64> {
    0..=i64::try_from(MAX_STOCK).expect("the largest stock fits 63 bits")
}

/// A product of a contract that knows neither categories nor images nor discounts.
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

impl App {
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
        let owners = Arc::clone(&self.shop.owners);
        let currency = self.shop.settings.currency;
        self.commit(call, move |unit| {
            let (owners, draft) = (Arc::clone(&owners), Box::new(draft.clone()));
            async move {
                let create = |reply_to| CatalogMessage::CreateProduct { unit, draft, reply_to };
                Ok(shown(&owners.catalog.ask(create).await?, currency))
            }
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
        let owners = Arc::clone(&self.shop.owners);
        let currency = self.shop.settings.currency;
        self.commit(call, move |unit| {
            let (owners, change) = (Arc::clone(&owners), Box::new(change.clone()));
            async move {
                let update =
                    |reply_to| CatalogMessage::UpdateProduct { unit, id, change, reply_to };
                Ok(shown(&owners.catalog.ask(update).await?, currency))
            }
        })
        .await
    }
}
