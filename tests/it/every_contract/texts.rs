//! Texts that people write: names are one line, mails to unproved addresses repeat no text of others, and names are
//! compared by how they look.

use crate::support;
use crate::support::{ADMIN_EMAIL, Mail, Person, Shop, eventually, id_of, mails_in};
use serde_json::{Value, json};

const EVIL: &str = "evil.example";

async fn mail_to(shop: &Shop, template: &str, to: &str) -> Mail {
    eventually("a mail", async || {
        mails_in(&shop.data().join("mail")).into_iter().find(|mail| mail.is(template, to))
    })
    .await
}

fn messages(body: &Value, field: &str) -> Vec<String> {
    let sentences = body[field].as_array().into_iter().flatten();
    sentences.map(|sentence| sentence.as_str().expect("a sentence").to_owned()).collect()
}

#[tokio::test]
async fn names_are_one_line_in_every_contract() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    for (written, kept) in [
        ("Lamp\r\nbrass", "Lamp brass"),
        ("Lamp\tbrass", "Lamp brass"),
        ("Lamp\u{7}", "Lamp"),
        ("Lamp\u{2028}brass\u{85}", "Lamp brass"),
        ("Lamp  brass", "Lamp  brass"),
    ] {
        let category = boss.post("/api/v1/categories/", json!({"name": written})).await.expect(201);
        assert_eq!(category["name"], kept);
        let plain = json!({"name": written, "description": "one\r\ntwo", "price": "1.00"});
        for path in ["/api/v1/products/", "/api/v1/product/"] {
            let made = boss.post(path, plain.clone()).await.expect(201);
            assert_eq!((&made["name"], &made["description"]), (&json!(kept), &json!("one\r\ntwo")));
        }
        let classic = json!({"name": written, "price": "1.00", "amount": 3});
        assert_eq!(boss.post("/api/products/", classic).await.expect(201)["name"], kept);
        let platform = json!({"name": written, "description": "", "price": 1, "stock": 3});
        assert_eq!(boss.post("/api/v1/products", platform).await.expect(201)["name"], kept);
    }
    let ann = shop.customer("ann").await;
    let profile =
        json!({"first_name": "Ann\r\nMarie", "city": "Old\tTown", "address": "1 Street\nYard"});
    let me = ann.put("/api/v1/users/me/update/", profile).await.expect(200);
    assert_eq!(
        (&me["first_name"], &me["city"], &me["address"]),
        (&json!("Ann Marie"), &json!("Old Town"), &json!("1 Street\nYard"))
    );
    let nothing = boss.post("/api/v1/categories/", json!({"name": "\u{7}\r\n"})).await;
    nothing.says(400, json!({"name": ["This field may not be blank."]}));
    let null =
        boss.post("/api/v1/categories/", json!({"name": format!("a\0{}", "b".repeat(300))})).await;
    let expected =
        ["Ensure this field has no more than 255 characters.", "Null characters are not allowed."];
    assert_eq!(messages(&null.expect(400), "name"), expected);
}

#[tokio::test]
async fn a_welcome_mail_repeats_no_strangers_text() {
    let shop = Shop::open().await;
    let names = [
        "dear winner\r\n\r\nYour prize: https://evil.example/claim\r\n\r\n".to_owned(),
        "visit www.evil.example".to_owned(),
        "<a href=\"//evil.example\">you won</a>".to_owned(),
        format!("you won {}", "so much ".repeat(15)),
    ];
    for (number, name) in names.iter().enumerate() {
        let to = format!("victim{number}@souk.example");
        let body = json!({"email": to, "password": "password123", "password_confirm": "password123",
            "first_name": name, "last_name": "x"});
        shop.nobody().post("/api/v1/auth/register/", body).await.expect(201);
        let mail = mail_to(&shop, "welcome", &to).await;
        assert!(!mail.text.contains(EVIL) && !mail.text.contains("won"), "{}", mail.text);
        assert!(mail.text.contains("Hello,\r\n"), "{}", mail.text);
    }
    shop.customer("ann").await;
    let mail = mail_to(&shop, "welcome", "ann@souk.example").await;
    assert!(mail.text.contains("Hello John Doe,\r\n"), "{}", mail.text);
}

