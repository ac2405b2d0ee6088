//! All contracts share one shop: data made through one shows in the others, under their names.

use crate::support;
use crate::support::Speaker::Classic;
use crate::support::{Person, Shop, Speaker, id_of};
use serde_json::{Value, json};

fn required() -> Value {
    json!(["This field is required."])
}

/// The user of the classic document, signed up there.
async fn newuser(shop: &Shop) -> Person {
    Classic.register(shop, "newuser").await
}

/// The same user, logged in through each contract.
async fn logged_in_everywhere(user: &Person) -> Vec<Person> {
    let mut sessions = Vec::new();
    for speaker in Speaker::ALL {
        sessions.push(speaker.log_in(user, "newuser").await);
    }
    sessions
}

/// Reads of each contract that need a session; all answer while it lives.
async fn expect_everywhere(person: &Person, status: u16) {
    for path in OWN {
        let path = path.replace("{id}", &person.id.to_string());
        person.get(&path).await.expect(status);
    }
}

/// minimal's cart and user, services' profile, storefront's profile and platform's user. classic reads nothing.
const OWN: [&str; 5] = [
    "/api/cart/",
    "/api/users/{id}/",
    "/api/v1/users/me/",
    "/api/v1/auth/profile/",
    "/api/v1/users/{id}",
];

#[tokio::test]
async fn a_token_of_any_contract_works_in_every_other() {
    let shop = Shop::open().await;
    let user = newuser(&shop).await;

    for person in logged_in_everywhere(&user).await {
        expect_everywhere(&person, 200).await;
        assert_eq!(person.get("/api/v1/auth/profile/").await.expect(200)["id"], user.id);
    }
}

#[tokio::test]
async fn logging_out_anywhere_ends_that_session_everywhere() {
    let shop = Shop::open().await;
    let user = newuser(&shop).await;
    for path in ["/api/logout/", "/api/v1/users/logout/", "/api/v1/auth/logout"] {
        let people = logged_in_everywhere(&user).await;
        for (place, person) in people.iter().enumerate() {
            person.ask("POST", path).send().await.expect(200);

            expect_everywhere(person, 401).await;
            if let Some(next) = people.get(place + 1) {
                expect_everywhere(next, 200).await;
            }
        }
    }
}

#[tokio::test]
async fn a_repeated_log_out_gets_the_stored_answer() {
    let mut shop = Shop::open().await;
    let user = newuser(&shop).await;
    let keyed = |person: &Person, path: &str, key: &str| {
        person.ask("POST", path).header("Idempotency-Key", key).send()
    };
    for path in ["/api/logout/", "/api/v1/users/logout/", "/api/v1/auth/logout"] {
        let ann = Classic.log_in(&user, "newuser").await;
        let elsewhere = Classic.log_in(&user, "newuser").await;
        let said = keyed(&ann, path, path).await.expect(200);

        shop.kill();
        shop.start();

        let again = keyed(&ann, path, path).await;
        assert!(again.is_replay(), "{again}");
        again.says(200, said);
        // The token gets nothing else any more.
        keyed(&ann, path, "another key").await.expect(401);
        ann.ask("POST", path).send().await.expect(401);
        let other_body = ann.ask("POST", path).header("Idempotency-Key", path);
        other_body.json(&json!({"a": 1})).send().await.expect(401);
        keyed(&ann, "/api/v1/cart/checkout/", path).await.expect(401);
        expect_everywhere(&ann, 401).await;
        // Other sessions of the user share the stored answers while they live.
        assert!(keyed(&elsewhere, path, path).await.is_replay());
        expect_everywhere(&elsewhere, 200).await;
        keyed(&elsewhere, path, &format!("their own {path}")).await.expect(200);
        keyed(&elsewhere, path, path).await.expect(401);
    }
    let ann = Classic.log_in(&user, "newuser").await;
    keyed(&ann, "/api/logout/", "last").await.expect(200);
    let again = Classic.log_in(&user, "newuser").await;
    again.delete(&format!("/api/v1/users/{}", user.id)).await.expect(204);
    keyed(&ann, "/api/logout/", "last").await.expect(401);
}

