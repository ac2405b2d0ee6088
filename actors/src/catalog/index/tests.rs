//! Lists from memory against plain walks of the rows.

use super::chunk::read_chunks;
use super::*;
use crate::Failure;
use crate::catalog::stored::{CATEGORIES, PRODUCTS, SEARCH_TEXTS, STOCK, TABLES};
use crate::catalog::{
    Between, Catalog, CategoryDraft, CreateCategory, CreateProduct, DeleteCategory, DeleteProduct,
    Product, ProductChange, ProductDraft, ProductFilter, ProductList, ProductSelection,
    UpdateProduct, category_ids, is_unchanged, listed, listed_ids,
};
use crate::owner::Command;
use crate::store::{Opening, Schema, Store, StoreKind, StoreLimits, Unit};
use fastrand::Rng;
use souk_domain::{Discount, Money, Pricing, SearchTerms, SearchText};

const WORDS: [&str; 8] = ["Lamp", "lamps", "CAFÉ", "desk", "brass", "Straße", "warm light", "x"];
const OWNER: Catalog = Catalog { low_stock_threshold: 1 };
/// More than two full chunks.
const PRODUCTS_MADE: u64 = 600;

fn store(directory: &tempfile::TempDir) -> Store {
    let tables = [TABLES, crate::outbox::TABLES, crate::users::TABLES].concat();
    let schema = Schema::new(StoreKind::Shop, &tables).following(CatalogIndex::TABLES);
    Store::open(directory.path(), &schema, Opening::OrMake, StoreLimits::default()).expect("opens")
}

fn words(rng: &mut Rng) -> String {
    let count = rng.usize(1..4);
    (0..count).map(|_| WORDS[rng.usize(..WORDS.len())]).collect::<Vec<_>>().join(" ")
}

fn category(rng: &mut Rng) -> Option<CategoryId> {
    CategoryId::new(rng.u64(0..5))
}

fn pricing(rng: &mut Rng) -> Pricing {
    Pricing {
        list_price: Money::from_minor_units(rng.i64(0..30)),
        discount: Discount::from_basis_points(rng.u16(0..4) * 1_000).expect("a discount"),
    }
}

/// A random change. Some are refused, for example of a product that was deleted.
#[derive(Clone)]
enum Change {
    Create(ProductDraft),
    Update(ProductId, ProductChange),
    Delete(ProductId),
    AddCategory,
    DeleteCategory(CategoryId),
}

impl Change {
    fn create(rng: &mut Rng) -> Self {
        Self::Create(ProductDraft {
            name: words(rng),
            description: words(rng),
            category: None,
            pricing: pricing(rng),
            image: None,
            available: rng.u8(..4) > 0,
            stock: 5,
        })
    }

    fn any(rng: &mut Rng) -> Self {
        let id = ProductId::new(rng.u64(1..PRODUCTS_MADE + 20)).expect("an id");
        match rng.u8(..12) {
            0..3 => Self::create(rng),
            3..8 => {
                let change = ProductChange {
                    name: rng.bool().then(|| words(rng)),
                    description: rng.bool().then(|| words(rng)),
                    category: rng.bool().then(|| category(rng)),
                    pricing: rng.bool().then(|| pricing(rng)),
                    available: rng.bool().then(|| rng.bool()),
                    received: rng.bool().then_some(1),
                    ..ProductChange::default()
                };
                Self::Update(id, change)
            }
            8..10 => Self::Delete(id),
            10 => Self::AddCategory,
            _ => Self::DeleteCategory(CategoryId::new(rng.u64(4..20)).expect("an id")),
        }
    }

    fn apply(self, unit: &Unit) -> Result<(), Failure> {
        let draft = CategoryDraft { name: "Light".to_owned(), description: String::new() };
        match self {
            Self::Create(draft) => CreateProduct { draft }.apply(unit, &OWNER).map(drop),
            Self::Update(id, change) => UpdateProduct { id, change }.apply(unit, &OWNER).map(drop),
            Self::Delete(id) => DeleteProduct { id }.apply(unit, &OWNER),
            Self::AddCategory => CreateCategory { draft }.apply(unit, &OWNER).map(drop),
            Self::DeleteCategory(id) => DeleteCategory { id }.apply(unit, &OWNER),
        }
    }
}

async fn commit(store: &Store, changes: Vec<Change>) {
    let committed = store.transact(move |unit| {
        let changes = changes.clone();
        async move {
            for change in changes {
                match change.apply(&unit) {
                    Ok(()) | Err(Failure::Refused(_)) => {}
                    Err(failure) => return Err(failure),
                }
            }
            Ok(())
        }
    });
    committed.await.expect("committed");
}

