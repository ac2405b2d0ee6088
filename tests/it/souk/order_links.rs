//! Who sees an order besides its customer: the guest, by the cart's key or the link in the mail, and the administrator,
//! who is notified of it and ships it.

use crate::support;
use crate::support::services::{Guest, address_of};
use crate::support::{ADMIN_EMAIL, Answer, Mail, Shop, eventually, mails_in};
use serde_json::{Value, json};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

fn mails_of(shop: &Shop, template: &str) -> Vec<Mail> {
    let mut mails = mails_in(&shop.data().join("mail"));
    mails.retain(|mail| mail.template() == template);
    mails
}

async fn mails(shop: &Shop, template: &str, count: usize) -> Vec<Mail> {
    eventually(&format!("{count} mails {template:?}"), async || {
        let mails = mails_of(shop, template);
        (mails.len() >= count).then_some(mails)
    })
    .await
}

/// The text of a mail, decoded from quoted-printable.
fn read(mail: &Mail) -> String {
    let text = mail.text.replace("=\r\n", "").replace("\r\n", "\n");
    let mut octets = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, others @ ..] = rest {
        let hex = others.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| *first == b'=') {
            Some(octet) => {
                octets.push(octet);
                rest = &others[2..];
            }
            None => {
                octets.push(*first);
                rest = others;
            }
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// The path and query of the link to an order in a mail.
fn link_in(shop: &Shop, mail: &Mail) -> String {
    let text = read(mail);
    let start = format!("{}/orders/", shop.base());
    let at = text.find(&start).unwrap_or_else(|| panic!("no link: {text}"));
    let link = text[at..].split_whitespace().next().expect("a link");
    link[shop.base().len()..].to_owned()
}

async fn shop_with_a_guest(settings: &[(&str, &str)]) -> (Shop, Guest, i64) {
    let shop = Shop::open_with(settings).await;
    let lamp = shop.admin().await.add_product("Lamp <&>", "10.00", 1_000).await;
    let mut guest = shop.guest();
    guest.put_in(lamp, 2).await;
    (shop, guest, lamp)
}

async fn open(shop: &Shop, path: &str) -> Answer {
    shop.nobody().ask("GET", path).header("Accept", BROWSER).send().await
}

#[tokio::test]
async fn the_link_in_the_mails_shows_one_order_and_no_person() {
    let (mut shop, mut guest, lamp) = shop_with_a_guest(&[]).await;
    let order = guest.order("gus@souk.example").await;
    let link = link_in(&shop, &mails(&shop, "order_placed", 1).await[0]);
    let (path, token) = link.split_once("?token=").expect("a token");

    let page = open(&shop, &link).await;
    assert_eq!(page.status, 200, "{page}");
    for shown in ["Lamp &lt;&amp;&gt;", "20.00 USD", "Pending", "Not paid"] {
        assert!(page.text.contains(shown), "no {shown}: {page}");
    }
    for (name, value) in [
        ("Cache-Control", "no-store"),
        ("X-Robots-Tag", "noindex, nofollow"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Frame-Options", "DENY"),
    ] {
        assert_eq!(page.header(name), value, "{page}");
    }
    for hidden in ["Gus", "Guest", "Market Square", "Fez", "30000", "+212", "gus@", "Ring"] {
        assert!(!page.text.contains(hidden), "{hidden} is on the page: {page}");
    }

    // Every mail about the order has the same link, and it stays valid.
    let created =
        guest.send("POST", "/api/v1/payments/create-checkout-session/", json!({"order_id": order}));
    let checkout = created.await.expect(200)["checkout_url"].as_str().expect("a URL").to_owned();
    shop.nobody().post(&format!("{checkout}/pay"), json!({})).await;
    assert_eq!(link_in(&shop, &mails(&shop, "order_paid", 1).await[0]), link);
    assert!(open(&shop, &link).await.text.contains("Paid"));
    shop.restart().await;
    assert_eq!(open(&shop, &link).await.status, 200);

    // Another order's token, or an invented one, opens nothing.
    guest.put_in(lamp, 1).await;
    let other = guest.order("other@souk.example").await;
    let others = link_in(&shop, mails(&shop, "order_placed", 2).await.last().expect("two"));
    let others = others.split_once("?token=").expect("a token").1.to_owned();
    let absent = open(&shop, &format!("/orders/999999/?token={token}")).await;
    assert_eq!(absent.status, 404, "{absent}");
    for forged in [
        path.to_owned(),
        format!("{path}?token="),
        format!("{path}?token={others}"),
        format!("/orders/{other}/?token={token}"),
        format!("{path}?token={}", token.to_lowercase()),
        format!("{path}?token={}", &token[..token.len() - 1]),
        format!("{path}?token={token}="),
        format!("{path}?token=%00"),
        format!("/orders/0/?token={token}"),
        format!("/orders/{order}x/?token={token}"),
    ] {
        let page = open(&shop, &forged).await;
        assert_eq!((page.status, &page.text), (404, &absent.text), "{forged}");
        let api = shop.nobody().get(&format!("/souk/v1/store{forged}")).await;
        let expected =
            if forged.contains("?token=") || forged.contains("/orders/0") { 404 } else { 401 };
        assert_eq!(api.status, expected, "{forged}: {api}");
        assert_eq!(api.header("Content-Type"), "application/problem+json", "{api}");
    }
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_guest_and_a_customer_see_how_their_order_stands() {
    let (shop, guest, lamp) = shop_with_a_guest(&[]).await;
    let order = guest.order("gus@souk.example").await;
    let path = format!("/souk/v1/store/orders/{order}");
    let link = link_in(&shop, &mails(&shop, "order_placed", 1).await[0]);
    let token = link.split_once("?token=").expect("a token").1.to_owned();

    let seen = guest.get(&path).await.expect(200);
    for (member, value) in [
        ("id", json!(order)),
        ("status", json!("pending")),
        ("payment", json!({"status": "unpaid", "refunded": 0})),
        ("currency", json!("USD")),
        ("total", json!(2_000)),
    ] {
        assert_eq!(seen[member], value, "{seen}");
    }
    let line = &seen["lines"][0];
    assert_eq!(
        (&line["unit_price"], &line["quantity"], &line["subtotal"]),
        (&json!(1_000), &json!(2), &json!(2_000))
    );
    for hidden in ["recipient", "notes", "shipping_address", "customer"] {
        assert!(seen.get(hidden).is_none(), "{seen}");
    }
    let by_link = shop.nobody().get(&format!("{path}?token={token}")).await;
    assert_eq!(by_link.expect(200), seen);

    let problem = |answer: &Answer, status: u16, code: &str| {
        assert_eq!(answer.header("Content-Type"), "application/problem+json", "{answer}");
        let body = answer.expect(status);
        assert_eq!((&body["status"], &body["code"]), (&json!(status), &json!(code)), "{body}");
    };
    problem(&shop.nobody().get(&path).await, 401, "not_authenticated");
    problem(
        &shop.guest().ask("GET", &path).header("X-Cart-Key", "x").send().await,
        401,
        "not_authenticated",
    );
    let mut stranger = shop.guest();
    stranger.put_in(lamp, 1).await;
    problem(&stranger.get(&path).await, 404, "not_found");
    problem(&shop.nobody().bearing("a.b.c").get(&path).await, 401, "token_not_valid");

    let ann = shop.customer("ann").await;
    problem(&ann.get(&path).await, 404, "not_found");
    let anns = support::id_of(&ann.buy(lamp, 1).await);
    ann.pay(anns).await;
    let seen = ann.get(&format!("/souk/v1/store/orders/{anns}")).await.expect(200);
    assert_eq!(
        (&seen["status"], &seen["payment"]["status"]),
        (&json!("completed"), &json!("paid"))
    );
}

#[tokio::test]
async fn an_administrator_sees_where_an_order_goes() {
    let (shop, guest, lamp) = shop_with_a_guest(&[]).await;
    let order = guest.order("gus@souk.example").await;
    let (boss, ann) = (shop.admin().await, shop.customer("ann").await);
    let path = format!("/souk/v1/admin/orders/{order}");
    let seen = boss.get(&path).await.expect(200);
    let recipient = json!({"first_name": "Gus", "last_name": "Guest", "email": "gus@souk.example",
        "phone_number": "+212 5 00 00 00"});
    let address = json!({"street": "1 Market Square", "postcode": "30000", "city": "Fez"});
    for (member, value) in [
        ("recipient", recipient),
        ("shipping_address", address),
        ("notes", json!("Ring twice")),
        ("customer", Value::Null),
        ("total", json!(2_000)),
    ] {
        assert_eq!(seen[member], value, "{seen}");
    }
    for (answer, status) in [
        (ann.get(&path).await, 403),
        (guest.get(&path).await, 401),
        (shop.nobody().get(&path).await, 401),
        (boss.get("/souk/v1/admin/orders/999999").await, 404),
        (boss.get("/souk/v1/admin/orders/x").await, 404),
        (boss.get("/souk/v1/admin/nothing").await, 404),
        (guest.get("/souk/v1").await, 404),
        (boss.put(&path, json!({})).await, 405),
    ] {
        assert_eq!(answer.status, status, "{answer}");
        assert_eq!(answer.header("Content-Type"), "application/problem+json", "{answer}");
        if status == 405 {
            assert!(answer.text.contains(r#""code":"method_not_allowed""#), "{answer}");
            assert_eq!(answer.header("Allow"), "GET, HEAD, OPTIONS", "{answer}");
        }
    }

    // A customer's order goes to the customer unless the order says otherwise.
    let profile = json!({"first_name": "Ann", "last_name": "Lee", "phone_number": "1", "city": "Rome",
        "address": "2 Via", "postcode": "00100"});
    ann.put("/api/v1/users/me/update/", profile).await.expect(200);
    let anns = ann.post("/api/orders/", json!({"products": [lamp]})).await.expect(201);
    let anns = anns["order_id"].as_i64().unwrap_or_else(|| support::id_of(&anns));
    let seen = boss.get(&format!("/souk/v1/admin/orders/{anns}")).await.expect(200);
    assert_eq!(seen["recipient"]["first_name"], "Ann", "{seen}");
    assert_eq!(seen["customer"]["email"], "ann@souk.example", "{seen}");
    assert_eq!(seen["shipping_address"]["city"], "Rome", "{seen}");
}

/// An order whose texts contain line breaks and markup.
async fn order_with_notes(guest: &Guest, notes: &str) {
    let mut body = address_of("gus@souk.example");
    body["notes"] = json!(notes);
    body["first_name"] = json!("<a href='x'>Gus</a>");
    guest.send("POST", "/api/v1/order/create_order/", body).await.expect(201);
}

#[tokio::test]
async fn the_owner_gets_a_mail_for_each_order_with_what_was_written_on_one_line() {
    let (mut shop, guest, _) = shop_with_a_guest(&[]).await;
    let notes = "Ring twice\r\nE-mail:   evil@souk.example\u{2028}Bcc: all <b>bold</b>";
    order_with_notes(&guest, notes).await;
    let mail = mails(&shop, "new_order", 1).await.remove(0);
    assert_eq!(mail.to, [ADMIN_EMAIL], "{}", mail.text);
    let text = read(&mail);
    for shown in ["1 Market Square", "30000 Fez", "+212 5 00 00 00", "gus@souk.example", "20.00"] {
        assert!(text.contains(shown), "no {shown}: {text}");
    }
    assert!(
        text.contains("Notes:    Ring twice E-mail:   evil@souk.example Bcc: all <b>bold</b>\n"),
        "{text}"
    );
    let html = text.split("<!DOCTYPE").nth(1).expect("an HTML part");
    assert!(!html.contains("<b>bold") && !html.contains("<a href"), "escaped: {html}");
    assert!(html.contains("&lt;b&gt;bold"), "{html}");
    assert_eq!(mail.header("Bcc"), "");

    shop.set("SOUK_ORDER_NOTICES", "off");
    shop.restart().await;
    let mut guest = guest;
    let lamp = shop.admin().await.add_product("Bulb", "1.00", 10).await;
    guest.put_in(lamp, 1).await;
    guest.order("second@souk.example").await;
    mails(&shop, "order_placed", 2).await;
    assert_eq!(mails_of(&shop, "new_order").len(), 1);
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_digest_lists_each_order_once_across_a_kill() {
    let digest = [("SOUK_ORDER_NOTICES", "digest"), ("SOUK_ORDER_DIGEST_SECONDS", "3600")];
    let (mut shop, mut guest, lamp) = shop_with_a_guest(&digest).await;
    let boss = shop.admin().await;
    let mut orders = Vec::new();
    for number in 0..4 {
        guest.put_in(lamp, 1).await;
        orders.push(guest.order(&format!("gus{number}@souk.example")).await);
    }
    boss.delete_order(orders[0]).await.expect(200);
    mails(&shop, "order_placed", 4).await;
    assert!(mails_of(&shop, "order_digest").is_empty() && mails_of(&shop, "new_order").is_empty());

    // The digest's hour is over as soon as the operator sets it to a second.
    shop.kill();
    shop.set("SOUK_ORDER_DIGEST_SECONDS", "1");
    shop.start();
    let mail = mails(&shop, "order_digest", 1).await.remove(0);
    shop.kill();
    shop.start();
    guest.put_in(lamp, 1).await;
    let last = guest.order("last@souk.example").await;
    let second = mails(&shop, "order_digest", 2).await;
    assert_eq!(second.len(), 2, "{second:#?}");
    let second = second.iter().map(read).find(|text| text.contains(&number_of(last)));
    let (first, second) = (read(&mail), second.expect("the last order is listed"));
    for order in &orders[1..] {
        assert!(first.contains(&number_of(*order)), "{first}");
        assert!(!second.contains(&number_of(*order)), "once: {second}");
    }
    assert!(!first.contains(&number_of(orders[0])), "it was deleted: {first}");
    assert_eq!(mail.to, [ADMIN_EMAIL]);
    shop.stop().await;
    shop.check();
}

fn number_of(order: i64) -> String {
    format!("ORD-{order:010}")
}
