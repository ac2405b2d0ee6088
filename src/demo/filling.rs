//! Puts the demonstration catalogue into the shop, in turns small enough for a slow machine. A start
//! after an interrupted one continues where that one stopped.

use super::catalogue::{self, CATEGORIES};
use souk_actors::catalog::{self, CategoryDraft, ProductDraft, ProductFilter};
use souk_actors::store::Snapshot;
use souk_actors::{Failure, Shop};
use souk_domain::{CategoryId, Pricing};
use std::collections::HashMap;

/// Products created in one turn. Turns have a deadline.
const TURN_PRODUCTS: usize = 6;
/// Most categories that are read to find the demonstration's; an empty shop has none.
const CATEGORIES_MAX: usize = 1_000;

/// Creates whatever is missing of the catalogue.
///
/// # Errors
/// [`Failure`] of the shop.
pub(super) async fn fill(shop: &Shop) -> Result<(), Failure> {
    let known = known_categories(&shop.store.snapshot())?;
    for category in CATEGORIES {
        let id = match known.get(category.name) {
            Some(id) => *id,
            None => add_category(shop, category).await?,
        };
        let filter = ProductFilter { category: Some(id), with_hidden: true, ..Default::default() };
        let made = catalog::listed_ids(&shop.store.snapshot(), &(&filter).into(), 0, 0)?.0;
        // Products are created in order, so the missing ones are the last.
        let missing = category.products().skip(usize::try_from(made).unwrap_or(usize::MAX));
        let drafts: Vec<ProductDraft> = missing.map(|product| draft(id, product)).collect();
        for turn in drafts.chunks(TURN_PRODUCTS) {
            add_products(shop, turn.to_vec()).await?;
        }
    }
    Ok(())
}

/// The existing categories, by name.
fn known_categories(snapshot: &Snapshot) -> Result<HashMap<String, CategoryId>, Failure> {
    let (_, ids) = catalog::category_ids(snapshot, 0, CATEGORIES_MAX)?;
    let mut known = HashMap::new();
    for id in ids {
        known.extend(catalog::category(snapshot, id)?.map(|category| (category.name, id)));
    }
    Ok(known)
}

fn draft(category: CategoryId, product: catalogue::Product) -> ProductDraft {
    ProductDraft {
        name: product.name,
        description: product.description,
        category: Some(category),
        pricing: Pricing::flat(product.price),
        image: None,
        available: true,
        stock: product.stock,
    }
}

async fn add_category(
    shop: &Shop,
    category: &'static catalogue::Category,
) -> Result<CategoryId, Failure> {
    shop.turn(move |turn| async move {
        let draft = CategoryDraft {
            name: category.name.to_owned(),
            description: category.description.to_owned(),
        };
        turn.ask(catalog::CreateCategory { draft }).await.map(|(id, _)| id)
    })
    .await
}

async fn add_products(shop: &Shop, drafts: Vec<ProductDraft>) -> Result<(), Failure> {
    shop.turn(move |turn| async move {
        for draft in drafts {
            turn.ask(catalog::CreateProduct { draft }).await?;
        }
        Ok(())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use souk_actors::ShopSettings;
    use souk_actors::orders::OrderNotices;
    use souk_actors::store::StoreLimits;
    use souk_domain::Currency;
    use std::time::Duration;

    async fn names(shop: &Shop) -> Vec<String> {
        let snapshot = shop.store.snapshot();
        let page = catalog::listed_ids(&snapshot, &(&ProductFilter::default()).into(), 0, 1_000);
        let (_, ids) = page.expect("read");
        let views = catalog::product_views(&*snapshot, &ids).expect("read");
        views.into_iter().map(|view| view.product.name).collect()
    }

    #[tokio::test]
    async fn a_start_that_was_interrupted_anywhere_is_gone_on_with() {
        let all: Vec<String> =
            CATEGORIES.iter().flat_map(|it| it.products().map(|product| product.name)).collect();
        for made in [0, 1, TURN_PRODUCTS, CATEGORIES[0].products().count()] {
            let directory = tempfile::tempdir().expect("a directory");
            let settings = ShopSettings {
                currency: Currency::USD,
                order_time_to_live: Duration::from_secs(3_600),
                low_stock_threshold: 5,
                order_notices: OrderNotices::Each,
                order_digest_every: Duration::from_secs(3_600),
                guest_unpaid_kept_for: Duration::from_secs(30 * 24 * 60 * 60),
                store: StoreLimits::default(),
            };
            let shop = Shop::open_or_make(directory.path(), settings).await.expect("a shop");
            let id = add_category(&shop, &CATEGORIES[0]).await.expect("made");
            let first = CATEGORIES[0].products().take(made).map(|product| draft(id, product));
            add_products(&shop, first.collect()).await.expect("made");

            fill(&shop).await.expect("filled");

            let there = names(&shop).await;
            assert_eq!(there, all, "after {made} products");
            fill(&shop).await.expect("there is nothing to do");
            assert_eq!(names(&shop).await.len(), all.len());
            shop.close().await;
        }
    }
}