fn all_rows(snapshot: &Snapshot) -> Vec<(ProductId, Product, String)> {
    let first = ProductId::new(1).expect("an id");
    let rows = snapshot.range(PRODUCTS, &first, None, Direction::Ascending, usize::MAX);
    let with_text = |(id, product)| {
        let text = snapshot.get(SEARCH_TEXTS, &id).expect("read").expect("a text");
        (id, product, text)
    };
    rows.expect("read").into_iter().map(with_text).collect()
}

fn between(rng: &mut Rng, most: i64) -> Between<i64> {
    let mut bound = || rng.u8(..4).eq(&0).then(|| rng.i64(-1..most));
    Between { least: bound(), most: bound() }
}

fn any_selection(rng: &mut Rng) -> ProductSelection {
    let money = |bound: Option<i64>| bound.map(Money::from_minor_units);
    let price = between(rng, 31);
    ProductSelection {
        name: rng.bool().then(|| SearchTerms::parse(&words(rng))).flatten(),
        sell_price: Between { least: money(price.least), most: money(price.most) },
        discount: between(rng, 4_000),
        available: rng.bool().then(|| rng.bool()),
        category: if rng.bool() { category(rng) } else { None },
    }
}

fn page_of(ids: &[ProductId], offset: u64, limit: usize) -> (u64, Vec<ProductId>) {
    let skipped = usize::try_from(offset).expect("small");
    (ids.len() as u64, ids.iter().skip(skipped).take(limit).copied().collect())
}

/// Compares random pages of random filters with what a walk of all rows finds.
fn compare(snapshot: &Snapshot, rng: &mut Rng) {
    let rows = all_rows(snapshot);
    for _ in 0..25 {
        let (offset, limit) = (rng.u64(0..rows.len() as u64 + 3), rng.usize(0..30));
        let offset = if rng.bool() { 0 } else { offset };
        let filter = ProductFilter {
            search: rng.bool().then(|| SearchTerms::parse(&words(rng))).flatten(),
            category: if rng.bool() { category(rng) } else { None },
            with_hidden: rng.bool(),
        };
        let is_found = |(_, product, text): &&(ProductId, Product, String)| {
            (filter.with_hidden || product.available)
                && filter.category.is_none_or(|category| product.category == Some(category))
                && filter.search.as_ref().is_none_or(|terms| terms.are_in(text))
        };
        let walked: Vec<_> = rows.iter().filter(is_found).map(|(id, ..)| *id).collect();
        let found = listed_ids(snapshot, &ListFilter::from(&filter), offset, limit).expect("read");
        assert_eq!(found, page_of(&walked, offset, limit), "{filter:?}");

        let selection = any_selection(rng);
        let is_selected = |(_, product, text): &&(ProductId, Product, String)| {
            let name = text.split(SearchText::BETWEEN_FIELDS).next().expect("a name");
            let discount = i64::from(product.pricing.discount.basis_points());
            selection.available.is_none_or(|available| available == product.available)
                && selection.category.is_none_or(|category| product.category == Some(category))
                && selection.sell_price.holds(&product.pricing.sell_price())
                && selection.discount.holds(&discount)
                && selection.name.as_ref().is_none_or(|terms| terms.are_in(name))
        };
        let walked: Vec<_> = rows.iter().filter(is_selected).map(|(id, ..)| *id).collect();
        let found =
            listed_ids(snapshot, &ListFilter::from(&selection), offset, limit).expect("read");
        assert_eq!(found, page_of(&walked, offset, limit), "{selection:?}");
        let selected: Vec<_> = rows.iter().filter(is_selected).collect();
        compare_sorted(snapshot, ListFilter::from(&selection), &selected, rng);
    }
    let first = CategoryId::new(1).expect("an id");
    let rows = snapshot.range(CATEGORIES, &first, None, Direction::Ascending, usize::MAX);
    let categories: Vec<_> = rows.expect("read").into_iter().map(|(id, _)| id).collect();
    let middle = &categories[1.min(categories.len())..3.min(categories.len())];
    let found = category_ids(snapshot, 1, 2).expect("read");
    assert_eq!(found, (categories.len() as u64, middle.to_vec()));
}

