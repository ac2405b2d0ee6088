//! Ids, foreign keys and choices are answered as Django REST Framework would answer them for the same documents. Each
//! row is a request and that framework's answer, or the document's if it gives one.

use crate::support::services::SERVICE_SETTING;
use crate::support::{Shop, id_of};
use serde_json::{Value, json};

use super::as_django::{NOT_NULL, hold, send};

fn no_pk(pk: &str) -> String {
    format!("Invalid pk \"{pk}\" - object does not exist.")
}

fn no_choice(shown: &str) -> Value {
    json!({"status": [format!("\"{shown}\" is not a valid choice.")]})
}

#[tokio::test]
async fn foreign_keys_must_be_ids_or_null() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let category = boss.add_category("Things").await;
    for (path, field) in [("/api/v1/products/", "category_id"), ("/api/v1/product/", "category")] {
        let shown = if field == "category_id" { "category" } else { field };
        let with = |key: &str| format!(r#"{{"name": "Lamp", "price": "1.00", "{field}": {key}}}"#);
        let made =
            send(&boss, "POST", path, &with(&format!(r#"" {category} ""#))).await.expect(201);
        assert!(!made[shown].is_null(), "{made}");
        let one = format!("{path}{}/", id_of(&made));
        for (key, said) in [
            (r#""abc""#, "Incorrect type. Expected pk value, received str.".to_owned()),
            (r#"" ""#, "Incorrect type. Expected pk value, received str.".to_owned()),
            (r#""1.0""#, "Incorrect type. Expected pk value, received str.".to_owned()),
            ("true", "Incorrect type. Expected pk value, received bool.".to_owned()),
            ("[1]", "Incorrect type. Expected pk value, received list.".to_owned()),
            ("{}", "Incorrect type. Expected pk value, received dict.".to_owned()),
            ("0", no_pk("0")),
            ("-1", no_pk("-1")),
            ("999", no_pk("999")),
            (r#""0""#, no_pk("0")),
            ("9223372036854775808", no_pk("9223372036854775808")),
            ("1e30", no_pk("1e+30")),
        ] {
            let expected = json!({field: [said]});
            hold(&boss, "POST", &[path], &[(&with(key), expected.clone())]).await;
            hold(&boss, "PUT", &[&one], &[(&with(key), expected)]).await;
        }
        for null in [r#""""#, "null"] {
            let made = send(&boss, "POST", path, &with(null)).await.expect(201);
            assert_eq!(made[shown], json!(null), "{made}");
            send(&boss, "PUT", &one, &with(&category.to_string())).await.expect(200);
            let cleared = send(&boss, "PUT", &one, &with(null)).await.expect(200);
            assert_eq!(cleared[shown], json!(null), "{cleared}");
        }
    }
    let with = |order: &str| format!(r#"{{"order": {order}, "amount": "1.00"}}"#);
    for (order, said) in [
        (r#""""#, NOT_NULL),
        ("null", NOT_NULL),
        (r#""abc""#, "Incorrect type. Expected pk value, received str."),
        ("false", "Incorrect type. Expected pk value, received bool."),
    ] {
        hold(&boss, "POST", &["/api/payments/"], &[(&with(order), json!({"order": [said]}))]).await;
    }
    let with = |user: &str| format!(r#"{{"user_id": {user}, "total_price": 1, "items": 7}}"#);
    for (user, said) in
        [(r#""""#, NOT_NULL), ("true", "Incorrect type. Expected pk value, received bool.")]
    {
        let answer = send(&boss, "POST", "/api/v1/orders", &with(user)).await;
        assert_eq!(answer.expect(400)["user_id"], json!([said]), "{answer}");
    }
}

#[tokio::test]
async fn unknown_ids_are_not_found() {
    let shop = Shop::open_with(&[SERVICE_SETTING]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 5).await;
    let ann = shop.customer("ann").await;
    ann.put_in_cart(lamp, 2).await.expect(201);
    let order = ann.order_directly(&[(lamp, 1)]).await.expect(201)["id"].clone();
    let hidden = "Product not found or inactive";
    let not_found = json!({"detail": "Not found."});
    for id in ["0", "-1", "\"0\"", "9223372036854775808"] {
        let number = id.trim_matches('"');
        let line = format!(r#"{{"product_id": {id}, "quantity": 1}}"#);
        let carts = ["/api/cart/add/", "/api/v1/cart/add_item/", "/api/v1/cart/"];
        hold(&ann, "POST", &carts, &[(&line, json!({"product_id": [hidden]}))]).await;

        let good = format!(r#"{{"product_id": {lamp}, "quantity": 1}}"#);
        let at_its_place = json!({"items": [{}, {"product_id": [hidden]}]});
        let direct = format!(r#"{{"shipping_address": "1 St", "items": [{good}, {line}]}}"#);
        hold(&ann, "POST", &["/api/v1/orders/"], &[(&direct, at_its_place.clone())]).await;
        let placed =
            format!(r#"{{"user_id": {}, "total_price": 20, "items": [{good}, {line}]}}"#, ann.id);
        hold(&ann, "POST", &["/api/v1/orders"], &[(&placed, at_its_place)]).await;

        let named = format!("{hidden}: {number}");
        let products = format!(r#"{{"products": [{lamp}, {id}, {id}, 999]}}"#);
        let expected = json!({"products": [named, format!("{hidden}: 999")]});
        hold(&ann, "POST", &["/api/orders/"], &[(&products, expected)]).await;
        let product = format!(r#"{{"product_id": {id}}}"#);
        let path = format!("/api/orders/{order}/");
        let expected = json!({"product_id": [named]});
        hold(&ann, "POST", &[&format!("{path}add_product/")], &[(&product, expected)]).await;
        let expected = json!({"product_id": ["This product is not in the order."]});
        hold(&ann, "POST", &[&format!("{path}remove_product/")], &[(&product, expected)]).await;

        let of_user =
            placed.replace(&format!(r#""user_id": {}"#, ann.id), &format!(r#""user_id": {id}"#));
        let of_user = of_user.replace(&format!(", {line}"), "");
        assert_eq!(send(&ann, "POST", "/api/v1/orders", &of_user).await.status, 403);
        let expected = json!({"user_id": [no_pk(number)]});
        hold(&boss, "POST", &["/api/v1/orders"], &[(&of_user, expected)]).await;

        for (path, body) in [
            ("/api/orders/", format!(r#"{{"cart_id": {id}}}"#)),
            ("/api/payments/", format!(r#"{{"order": {id}, "amount": "1.00"}}"#)),
            (
                "/api/payments/",
                format!(r#"{{"order_id": {id}, "payment_method": "pm_card_visa"}}"#),
            ),
            ("/api/v1/payments/create-checkout-session/", format!(r#"{{"order_id": {id}}}"#)),
        ] {
            send(&ann, "POST", path, &body).await.says(404, not_found.clone());
        }
        let report = format!(r#"{{"order_id": {id}, "status": "shipped"}}"#);
        for person in [&boss, &shop.service()] {
            let answer = send(person, "POST", "/api/v1/order/update_order/", &report).await;
            answer.says(404, not_found.clone());
        }
        let no_line = json!({"detail": "Item not found in cart."});
        send(&ann, "DELETE", "/api/v1/cart/remove_item/", &product)
            .await
            .says(404, no_line.clone());
        send(&ann, "PATCH", "/api/v1/cart/update_quantity/", &line).await.says(404, no_line);
    }
    assert_eq!(ann.stock_of(lamp).await, 4, "nothing was taken");
}

#[tokio::test]
async fn a_choice_is_repeated_as_python_shows_it() {
    let shop = Shop::open_with(&[SERVICE_SETTING]).await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 5).await;
    let order = boss.order_directly(&[(lamp, 1)]).await.expect(201)["id"].clone();
    let long = "x".repeat(300);
    let rows = [
        ("true", "True"),
        (r#""""#, ""),
        (r#"" shipped""#, " shipped"),
        ("7", "7"),
        ("1.50", "1.5"),
        (r#"[1, null, "it's"]"#, r#"[1, None, "it's"]"#),
        (r#"{"a": [false]}"#, "{'a': [False]}"),
        (&format!("\"{long}\""), &long),
    ];
    for (status, shown) in rows.into_iter().chain([("null", "")]) {
        let expected =
            if status == "null" { json!({"status": [NOT_NULL]}) } else { no_choice(shown) };
        let body = format!(r#"{{"status": {status}, "order_id": {order}}}"#);
        for (person, method, path) in [
            (&boss, "PUT", format!("/api/v1/orders/{order}/status")),
            (&boss, "PATCH", format!("/api/v1/orders/{order}/")),
            (&boss, "POST", "/api/v1/order/update_order/".to_owned()),
            (&shop.service(), "POST", "/api/v1/order/update_order/".to_owned()),
        ] {
            hold(person, method, &[&path], &[(&body, expected.clone())]).await;
        }
    }
    assert_eq!(boss.order(id_of(&json!({"id": order}))).await.expect(200)["status"], "pending");
}
