//! Operations 26 to 31 of the storefront document: the cart and its checkout.

use crate::support::{Shop, id_of, shapes};
use serde_json::{Value, json};

const CART: &str = "/api/v1/cart/";
const CHECKOUT: &str = "/api/v1/cart/checkout/";

const SHORT: &str = "Insufficient stock";

#[tokio::test]
async fn adding_a_product_again_adds_its_quantity() {
    let shop = Shop::open().await;
    let lamp = shop.admin().await.add_product("Lamp", "10.50", 5).await;
    let ann = shop.customer("ann").await;

    let first = ann.put_in_cart(lamp, 2).await.expect(201);
    let again = ann.put_in_cart(lamp, 3).await.expect(201);

    shapes::expect(&again, &shapes::item());
    assert_eq!(id_of(&first), id_of(&again), "one line per product");
    assert_eq!((&again["quantity"], &again["subtotal"]), (&json!(5), &json!("52.50")));
    let short = json!({"non_field_errors": [SHORT]});
    ann.put_in_cart(lamp, 1).await.says(400, short);
    let cart = ann.cart().await;
    shapes::expect(&cart, &shapes::cart());
    assert_eq!((&cart["items"], &cart["total_amount"]), (&json!([again]), &json!("52.50")));
    assert_eq!(ann.stock_of(lamp).await, 5, "a cart reserves nothing");
}

#[tokio::test]
async fn refuses_products_that_cannot_be_added() {
    let shop = Shop::open().await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 5).await;
    let ann = shop.customer("ann").await;
    let add = async |product: Value, quantity: Value| {
        ann.post(CART, json!({"product_id": product, "quantity": quantity})).await
    };

    let unknown = json!({"product_id": ["Product not found or inactive"]});
    add(json!(999), json!(1)).await.says(400, unknown);
    for product in [json!(0), json!(-1), json!(1_u64 << 63), json!("abc"), json!(1.5), json!(null)]
    {
        add(product, json!(1)).await.blames(400, &["product_id"]);
    }
    ann.post(CART, json!({"quantity": 1}))
        .await
        .says(400, json!({"product_id": ["This field is required."]}));
    add(json!(lamp), json!(6)).await.says(400, json!({"non_field_errors": [SHORT]}));
    for quantity in [json!(0), json!(-1), json!(1.5), json!("two"), json!(null), json!([])] {
        add(json!(lamp), quantity).await.blames(400, &["quantity"]);
    }
    for quantity in [json!(1_i64 << 31), json!(1_u64 << 63)] {
        add(json!(lamp), quantity).await.expect(400);
    }
    add(json!("abc"), json!(0)).await.blames(400, &["product_id", "quantity"]);
    assert_eq!(ann.cart().await["items"], json!([]));
}

#[tokio::test]
async fn a_line_can_be_changed_and_removed() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let (lamp, chair) =
        (boss.add_product("Lamp", "999.99", 5).await, boss.add_product("Chair", "20.00", 5).await);
    let (ann, ben) = (shop.customer("ann").await, shop.customer("ben").await);
    let line = id_of(&ann.put_in_cart(lamp, 1).await.expect(201));
    ann.put_in_cart(chair, 1).await.expect(201);
    let path = format!("/api/v1/cart/items/{line}/");

    for answer in [
        ann.put(&path, json!({"quantity": 3})).await,
        ann.patch(&path, json!({"quantity": 3})).await,
    ] {
        let item = answer.expect(200);
        shapes::expect(&item, &shapes::item());
        assert_eq!(
            (&item["quantity"], &item["subtotal"]),
            (&json!(3), &json!("2999.97")),
            "set, not added"
        );
    }
    assert_eq!(ann.cart().await["total_amount"], "3019.97");

    let change = async |body: Value| ann.patch(&path, body).await;
    change(json!({})).await.says(400, json!({"quantity": ["This field is required."]}));
    ann.put(&path, json!({})).await.says(400, json!({"quantity": ["This field is required."]}));
    for quantity in [0, -1] {
        let least = json!({"quantity": ["Quantity must be at least 1."]});
        change(json!({"quantity": quantity})).await.says(400, least);
    }
    for quantity in [json!(1.5), json!("three")] {
        let integer = json!({"quantity": ["A valid integer is required."]});
        change(json!({"quantity": quantity})).await.says(400, integer);
    }
    change(json!({"quantity": 6})).await.says(400, json!({"error": SHORT}));
    change(json!({"quantity": 1_i64 << 31})).await.expect(400);
    assert_eq!(ann.cart().await["items"][0]["quantity"], 3, "a refusal changes nothing");

    // To everybody else the line does not exist.
    let not_found = || json!({"detail": "Not found."});
    ben.patch(&path, json!({"quantity": 1})).await.says(404, not_found());
    ben.delete(&path).await.says(404, not_found());
    boss.delete(&path).await.says(404, not_found());
    for id in ["0", "-1", "9223372036854775808", "abc", "999"] {
        let nowhere = format!("/api/v1/cart/items/{id}/");
        ann.patch(&nowhere, json!({"quantity": 1})).await.says(404, not_found());
        ann.delete(&nowhere).await.says(404, not_found());
    }

    ann.delete(&path).await.says(200, json!({"message": "Cart item removed successfully"}));
    ann.delete(&path).await.says(404, not_found());
    assert_eq!(ann.cart().await["total_amount"], "20.00");
}