#[tokio::test]
async fn mails_about_a_guests_order_repeat_nothing_the_guest_wrote() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp\r\nbrass", "10.00", 5).await;
    let delivery = |email: &str| {
        json!({"shipping_address": "Win at https://evil.example/", "city": "evil.example", "postcode": "1",
            "first_name": "You won, see https://evil.example/", "last_name": "x", "phone_number": "+1",
            "email": email, "notes": "evil.example"})
    };
    let nobody = shop.nobody();
    let item = json!({"product_id": lamp.to_string(), "quantity": 1});
    let added = nobody.post("/api/v1/cart/add_item/", item.clone()).await;
    let key = added.headers["x-cart-key"].to_str().expect("a key").to_owned();
    let mut body = delivery("stranger@souk.example");
    body["cart_key"] = json!(key);
    let order = nobody.post("/api/v1/order/create_order/", body).await.expect(201);
    boss.set_status(order["order_id"].as_i64().expect("an id"), "cancelled").await.expect(200);
    for template in ["order_placed", "order_cancelled"] {
        let mail = mail_to(&shop, template, "stranger@souk.example").await;
        assert!(!mail.text.contains(EVIL) && !mail.text.contains("won"), "{}", mail.text);
    }
    let mail = mail_to(&shop, "order_placed", "stranger@souk.example").await;
    assert!(mail.text.contains("1 x Lamp brass"), "{}", mail.text);

    // A user can order for another person too, and no address is verified.
    let ann = shop.customer("ann").await;
    for (email, address) in [("other@souk.example", false), ("ann@souk.example", true)] {
        ann.post("/api/v1/cart/add_item/", item.clone()).await;
        let mut body = delivery(email);
        body["shipping_address"] = json!("1 Market Square");
        body["city"] = json!("Springfield");
        ann.post("/api/v1/order/create_order/", body).await.expect(201);
        let mail = mail_to(&shop, "order_placed", email).await;
        assert_eq!(mail.text.contains("1 Market Square, 1 Springfield"), address, "{}", mail.text);
    }
    ann.put_in_cart(lamp, 1).await.expect(201);
    let checkout = json!({"shipping_address": "Look at\nhttps://evil.example/"});
    ann.post("/api/v1/cart/checkout/", checkout).await.expect(201);
    let last = eventually("the third mail", async || {
        let mut mails = mails_in(&shop.data().join("mail"));
        mails.retain(|mail| mail.is("order_placed", "ann@souk.example"));
        (mails.len() == 2).then_some(mails)
    })
    .await;
    assert!(last.iter().all(|mail| !mail.text.contains(EVIL)), "{last:#?}");
}

#[tokio::test]
async fn a_search_takes_every_word_in_any_order_and_field() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let body = json!({"name": "Desk Lamp, BRASS Cafe\u{301}", "description": "Warm light, Stra\u{df}e", "price": "1.00"});
    boss.post("/api/v1/products/", body).await.expect(201);
    boss.post("/api/v1/products/", json!({"name": "Lamp oil", "price": "1.00"})).await.expect(201);
    let found = async |path: &str, search: &str| {
        let query: String = url_encoded(search);
        let body = boss.get(&format!("{path}?search={query}")).await.expect(200);
        body["results"].as_array().or_else(|| body.as_array()).map_or(0, Vec::len)
    };
    for (search, storefront, services) in [
        ("lamp desk", 1, 1),
        ("brass lamp", 1, 1),
        ("desk  lamp", 1, 1),
        ("lamp warm", 1, 0),
        ("lamp,desk", 1, 1),
        ("LAMP", 2, 2),
        ("\"desk lamp\"", 1, 1),
        ("\"lamp desk\"", 0, 0),
        ("caf\u{e9}", 1, 1),
        ("STRASSE", 1, 0),
        ("lamp chair", 0, 0),
        (" , ", 2, 2),
    ] {
        assert_eq!(found("/api/v1/products/", search).await, storefront, "{search}");
        assert_eq!(found("/api/v1/product/", search).await, services, "{search}");
    }
}