#[tokio::test]
async fn a_password_changed_anywhere_ends_every_other_session_everywhere() {
    let shop = Shop::open().await;
    let mut user = newuser(&shop).await;
    let ways = [
        ("/api/users/change_password/", ["", "password", ""]),
        ("/api/v1/users/me/change-password/", ["old_password", "new_password", "confirm_password"]),
        ("/api/v1/auth/change-password/", ["old_password", "new_password", "new_password_confirm"]),
    ];
    for (number, (path, [old, new, again])) in ways.into_iter().enumerate() {
        let people = logged_in_everywhere(&user).await;
        let chosen = format!("newer-password-{number}");
        let fields = [(old, &user.password), (new, &chosen), (again, &chosen)];
        let asked = fields.iter().filter(|(name, _)| !name.is_empty());
        let body = asked.map(|(name, text)| ((*name).to_owned(), json!(text))).collect();

        people[number].post(path, Value::Object(body)).await.expect(200);

        for (place, person) in people.iter().enumerate() {
            expect_everywhere(person, if place == number { 200 } else { 401 }).await;
        }
        shop.nobody().try_log_in(&user.email, &user.password).await.expect(400);
        user.password = chosen;
        logged_in_everywhere(&user).await;
    }
}

#[tokio::test]
async fn storefront_users_log_in_by_their_address_as_user_name() {
    let shop = Shop::open().await;
    let email = "o'brien+1@souk.example";
    shop.nobody().register(email, "a-good-password").await;

    let body = json!({"username": email, "password": "a-good-password"});

    shop.nobody().post("/api/token/", body.clone()).await.expect(200);
    shop.nobody().post("/api/login/", body).await.expect(200);
}

#[tokio::test]
async fn a_product_is_the_same_under_every_contracts_names() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let classic = json!({"name": "Product1", "price": "19.99", "amount": 10});

    let id = id_of(&boss.post("/api/products/", classic).await.expect(201));

    let nobody = shop.nobody();
    let minimal = json!({"id": id, "name": "Product1", "price": "19.99", "description": ""});
    nobody.get(&format!("/api/products/{id}/")).await.says(200, minimal);
    let platform =
        json!({"id": id, "name": "Product1", "description": "", "price": 19.99, "stock": 10});
    nobody.get(&format!("/api/v1/products/{id}")).await.says(200, platform);
    let storefront = boss.get(&format!("/api/v1/products/{id}/")).await.expect(200);
    assert_eq!(
        (&storefront["price"], &storefront["stock_quantity"]),
        (&json!("19.99"), &json!(10))
    );
    assert_eq!((&storefront["category"], &storefront["slug"]), (&Value::Null, &json!("product1")));

    boss.put(&format!("/api/v1/products/{id}"), json!({"price": 5, "stock": 7})).await.expect(200);
    let increase = format!("/api/products/{id}/increase_amount/");
    let expected = json!({"id": id, "name": "Product1", "price": "5.00", "amount": 8});
    boss.post(&increase, json!({"amount": 1})).await.says(200, expected);
    assert_eq!(boss.stock_of(id).await, 8);
    boss.delete(&format!("/api/v1/products/{id}")).await.expect(204);
    nobody.get(&format!("/api/products/{id}/")).await.expect(404);
}

#[tokio::test]
async fn a_discount_of_services_is_in_the_price_of_every_other_contract() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    // 15 percent less than 19.99 is 16.9915, rounded half up.
    let lamp = boss.add_discounted("Lamp", "19.99", "15", 10).await;
    let nobody = shop.nobody();

    let minimal = nobody.get(&format!("/api/products/{lamp}/")).await.expect(200);
    assert_eq!(minimal["price"], "16.99");
    let storefront = boss.get(&format!("/api/v1/products/{lamp}/")).await.expect(200);
    assert_eq!(storefront["price"], "16.99");
    let platform = nobody.get(&format!("/api/v1/products/{lamp}")).await.expect(200);
    assert_eq!(platform["price"], json!(16.99));
    let increase = format!("/api/products/{lamp}/increase_amount/");
    let classic = boss.post(&increase, json!({"amount": 1})).await.expect(200);
    assert_eq!((&classic["price"], &classic["amount"]), (&json!("16.99"), &json!(11)));

    // A change that does not concern the price keeps the discount.
    let services = nobody.get(&format!("/api/v1/product/{lamp}/")).await.expect(200);
    assert_eq!(prices(&services), ["19.99", "15.00", "16.99"]);
    let ann = shop.customer("ann").await;
    assert_eq!(ann.put_in_cart(lamp, 2).await.expect(201)["subtotal"], "33.98");
    assert_eq!(ann.checkout().await.expect(201)["total_amount"], "33.98");
}

