//! The texts that searches compare with: one per product, generated when the product is written.

use super::Product;
use super::stored::{PRODUCTS, SEARCH_RULES, SEARCH_TEXTS};
use crate::Failure;
use crate::store::{Direction, Read, Store};
use souk_domain::{ProductId, SearchText};

/// The version of the text rules: 1 is [`SearchText::of`]. Stores without a version hold texts in
/// lower case, with a line break between the fields.
const RULES: u64 = 1;
/// Products whose texts are regenerated in one turn.
const BATCH: usize = 200;

pub(super) fn search_text(product: &Product) -> String {
    SearchText::of(&[&product.name, &product.description])
}

/// Converts the texts of an earlier version to the current rules, once.
///
/// # Errors
/// [`Failure`] of the store.
pub(crate) async fn renew_search_texts(store: &Store) -> Result<(), Failure> {
    if store.snapshot().get(SEARCH_RULES, &0)? == Some(RULES) {
        return Ok(());
    }
    let mut next = ProductId::new(1);
    while let Some(first) = next {
        next = store
            .transact(move |unit| async move {
                let batch = unit.range(PRODUCTS, &first, None, Direction::Ascending, BATCH)?;
                for (id, product) in &batch {
                    let text = search_text(product);
                    if unit.get(SEARCH_TEXTS, id)?.as_ref() != Some(&text) {
                        unit.put(SEARCH_TEXTS, id, &text)?;
                    }
                }
                let last = batch.last().filter(|_| batch.len() == BATCH);
                let next = last.and_then(|(id, _)| ProductId::new(id.get() + 1));
                if next.is_none() {
                    unit.put(SEARCH_RULES, &0, &RULES)?;
                }
                Ok(next)
            })
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::stored::TABLES;
    use super::*;
    use souk_domain::{Money, Pricing, SearchTerms, UnixMillis};

    fn product(number: u64) -> Product {
        Product {
            name: format!("CAFE\u{301} {number}"),
            slug: format!("cafe-{number}"),
            description: "Straße".to_owned(),
            category: None,
            pricing: Pricing::flat(Money::from_minor_units(1)),
            image: None,
            available: true,
            created_at: UnixMillis::new(1),
            updated_at: UnixMillis::new(1),
        }
    }

    #[tokio::test]
    async fn texts_of_an_earlier_version_are_found_by_the_rules_of_today() {
        const PRODUCTS_MADE: u64 = 450;
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::made_in(directory.path(), TABLES);
        store
            .transact(|unit| async move {
                for id in (1..=PRODUCTS_MADE).filter_map(ProductId::new) {
                    let product = product(id.get());
                    let Product { name, description, .. } = &product;
                    let earlier =
                        format!("{}\n{}", name.to_lowercase(), description.to_lowercase());
                    unit.put(PRODUCTS, &id, &product)?;
                    unit.put(SEARCH_TEXTS, &id, &earlier)?;
                }
                Ok(())
            })
            .await
            .expect("written");
        for _ in 0..2 {
            renew_search_texts(&store).await.expect("renewed");
            let terms = SearchTerms::parse("café strasse").expect("terms");
            let first = ProductId::new(1).expect("an id");
            let rows =
                store.snapshot().range(SEARCH_TEXTS, &first, None, Direction::Ascending, 1000);
            let rows = rows.expect("read");
            let found = rows.iter().filter(|(_, text)| terms.are_in(text)).count();
            assert_eq!((rows.len(), found), (450, 450));
        }
    }
}
