//! The catalogue of a shop: categories and products.

use crate::http::{BlockingConnection, request};
use crate::{Outcome, complaint};
use serde_json::{Value, json};
use souk_actors::catalog::{CategoryDraft, ProductDraft};
use souk_actors::journeys::ordering;
use souk_actors::orders::OrderDraft;
use souk_actors::outbox::Reader;
use souk_actors::store::{StoreLimits, StorePlace};
use souk_actors::{Shop, ShopSettings, catalog, users};
use souk_domain::{
    CartLines, CategoryId, Currency, EmailAddress, Money, Pricing, ProductId, Quantity, UserId,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const CATEGORIES: u64 = 10;
const PRODUCTS_PER_TURN: u64 = 1_000;
const ORDERS_PER_TURN: u64 = 200;
const STOCK_OF_EACH: u64 = 1_000_000;
const PRICE_MINOR_UNITS: i64 = 1_999;
/// The same price in the words of the contracts.
const PRICE: &str = "19.99";

/// An idle shop with this many products, created once and kept in the cache.
pub(crate) fn catalogue(cache: &Path, products: u64) -> Outcome<PathBuf> {
    let version = souk_actors::store::SCHEMA_VERSION;
    let kept = cache.join(format!("products-{products}-schema-{version}"));
    if is_readable(&kept, products).unwrap_or(false) {
        return Ok(kept);
    }
    eprintln!("souk-bench: filling a shop with {products} products, this once");
    let unfinished = kept.with_extension("unfinished");
    for stale in [&kept, &unfinished] {
        if stale.exists() {
            fs::remove_dir_all(stale)?;
        }
    }
    in_process(&unfinished, products)?;
    fs::rename(&unfinished, &kept)?;
    Ok(kept)
}

/// Whether the current code finds the last product; the row format may have changed since.
fn is_readable(directory: &Path, products: u64) -> Outcome<bool> {
    if !directory.exists() {
        return Ok(false);
    }
    in_shop(directory, async |shop| {
        let last = ProductId::new(products).ok_or_else(|| complaint("no products"))?;
        Ok(catalog::product(&*shop.store.snapshot(), last)?.is_some())
    })
}

/// Fills a shop with this many products with the current code, without a server.
pub(super) fn in_process(place: impl Into<StorePlace>, products: u64) -> Outcome<()> {
    in_shop(place, async |shop| {
        for first in (1..=products).step_by(PRODUCTS_PER_TURN as usize) {
            shop.turn(move |turn| async move {
                if first == 1 {
                    for number in 1..=CATEGORIES {
                        let draft = category_draft(number);
                        turn.ask(catalog::CreateCategory { draft }).await?;
                    }
                }
                for number in first..(first + PRODUCTS_PER_TURN).min(products + 1) {
                    let draft = product_draft(number);
                    turn.ask(catalog::CreateProduct { draft }).await?;
                }
                Ok(())
            })
            .await?;
        }
        // An idle shop has an empty outbox.
        let (pending, _) = shop.outbox.backlog(Reader::Mail)?;
        let cursor = shop.outbox.cursor(Reader::Mail)?;
        shop.outbox.acknowledge(Reader::Mail, cursor + pending).await?;
        Ok(())
    })
}

/// Fills a shop with this many products as an administrator does, only with calls of the storefront
/// contract: an older binary answers them too.
pub(super) fn over_http(
    connection: &mut BlockingConnection,
    administrator: &str,
    products: u64,
) -> Outcome<()> {
    let mut create = |path, number, body: &Value| {
        let ask = request("POST", path, Some(administrator), Some(&body.to_string()));
        let answer = connection.fetch(&ask)?;
        let created: Value = serde_json::from_slice(answer.body())?;
        match answer.head.status == 201 && created["id"] == number {
            true => Ok(()),
            false => Err(complaint(format!("{number} of {path} was not created: {created}"))),
        }
    };
    for number in 1..=CATEGORIES {
        let CategoryDraft { name, description } = category_draft(number);
        create("/api/v1/categories/", number, &json!({"name": name, "description": description}))?;
    }
    for number in 1..=products {
        let ProductDraft { name, description, image, stock, .. } = product_draft(number);
        let body = json!({
            "name": name, "description": description, "category_id": category_of(number),
            "price": PRICE, "stock_quantity": stock, "image": image,
        });
        create("/api/v1/products/", number, &body)?;
    }
    Ok(())
}

fn category_draft(number: u64) -> CategoryDraft {
    let description = format!("All that belongs to category {number}.");
    CategoryDraft { name: format!("Category {number:02}"), description }
}

fn category_of(product: u64) -> u64 {
    product % CATEGORIES + 1
}

fn product_draft(number: u64) -> ProductDraft {
    let description = "Made by hand in a small workshop, of wool that was washed, carded and spun \
                       nearby; every piece differs a little from every other.";
    ProductDraft {
        name: format!("Benchmark product {number:06}"),
        description: description.to_owned(),
        category: CategoryId::new(category_of(number)),
        pricing: Pricing::flat(Money::from_minor_units(PRICE_MINOR_UNITS)),
        image: Some(format!("https://images.bench.test/products/{number:06}.webp")),
        available: true,
        stock: STOCK_OF_EACH,
    }
}

/// Lets the customer with this address place orders of one product each.
pub(crate) fn place_orders(directory: &Path, email: &str, orders: u64) -> Outcome<()> {
    in_shop(directory, async |shop| {
        let email = EmailAddress::parse(email)?;
        let customer = users::by_email(&*shop.store.snapshot(), &email)?;
        let (customer, _) = customer.ok_or_else(|| complaint("no customer"))?;
        for first in (0..orders).step_by(ORDERS_PER_TURN as usize) {
            shop.turn(move |turn| async move {
                for number in first..(first + ORDERS_PER_TURN).min(orders) {
                    let product = ProductId::new(number % 1_000 + 1).expect("1 is an id");
                    let lines = CartLines::collect([(product, Quantity::ONE)]).expect("a line");
                    ordering::place(&turn, order_draft(customer), lines).await?;
                }
                Ok(())
            })
            .await?;
        }
        let (pending, _) = shop.outbox.backlog(Reader::Mail)?;
        let cursor = shop.outbox.cursor(Reader::Mail)?;
        shop.outbox.acknowledge(Reader::Mail, cursor + pending).await?;
        Ok(())
    })
}

fn order_draft(customer: UserId) -> OrderDraft {
    OrderDraft {
        customer: Some(customer),
        guest: None,
        recipient: None,
        contact: None,
        shipping_address: "1 Market Square, 00100 Sukh".to_owned(),
        billing_address: "1 Market Square, 00100 Sukh".to_owned(),
        time_to_live: Duration::from_secs(24 * 60 * 60),
    }
}

fn in_shop<T>(
    place: impl Into<StorePlace>,
    work: impl AsyncFnOnce(&Shop) -> Outcome<T>,
) -> Outcome<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let settings = ShopSettings {
            currency: Currency::USD,
            order_time_to_live: Duration::from_secs(24 * 60 * 60),
            low_stock_threshold: 5,
            order_notices: souk_actors::orders::OrderNotices::Each,
            order_digest_every: Duration::from_secs(3_600),
            guest_unpaid_kept_for: Duration::from_secs(30 * 24 * 60 * 60),
            store: StoreLimits::default(),
        };
        let shop = Shop::open_or_make(place, settings).await?;
        let result = work(&shop).await;
        shop.close().await;
        result
    })
}
