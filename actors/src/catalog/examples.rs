//! Rows of the catalog, for the fixtures.

use super::category::Category;
use super::product::{Product, StockRow};
use super::stored::{
    BY_CATEGORY, CATEGORIES, CATEGORY_SLUGS, GONE, HIDDEN, PRODUCT_SLUGS, PRODUCTS, SEARCH_RULES,
    SEARCH_TEXTS, STOCK,
};
use crate::fixtures::{Example, TIME, id, text};
use souk_domain::{CategoryId, Discount, Money, Pricing, ProductId, Stock, UnixMillis};

pub(crate) fn rows() -> Vec<Example> {
    let product_id = id(ProductId::new, 300);
    let category_id = id(CategoryId::new, 200);
    let bare = Product {
        name: text("Lamp"),
        slug: text("lamp"),
        description: String::new(),
        category: None,
        pricing: Pricing::flat(Money::ZERO),
        image: None,
        available: false,
        created_at: UnixMillis::new(0),
        updated_at: UnixMillis::new(-1),
    };
    let full = Product {
        name: text("Lampe à huile"),
        slug: text("lampe-a-huile"),
        description: text("Brass.\nBurns for hours."),
        category: Some(category_id),
        pricing: Pricing {
            list_price: Money::from_minor_units(9_999_999_999),
            discount: Discount::from_basis_points(1_250).expect("12.5 %"),
        },
        image: Some(text("https://example.com/lamp.png")),
        available: true,
        created_at: TIME,
        updated_at: UnixMillis::new(TIME.get() + 1),
    };
    let category = |description: &str| Category {
        name: text("Light & Fire"),
        slug: text("light-fire"),
        description: text(description),
        version: 300,
    };
    let stock = StockRow {
        received: 2_147_483_647,
        stock: Stock { sellable: 2_147_482_000, held: 1_000, sold: 647 },
        version: 129,
    };
    let nothing = StockRow { received: 0, stock: Stock::default(), version: 1 };
    vec![
        Example::of(PRODUCTS, "a product with no more than it needs", &product_id, &bare),
        Example::of(PRODUCTS, "a product with everything", &id(ProductId::new, 1), &full),
        Example::of(GONE, "a deleted product", &product_id, &full),
        Example::of(BY_CATEGORY, "a product of a category", &(category_id, product_id), &()),
        Example::of(SEARCH_TEXTS, "a product", &product_id, &text("lampe a huile\nbrass.")),
        Example::of(SEARCH_RULES, "the third rules", &0, &3),
        Example::of(PRODUCT_SLUGS, "a product", &text("lampe-a-huile"), &product_id),
        Example::of(HIDDEN, "a product that is switched off", &product_id, &()),
        Example::of(STOCK, "no units", &id(ProductId::new, 1), &nothing),
        Example::of(STOCK, "units everywhere", &product_id, &stock),
        Example::of(CATEGORIES, "a category", &category_id, &category("All that shines.")),
        Example::of(CATEGORIES, "no description", &id(CategoryId::new, 1), &category("")),
        Example::of(CATEGORY_SLUGS, "a category", &text("light-fire"), &category_id),
    ]
}