#[tokio::test]
async fn what_services_switches_off_is_hidden_everywhere_but_from_administrators() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let (lamp, chair) =
        (boss.add_product("Lamp", "10.00", 5).await, boss.add_product("Chair", "5.00", 5).await);
    let (ann, nobody) = (shop.customer("ann").await, shop.nobody());
    let order = id_of(&ann.buy(lamp, 1).await);
    ann.put_in_cart(lamp, 1).await.expect(201);
    switch(&boss, lamp, false).await;

    let own = [
        format!("/api/products/{lamp}/"),
        format!("/api/v1/products/{lamp}/"),
        format!("/api/v1/products/{lamp}"),
    ];
    for path in &own {
        ann.get(path).await.says(404, json!({"detail": "Not found."}));
        assert_eq!(id_of(&boss.get(path).await.expect(200)), lamp);
    }
    nobody.get(&own[0]).await.expect(404);
    nobody.bearing("a.b.c").get(&own[2]).await.expect(401);
    assert_eq!(listed(&nobody).await, [vec![], vec![chair]]);
    assert_eq!(listed(&ann).await, [vec![chair], vec![chair]]);
    assert_eq!(listed(&boss).await, [vec![lamp, chair], vec![lamp, chair]]);
    for query in ["search=lamp", "search=one&page_size=1"] {
        let found = ann.get(&format!("/api/v1/products/?{query}")).await.expect(200);
        assert_eq!(found["count"], i64::from(query.contains("one")), "{found}");
    }
    // services has a field for it and shows the product.
    let services = nobody.get(&format!("/api/v1/product/{lamp}/")).await.expect(200);
    assert_eq!(services["available"], false);
    let ids =
        |list: &Value| -> Vec<i64> { list.as_array().expect("a list").iter().map(id_of).collect() };
    let off = nobody.get("/api/v1/product/?available=False").await.expect(200);
    assert_eq!(ids(&off), [lamp]);

    // It cannot be bought, not even from a cart; earlier orders still show it.
    let hidden = json!({"product_id": ["Product not found or inactive"]});
    for buyer in [&ann, &boss] {
        buyer.put_in_cart(lamp, 1).await.says(400, hidden.clone());
        buyer
            .post("/api/orders/", json!({"products": [lamp]}))
            .await
            .says(400, json!({"products": [format!("Product not found or inactive: {lamp}")]}));
    }
    ann.checkout().await.expect(400);
    assert_eq!(ann.order(order).await.expect(200)["items"][0]["product"]["id"], lamp);

    shop.restart().await;
    switch(&boss, chair, false).await;
    boss.delete(&format!("/api/v1/products/{chair}")).await.expect(204);
    switch(&boss, lamp, true).await;
    assert_eq!(listed(&ann).await, [vec![lamp], vec![lamp]]);
    ann.checkout().await.expect(201);
    shop.stop().await;
    shop.check();
}

async fn switch(boss: &Person, product: i64, available: bool) {
    let body =
        json!({"name": format!("One of {product}"), "price": "10.00", "available": available});
    boss.put(&format!("/api/v1/product/{product}/"), body).await.expect(200);
}

/// The products that storefront and minimal list; storefront needs a token.
async fn listed(by: &Person) -> [Vec<i64>; 2] {
    let ids = |list: &Value| list.as_array().into_iter().flatten().map(id_of).collect();
    let storefront = by.get("/api/v1/products/").await.json();
    let minimal = by.get("/api/products/").await;
    let minimal_ids: Vec<i64> = ids(&minimal.expect(200)["products"]);
    assert_eq!(minimal.header("X-Total-Count"), minimal_ids.len().to_string());
    [ids(&storefront["results"]), minimal_ids]
}

#[tokio::test]
async fn a_price_set_where_no_discount_is_known_clears_the_discount() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_discounted("Lamp", "20.00", "10", 5).await;
    let services = format!("/api/v1/product/{lamp}/");
    let ways = [
        ("PUT", "/api/products/{id}/", json!({"name": "Lamp", "price": "15.00", "amount": 5})),
        ("PATCH", "/api/v1/products/{id}/", json!({"price": "15.00"})),
        ("PUT", "/api/v1/products/{id}", json!({"price": 15.00})),
    ];
    for (method, path, body) in ways {
        let list = json!({"name": "Lamp", "price": "20.00", "discount": "10"});
        let shown = boss.put(&services, list).await.expect(200);
        assert_eq!(prices(&shown), ["20.00", "10.00", "18.00"]);

        let path = path.replace("{id}", &lamp.to_string());
        boss.ask(method, &path).json(&body).send().await.expect(200);

        let shown = shop.nobody().get(&services).await.expect(200);
        assert_eq!(prices(&shown), ["15.00", "0.00", "15.00"], "after {method} {path}");
    }
}

/// List price, discount and what the customer pays, as services shows them.
fn prices(product: &Value) -> [&str; 3] {
    ["price", "discount", "sell_price"].map(|name| product[name].as_str().expect("a price"))
}