#[tokio::test]
async fn a_cart_can_be_cleared_and_belongs_to_one() {
    let shop = Shop::open().await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 5).await;
    let (ann, ben) = (shop.customer("ann").await, shop.customer("ben").await);
    ann.put_in_cart(lamp, 1).await.expect(201);
    assert_eq!(ben.cart().await["items"], json!([]));

    for _ in 0..2 {
        ann.delete(CART).await.says(200, json!({"message": "Cart cleared successfully"}));
        let cart = ann.cart().await;
        assert_eq!((&cart["items"], &cart["total_amount"]), (&json!([]), &json!("0.00")));
    }
}

#[tokio::test]
async fn checkout_asks_for_an_address_and_something_in_the_cart() {
    let shop = Shop::open().await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 5).await;
    let ann = shop.customer("ann").await;
    ann.checkout().await.says(400, json!({"error": "Cart is empty"}));
    ann.put_in_cart(lamp, 1).await.expect(201);

    let address = |message: &str| json!({"shipping_address": [message]});
    ann.post(CHECKOUT, json!({})).await.says(400, address("This field is required."));
    ann.post(CHECKOUT, json!({"shipping_address": ""}))
        .await
        .says(400, address("This field may not be blank."));
    ann.post(CHECKOUT, json!({"shipping_address": "  "}))
        .await
        .says(400, address("This field may not be blank."));
    ann.post(CHECKOUT, json!({"shipping_address": null}))
        .await
        .says(400, address("This field may not be null."));
    let body = json!({"shipping_address": 5, "billing_address": [], "clear_cart": "perhaps"});
    let refused = ann.post(CHECKOUT, body).await.expect(400);
    assert!(refused["billing_address"].is_array() && refused["clear_cart"].is_array(), "{refused}");
    assert_eq!(ann.cart().await["items"][0]["quantity"], 1);
    assert_eq!(ann.stock_of(lamp).await, 5);

    // Without a billing address, the shipping address is used.
    let order = ann.post(CHECKOUT, json!({"shipping_address": "1 New St"})).await.expect(201);
    shapes::expect(&order, &shapes::order());
    assert_eq!(
        (&order["shipping_address"], &order["billing_address"]),
        (&json!("1 New St"), &json!("1 New St"))
    );
    ann.checkout().await.says(400, json!({"error": "Cart is empty"}));
}

#[tokio::test]
async fn the_cart_stays_when_asked_to() {
    let shop = Shop::open().await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 5).await;
    let ann = shop.customer("ann").await;
    ann.put_in_cart(lamp, 2).await.expect(201);
    let body = json!({"shipping_address": "1 New St", "clear_cart": false});

    for left in [3, 1] {
        let order = ann.post(CHECKOUT, body.clone()).await.expect(201);
        assert_eq!(order["items"][0]["product"]["stock_quantity"], left);
        assert_eq!(ann.cart().await["items"][0]["quantity"], 2);
    }
    ann.post(CHECKOUT, body).await.says(400, json!({"error": "Insufficient stock for Lamp"}));
}

#[tokio::test]
async fn checkout_takes_all_or_nothing() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let (lamp, laptop) =
        (boss.add_product("Lamp", "10.00", 5).await, boss.add_product("Laptop", "999.99", 5).await);
    let ann = shop.customer("ann").await;
    ann.put_in_cart(lamp, 5).await.expect(201);
    ann.put_in_cart(laptop, 2).await.expect(201);
    shop.customer("ben").await.buy(laptop, 4).await;

    ann.checkout().await.says(400, json!({"error": "Insufficient stock for Laptop"}));

    assert_eq!((ann.stock_of(lamp).await, ann.stock_of(laptop).await), (5, 1));
    assert_eq!(
        ann.cart().await["items"].as_array().map(Vec::len),
        Some(2),
        "the cart is as it was"
    );
    assert_eq!(ann.orders().await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_cart_shows_and_charges_the_current_price() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 5).await;
    let ann = shop.customer("ann").await;
    ann.put_in_cart(lamp, 2).await.expect(201);

    boss.patch(&format!("/api/v1/products/{lamp}/"), json!({"price": "12.00"})).await.expect(200);

    let cart = ann.cart().await;
    assert_eq!(
        (&cart["items"][0]["price"], &cart["total_amount"]),
        (&json!("12.00"), &json!("24.00"))
    );
    assert_eq!(ann.checkout().await.expect(201)["total_amount"], "24.00");
}

#[tokio::test]
async fn a_deleted_product_is_not_sold() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 5).await;
    let ann = shop.customer("ann").await;
    ann.put_in_cart(lamp, 2).await.expect(201);

    boss.delete(&format!("/api/v1/products/{lamp}/")).await.expect(200);

    shapes::expect(&ann.cart().await, &shapes::cart());
    let refused = ann.checkout().await.expect(400);
    assert!(refused["error"].is_string(), "{refused}");
    assert_eq!(ann.orders().await, Vec::<Value>::new());
    ann.delete(CART).await.expect(200);
    ann.put_in_cart(lamp, 1)
        .await
        .says(400, json!({"product_id": ["Product not found or inactive"]}));
}

#[tokio::test]
async fn a_cart_survives_a_kill() {
    let mut shop = Shop::open().await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 5).await;
    let ann = shop.customer("ann").await;
    ann.put_in_cart(lamp, 2).await.expect(201);
    let before = ann.cart().await;

    shop.kill();
    shop.start();

    assert_eq!(ann.cart().await, before);
}