fn url_encoded(text: &str) -> String {
    text.bytes().map(|octet| format!("%{octet:02x}")).collect()
}

#[tokio::test]
async fn slugs_are_djangos_and_stay_where_the_name_stays() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    for (name, slug) in [
        ("Men's Shirt", "mens-shirt"),
        ("Caf\u{e9} & Co", "cafe-co"),
        ("0.3 l Mug", "03-l-mug"),
        ("snake_case - name", "snake_case-name"),
        ("Москва", "москва"),
    ] {
        let made = boss
            .post("/api/v1/products/", json!({"name": name, "price": "1.00"}))
            .await
            .expect(201);
        assert_eq!(made["slug"], slug);
        let path = format!("/api/v1/products/{}/", id_of(&made));
        let body = json!({"name": format!(" {name}\r\n"), "price": "2.00"});
        assert_eq!(boss.put(&path, body).await.expect(200)["slug"], slug);
        let category = boss.post("/api/v1/categories/", json!({"name": name})).await.expect(201);
        assert_eq!(category["slug"], slug);
    }
}

#[tokio::test]
async fn internationalised_and_unusual_addresses_register_log_in_and_get_mail() {
    let shop = Shop::open().await;
    let long = format!("{}@example.com", "a".repeat(100));
    for (typed, kept) in [
        ("ann@b\u{fc}cher.example", "ann@xn--bcher-kva.example"),
        ("ann@例え.jp", "ann@xn--r8jz45g.jp"),
        ("ann@m\u{fc}ller-s\u{f6}hne.de", "ann@xn--mller-shne-kcb9d.de"),
        ("user@localhost", "user@localhost"),
        ("user@[127.0.0.1]", "user@[127.0.0.1]"),
        ("\"a.user\"@example.com", "\"a.user\"@example.com"),
        (&long, &long),
    ] {
        let ann = shop.nobody().register(typed, "password123").await;
        let profile = ann.get("/api/v1/auth/profile/").await.expect(200);
        assert_eq!(profile["email"], kept);
        shop.nobody().log_in(typed, "password123").await;
        shop.nobody().log_in(kept, "password123").await;
        mail_to(&shop, "welcome", kept).await;
        let again = json!({"username": "other", "email": kept.to_uppercase().replace("LOCALHOST", "localhost"),
            "password": "password123"});
        let taken = shop.nobody().post("/api/users/signup/", again).await;
        taken.says(400, json!({"email": ["user with this email already exists."]}));
    }
}

#[tokio::test]
async fn reports_every_broken_rule_of_a_field() {
    let shop = Shop::open().await;
    let email = "Enter a valid email address.";
    let long_email = "Ensure this field has no more than 254 characters.";
    let username = "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.";
    let long_username = "Ensure this field has no more than 150 characters.";
    let null = "Null characters are not allowed.";
    for (value, expected) in [
        (json!("x".repeat(255)), vec![long_email, email]),
        (json!(format!("{}@example.com", "x".repeat(250))), vec![long_email]),
        (json!("a\0@example.com"), vec![null, email]),
        (json!(["ann@example.com"]), vec![email]),
        (json!(true), vec![email]),
        (json!({"a": 1}), vec![email]),
        (json!(7), vec![email]),
        (json!(" "), vec!["This field may not be blank."]),
    ] {
        for (path, name) in [
            ("/api/users/signup/", "ann"),
            ("/api/v1/users", "ann"),
            ("/api/users/", "ann"),
            ("/api/v1/users/register/", "ann"),
            ("/api/v1/auth/register/", "ann"),
        ] {
            let body = json!({"username": name, "email": value, "password": "password123",
                "password_confirm": "password123", "confirm_password": "password123"});
            let answer = shop.nobody().post(path, body).await;
            assert_eq!(messages(&answer.expect(400), "email"), expected, "{path} {answer}");
        }
    }
    for (value, expected) in [
        ("x ".repeat(100), vec![username, long_username]),
        ("x".repeat(151), vec![long_username]),
        ("a\0".to_owned(), vec![username, null]),
    ] {
        for path in
            ["/api/users/signup/", "/api/v1/users", "/api/users/", "/api/v1/users/register/"]
        {
            let body = json!({"username": value, "email": "ann@example.com", "password": "password123",
                "confirm_password": "password123"});
            let answer = shop.nobody().post(path, body).await;
            assert_eq!(messages(&answer.expect(400), "username"), expected, "{path} {answer}");
        }
    }
}