/// Reads a sorted list page by page and compares it with a sort of the selected rows.
fn compare_sorted(
    snapshot: &Snapshot,
    filter: ListFilter,
    selected: &[&(ProductId, Product, String)],
    rng: &mut Rng,
) {
    let sorts = [ProductSort::Title, ProductSort::Price, ProductSort::CreatedAt];
    let (sort, is_descending) = (sorts[rng.usize(..3)], rng.bool());
    let in_stock = rng.bool().then(|| rng.bool());
    let has_units = |id: &ProductId| {
        snapshot.get(STOCK, id).expect("read").is_some_and(|row| row.stock.sellable > 0)
    };
    let mut expected: Vec<_> = selected
        .iter()
        .filter(|(id, ..)| in_stock.is_none_or(|wanted| wanted == has_units(id)))
        .map(|(id, product, text)| match sort {
            ProductSort::Title => (text.split('\0').next().unwrap_or_default(), 0, *id),
            ProductSort::Price => ("", product.pricing.sell_price().minor_units(), *id),
            ProductSort::CreatedAt => ("", 0, *id),
        })
        .collect();
    expected.sort_unstable();
    if is_descending {
        expected.reverse();
    }
    let list = ProductList { filter, in_stock, sort, is_descending };
    let (limit, mut found, mut after) = (rng.usize(1..200), Vec::new(), None);
    loop {
        let page = listed(snapshot, &list, after.as_ref(), limit).expect("read");
        assert!(page.products.len() <= limit);
        found.extend(page.products);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let expected: Vec<_> = expected.into_iter().map(|(_, _, id)| id).collect();
    assert_eq!(found, expected, "{list:?}");
}

#[tokio::test]
async fn lists_are_those_of_a_plain_walk_after_every_commit() {
    let mut rng = Rng::with_seed(7);
    let directory = tempfile::tempdir().expect("a directory");
    let store = store(&directory);
    let empty = store.snapshot();
    compare(&empty, &mut rng);
    let categories = vec![Change::AddCategory; 4];
    commit(&store, categories).await;
    for _ in 0..PRODUCTS_MADE / 100 {
        let drafts = (0..100).map(|_| Change::create(&mut rng)).collect();
        commit(&store, drafts).await;
        compare(&store.snapshot(), &mut rng);
    }
    let early = store.snapshot();
    for _ in 0..30 {
        let count = rng.usize(1..8);
        let changes = (0..count).map(|_| Change::any(&mut rng)).collect();
        commit(&store, changes).await;
        let snapshot = store.snapshot();
        assert!(snapshot.kept_now::<CatalogIndex>().is_some(), "it followed the commit");
        compare(&snapshot, &mut rng);
    }
    // Both old and new, with the matches that the other left behind.
    compare(&early, &mut rng);
    compare(&empty, &mut rng);
    compare(&store.snapshot(), &mut rng);
}

#[tokio::test]
async fn a_search_finds_the_same_where_memory_for_texts_ran_out() {
    let mut rng = Rng::with_seed(11);
    let directory = tempfile::tempdir().expect("a directory");
    let store = store(&directory);
    commit(&store, (0..300).map(|_| Change::create(&mut rng)).collect()).await;
    let snapshot = store.snapshot();
    let first = ProductId::new(1).expect("an id");
    let in_memory = read_chunks(&snapshot, first, None, &mut usize::MAX.clone()).expect("read");
    let in_store = read_chunks(&snapshot, first, None, &mut 0).expect("read");
    assert_eq!((in_memory.len(), in_store.len()), (2, 2));
    assert!(in_memory[1].text_bytes() > 0 && in_store[1].text_bytes() == 0);
    for _ in 0..200 {
        let filter = ListFilter::from(&any_selection(&mut rng));
        for (one, other) in in_memory.iter().zip(&in_store) {
            let of = |chunk: &chunk::Chunk| chunk.admitted(&filter, &snapshot).expect("read");
            assert_eq!(of(one), of(other), "{filter:?}");
        }
    }
}

#[tokio::test]
async fn what_was_rendered_stands_until_the_product_its_stock_or_its_category_changes() {
    let mut rng = Rng::with_seed(13);
    let directory = tempfile::tempdir().expect("a directory");
    let store = store(&directory);
    commit(&store, vec![Change::AddCategory, Change::AddCategory]).await;
    commit(&store, (0..3).map(|_| Change::create(&mut rng)).collect()).await;
    let id = |number| ProductId::new(number).expect("an id");
    let category = CategoryId::new(1);
    let rendered = store.snapshot();
    let number = rendered.number();
    assert!(!is_unchanged(&rendered, id(1), category, number), "nothing is kept yet");
    crate::catalog::prepare_lists(&rendered).expect("read");
    assert!(is_unchanged(&rendered, id(1), category, number));
    let received = ProductChange { received: Some(1), ..ProductChange::default() };
    commit(&store, vec![Change::Update(id(1), received)]).await;
    let now = store.snapshot();
    assert!(!is_unchanged(&now, id(1), category, number), "its stock changed");
    assert!(is_unchanged(&now, id(2), category, number));
    commit(&store, vec![Change::DeleteCategory(category.expect("an id"))]).await;
    let now = store.snapshot();
    assert!(!is_unchanged(&now, id(2), category, number), "its category went");
    assert!(is_unchanged(&now, id(2), None, number));
}