#[tokio::test]
async fn a_cart_and_its_order_go_through_four_contracts() {
    let mut shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let user = newuser(&shop).await;
    let people = logged_in_everywhere(&user).await;
    let [classic, minimal, _, storefront, platform] = people.as_slice() else { panic!("five") };

    storefront.put_in_cart(lamp, 2).await.expect(201);
    let cart = minimal.get("/api/cart/").await.expect(200);
    assert_eq!(cart["cart_items"], json!([{"product_id": lamp, "quantity": 2}]));
    let placed = minimal.post("/api/orders/", json!({"cart_id": cart["id"]})).await.expect(201);
    let order = placed["order_id"].as_i64().expect("an id");
    let add = format!("/api/orders/{order}/add_product/");
    let added = classic.post(&add, json!({"product_id": lamp})).await.expect(200);
    assert_eq!(added["products"], json!([lamp, lamp, lamp]));
    let shown = platform.get(&format!("/api/v1/orders/{order}")).await.expect(200);
    assert_eq!((&shown["total_price"], &shown["status"]), (&json!(30.0), &json!("Pending")));
    storefront.create_payment(order).await.expect(200);
    let body = json!({"order": order, "amount": "30.00"});
    let payment = id_of(&classic.post("/api/payments/", body).await.expect(201));
    shop.nobody()
        .ask("POST", &format!("/api/payments/{payment}/finalize/"))
        .send()
        .await
        .expect(200);
    let shown = platform.get(&format!("/api/v1/orders/{order}")).await.expect(200);
    assert_eq!(shown["status"], "Completed");
    assert_eq!(storefront.order(order).await.expect(200)["status"], "completed");
    platform.delete(&format!("/api/v1/orders/{order}")).await.expect(204);
    let gone = minimal.get(&format!("/api/orders/{order}/")).await.expect(200);
    assert_eq!(gone["status"], "cancelled");
    assert_eq!(boss.stock_of(lamp).await, 10);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn the_body_says_whether_classic_or_minimal_is_asked() {
    let shop = Shop::open().await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 10).await;
    let ann = shop.customer("ann").await;

    let both = json!({"products": required(), "cart_id": required()});
    ann.post("/api/orders/", json!({"items": []})).await.says(400, both.clone());
    ann.ask("POST", "/api/orders/").send().await.says(400, both);
    let all = json!({"order": required(), "amount": required(), "order_id": required(),
        "payment_method": required()});
    ann.post("/api/payments/", json!({})).await.says(400, all);
    for path in ["/api/orders/", "/api/payments/"] {
        shop.nobody().post(path, json!({})).await.expect(401);
        let broken = ann.ask("POST", path).raw("application/json", "{").send().await;
        assert!(broken.expect(400)["detail"].is_string(), "{broken}");
        ann.ask("POST", path).raw("text/plain", "{}").send().await.expect(415);
        ann.ask("PUT", path).json(&json!({})).send().await.expect(405);
    }
    let order = ann.post("/api/orders", json!({"products": [lamp]})).await.expect(201);
    assert!(order.get("products").is_some(), "classic answered: {order}");
    let order = id_of(&order);
    let minimal = json!({"order_id": order, "payment_method": "pm_card_visa"});
    let paid = ann.post("/api/payments", minimal).await.expect(201);
    assert!(paid.get("payment_id").is_some(), "minimal answered: {paid}");
}

#[tokio::test]
async fn the_trailing_slash_says_whether_storefront_or_platform_is_asked() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    let nobody = shop.nobody();

    assert_eq!(nobody.get(&format!("/api/v1/products/{lamp}")).await.expect(200)["stock"], 10);
    nobody.get(&format!("/api/v1/products/{lamp}/")).await.expect(401);
    for path in ["/api/v1/products", "/api/v1/orders"] {
        let moved = boss.get(path).await;
        assert_eq!((moved.status, moved.header("Location")), (301, format!("{path}/").as_str()));
    }
    let body = json!({"email": support::ADMIN_EMAIL, "password": support::ADMIN_PASSWORD});
    let platform = nobody.post("/api/v1/auth/login", body.clone()).await.expect(200);
    assert!(platform.get("token").is_some(), "{platform}");
    let storefront = nobody.post("/api/v1/auth/login/", body).await.expect(200);
    assert!(storefront.get("data").is_some(), "{storefront}");
    let order = json!({"user_id": boss.id, "items": [{"product_id": lamp, "quantity": 1}], "total_price": 10});
    boss.post("/api/v1/orders/", order.clone()).await.blames(400, &["shipping_address"]);
    boss.post("/api/v1/orders", order).await.expect(201);
    boss.patch(&format!("/api/v1/products/{lamp}"), json!({"price": 1})).await.expect(405);
}