async fn sign_up(person: &Person, path: &str, username: &str, email: &str) -> support::Answer {
    let body = json!({"username": username, "email": email, "password": "password123",
        "confirm_password": "password123"});
    person.post(path, body).await
}

#[tokio::test]
async fn a_name_in_the_form_of_an_address_belongs_to_that_address() {
    let shop = Shop::open().await;
    let nobody = shop.nobody();
    let refused = json!({"username": ["A username in the form of an email address must be your own email address."]});
    let paths = ["/api/users/signup/", "/api/v1/users", "/api/users/", "/api/v1/users/register/"];
    for (number, path) in paths.into_iter().enumerate() {
        let email = format!("other{number}@example.com");
        for name in ["victim@example.com", "ｖictim@example.com", "victim@localhost"] {
            sign_up(&nobody, path, name, &email).await.says(400, refused.clone());
        }
        sign_up(&nobody, path, &email, &email).await.expect(201);
    }
    // After a change of the address the name is free again.
    let login = json!({"username": "other0@example.com", "password": "password123"});
    let token = nobody.post("/api/token/", login).await.expect(200)["access"].clone();
    let other = nobody.bearing(token.as_str().expect("a token"));
    let update = |body: Value| other.put("/api/v1/users/me/update/", body);
    update(json!({"username": "victim@example.com"})).await.says(400, refused);
    update(json!({"email": "moved@example.com"})).await.expect(200);
    update(json!({"username": "other0@example.com", "city": "Town"})).await.expect(200);
    let owner = nobody.register("other0@example.com", "password123").await;
    let profile = owner.get("/api/v1/auth/profile/").await.expect(200);
    assert_eq!(profile["email"], "other0@example.com");
    assert_ne!(profile["username"], "other0@example.com");
    nobody.register("victim@example.com", "password123").await;
    shop.customer("zoe").await;
}

#[tokio::test]
async fn user_names_are_kept_as_django_keeps_them_and_what_looks_taken_is_taken() {
    let shop = Shop::open().await;
    let nobody = shop.nobody();
    let made =
        sign_up(&nobody, "/api/users/signup/", "ﬁnnＡ", "finn@example.com").await.expect(201);
    assert_eq!(made["username"], "finnA");
    sign_up(&nobody, "/api/users/", "Straße", "strasse@example.com").await.expect(201);
    for name in ["FINNa", "ｆinnA", "STRASSE", "straße"] {
        for path in ["/api/users/signup/", "/api/v1/users", "/api/users/"] {
            let taken = sign_up(&nobody, path, name, "new@example.com").await;
            taken.says(400, json!({"username": ["A user with that username already exists."]}));
        }
    }
    for name in ["ﬁnnＡ", "finna", "FINNA"] {
        let login = json!({"username": name, "password": "password123"});
        nobody.post("/api/token/", login).await.expect(200);
    }
    let taken = nobody.post(
        "/api/v1/auth/register/",
        json!({"email": ADMIN_EMAIL.to_uppercase(),
        "password": "password123", "password_confirm": "password123"}),
    );
    assert_eq!(messages(&taken.await.expect(400), "email"), ["This email is already in use."]);
}
