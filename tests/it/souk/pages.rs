//! Pages for people, used as by a browser without scripts: a new password by its mailed link, the pages after paying,
//! the front door.

use crate::support;
use crate::support::services::{Guest, not_found};
use crate::support::{Answer, Shop, eventually, mails_in};
use serde_json::{Value, json};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const FORM: &str = "application/x-www-form-urlencoded";
const RESET: &str = "/api/v1/users/reset-password/";
const CREATE: &str = "/api/v1/payments/create-checkout-session/";

async fn open(shop: &Shop, path: &str) -> Answer {
    shop.nobody().ask("GET", path).header("Accept", BROWSER).send().await
}

/// Expects a page with strict security headers.
#[track_caller]
fn expect_page(answer: &Answer, status: u16, words: &str) {
    assert_eq!(answer.status, status, "{answer}");
    assert!(answer.text.contains(words), "no {words:?}: {answer}");
    for (name, value) in [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Frame-Options", "DENY"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-store"),
    ] {
        assert_eq!(answer.header(name), value, "{name}: {answer}");
    }
    let policy = answer.header("Content-Security-Policy");
    let is_strict = policy.contains("default-src 'none'")
        && policy.contains("frame-ancestors 'none'")
        && policy.contains("base-uri 'none'")
        && !policy.contains("unsafe");
    assert!(is_strict, "{policy}");
    assert!(!answer.text.contains("<script") && !answer.text.contains("//"), "{answer}");
}

/// The target of a page's form, and its hidden fields.
fn form_of(page: &Answer) -> (String, Vec<(String, String)>) {
    let attribute = |tag: &str, name: &str| {
        let value = tag.split(&format!(" {name}=\"")).nth(1)?.split('"').next()?;
        Some(value.to_owned())
    };
    let tags = |start: &'static str| page.text.split(start).skip(1);
    let form = tags("<form").next().unwrap_or_else(|| panic!("no form: {page}"));
    assert_eq!(attribute(form, "method").as_deref(), Some("post"), "{page}");
    let action = attribute(form, "action").expect("an action");
    let hidden = tags("<input").filter(|tag| tag.contains("type=\"hidden\""));
    let hidden = hidden.filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?)));
    (action, hidden.collect())
}

/// Fills in and submits the form of a page.
async fn submit(shop: &Shop, page: &Answer, fields: &[(&str, &str)]) -> Answer {
    let (action, hidden) = form_of(page);
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(hidden).extend_pairs(fields);
    let ask = shop.nobody().ask("POST", &action).header("Accept", BROWSER);
    ask.raw(FORM, body.finish()).send().await
}

/// The links of the mails for a new password, oldest first.
async fn mailed_links(shop: &Shop, to: &str, count: usize) -> Vec<String> {
    eventually("the mails with links", async || {
        let mails = mails_in(&shop.data().join("mail"));
        let mails = mails.iter().filter(|mail| mail.is("password_reset", to));
        let links: Vec<String> = mails
            .filter_map(|mail| {
                let text = mail.text.replace("=\r\n", "").replace("=3D", "=");
                let at = text.find(&format!("{}/", shop.base()))?;
                Some(text[at..].split_whitespace().next()?.to_owned())
            })
            .collect();
        (links.len() == count).then_some(links)
    })
    .await
}

#[tokio::test]
async fn the_mailed_link_sets_a_new_password_once_and_says_so_afterwards() {
    let mut shop = Shop::open().await;
    let ann = shop.customer("ann").await;
    shop.nobody().post(RESET, json!({"email": ann.email})).await.expect(200);
    let link = mailed_links(&shop, &ann.email, 1).await.remove(0);
    let token = link.split_once("&token=").expect("a token").1.to_owned();

    let page = open(&shop, &link).await;
    expect_page(&page, 200, "Choose a new password");
    let (action, hidden) = form_of(&page);
    assert!(action.starts_with('/') && !action.contains(&token), "the token is in no address");
    assert!(hidden.contains(&("token".to_owned(), token)), "{hidden:?}");
    // Mail programs open links before people do, also with other methods.
    assert_eq!(shop.nobody().ask("HEAD", &link).send().await.status, 200);

    for (new, repeated, wrong) in [
        ("short", "short", "at least 8 characters"),
        ("password456", "password457", "not the same"),
        ("password456", "", "not the same"),
        ("", "", "at least 8 characters"),
    ] {
        let fields = [("new_password", new), ("confirm_password", repeated)];
        let refused = submit(&shop, &page, &fields).await;
        expect_page(&refused, 400, wrong);
        let typed = format!("value=\"{new}\"");
        assert!(new.is_empty() || !refused.text.contains(&typed), "a password: {refused}");
        assert_eq!(form_of(&refused), form_of(&page), "it can be sent again");
    }
    shop.nobody().try_log_in(&ann.email, &ann.password).await.expect(200);

    let fields = [("new_password", "password456"), ("confirm_password", "password456")];
    expect_page(&submit(&shop, &page, &fields).await, 200, "Your password is changed");
    shop.nobody().try_log_in(&ann.email, "password456").await.expect(200);
    shop.nobody().try_log_in(&ann.email, &ann.password).await.expect(400);

    expect_page(&submit(&shop, &page, &fields).await, 400, "expired or was used");
    let used = open(&shop, &link).await;
    expect_page(&used, 400, "expired or was used");
    // The documented answer of the services contract at that address is unchanged.
    let passwords = json!({"new_password": "password789", "confirm_password": "password789"});
    let refused = shop.nobody().post(&link, passwords).await;
    refused.says(400, json!({"detail": "Invalid or expired token."}));

    // The page explains how to get another link, and that one works.
    expect_page(&submit(&shop, &used, &[("email", &ann.email)]).await, 200, "Look into your mail");
    let second = mailed_links(&shop, &ann.email, 2).await.remove(1);
    let page = open(&shop, &second).await;
    expect_page(&submit(&shop, &page, &fields).await, 200, "Your password is changed");
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn an_invalid_link_reveals_nothing_and_offers_a_new_one() {
    let shop = Shop::open().await;
    let ann = shop.customer("ann").await;
    let confirm = format!("{RESET}confirm/");
    let token = "0".repeat(64);
    for query in [
        String::new(),
        format!("?uidb64=MQ&token={token}"),
        format!("?uidb64=OTk5&token={token}"),
        "?uidb64=MQ&token=abc".to_owned(),
        "?uidb64=%22%3E%3Cscript%3E&token=%22%3E%3Cscript%3E".to_owned(),
        format!("?uidb64={}&token={token}", "A".repeat(5_000)),
    ] {
        let page = open(&shop, &format!("{confirm}{query}")).await;
        expect_page(&page, 400, "expired or was used");
        assert_eq!(form_of(&page), ("/account/reset/".to_owned(), Vec::new()));
    }

    let ask = open(&shop, "/account/reset/").await;
    expect_page(&ask, 200, "Forgotten password");
    let known = submit(&shop, &ask, &[("email", &ann.email)]).await;
    let unknown = submit(&shop, &ask, &[("email", "nobody@souk.example")]).await;
    assert_eq!((known.status, known.text), (unknown.status, unknown.text), "the same for both");
    for wrong in ["", "nobody", "\"><script>alert(1)</script>", "a@b\r\nBcc: c@d.example"] {
        let page = submit(&shop, &ask, &[("email", wrong)]).await;
        assert_eq!(page.status, 400, "{page}");
        assert!(!page.text.contains("<script"), "{page}");
    }
    mailed_links(&shop, &ann.email, 1).await;

    // Only forms can post to the pages, and the documented address accepts only its documented method.
    for path in ["/account/reset/", "/account/reset/confirm/"] {
        shop.nobody().ask("POST", path).json(&json!({})).send().await;
        let page = shop.nobody().ask("POST", path).json(&json!({"email": ann.email})).send().await;
        assert_eq!(page.status, 415, "{page}");
    }
    let posted = shop.nobody().ask("POST", &format!("{confirm}?uidb64=MQ&token={token}"));
    let posted = posted.raw(FORM, "new_password=password456").send().await;
    posted.says(400, json!({"detail": "Invalid or expired token."}));
    let put = shop.nobody().put(&confirm, json!({})).await;
    assert_eq!((put.status, put.header("Allow")), (405, "GET, POST, HEAD, OPTIONS"), "{put}");
}

/// A guest with an order of two lamps at 9.00.
async fn guest_with_an_order(shop: &Shop) -> (Guest, i64) {
    let lamp = shop.admin().await.add_discounted("Lamp", "10.00", "10", 100).await;
    let mut guest = shop.guest();
    guest.put_in(lamp, 2).await;
    let order = guest.order("gus@souk.example").await;
    (guest, order)
}

async fn checkout(guest: &Guest, body: Value) -> String {
    let body = guest.send("POST", CREATE, body).await.expect(200);
    body["checkout_url"].as_str().expect("a URL").to_owned()
}

/// Presses a button of the sandbox's page; returns the redirect's target.
async fn press(shop: &Shop, page: &str, what: &str) -> String {
    let pressed = shop.nobody().ask("POST", &format!("{page}/{what}")).raw(FORM, "").send().await;
    assert_eq!(pressed.status, 303, "{pressed}");
    pressed.header("Location").to_owned()
}

#[tokio::test]
async fn the_pages_after_paying_speak_to_people_in_words_and_to_programs_in_json() {
    let mut shop = Shop::open_with(&[("SOUK_SHOP_NAME", "Ann & <Sons>")]).await;
    let (guest, order) = guest_with_an_order(&shop).await;
    let page = checkout(&guest, json!({"order_id": order})).await;
    let session = page.rsplit('/').next().expect("a session").to_owned();
    let success = format!("/api/v1/payments/success/?session_id={session}");
    let cancel = format!("/api/v1/payments/cancel/?session_id={session}");

    for path in [&success, &cancel] {
        let shown = open(&shop, path).await;
        expect_page(&shown, 200, "not paid yet");
        assert!(shown.text.contains("Ann &amp; &lt;Sons&gt;"), "{shown}");
        assert_eq!(shown.header("Vary"), "Accept");
    }
    for accept in ["*/*", "application/json", "application/json, text/html;q=0.9", "text/plain"] {
        for path in [&success, &cancel] {
            let said = shop.nobody().ask("GET", path).header("Accept", accept).send().await;
            said.says(200, json!({"status": "canceled"}));
            assert_eq!(said.header("Content-Type"), "application/json");
            assert_eq!(said.header("Vary"), "Accept");
        }
    }
    expect_page(&open(&shop, "/api/v1/payments/cancel/").await, 200, "Nothing was paid here");
    let unknown = "/api/v1/payments/success/?session_id=cs_test_x";
    expect_page(&open(&shop, unknown).await, 404, "Not found");
    shop.nobody().get(unknown).await.says(404, not_found());

    let location = press(&shop, &page, "pay").await;
    assert_eq!(location, format!("{}{success}", shop.base()));
    for path in [&success, &cancel] {
        let shown = open(&shop, path).await;
        expect_page(&shown, 200, "Your order is paid.");
        assert!(shown.text.contains("18.00 USD") && shown.text.contains("Paid"), "{shown}");
        assert!(!shown.text.contains("Market Square"), "no address: {shown}");
    }
    shop.nobody().get(&success).await.says(200, json!({"status": "success"}));

    shop.admin().await.set_status(order, "cancelled").await.expect(200);
    expect_page(&open(&shop, &success).await, 200, "Your order was cancelled");
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_call_says_where_the_customer_comes_back_to() {
    let mut shop = Shop::open_with(&[("SOUK_CORS_ORIGINS", "https://front.example")]).await;
    let (guest, order) = guest_with_an_order(&shop).await;
    let plain = checkout(&guest, json!({"order_id": order})).await;
    let thanks = "https://front.example/thanks?session={CHECKOUT_SESSION_ID}#/done";
    let back = format!("{}/basket", shop.base());
    let body = json!({"order_id": order, "success_url": thanks, "cancel_url": back});

    let page = checkout(&guest, body.clone()).await;
    assert_ne!(page, plain, "the page that leads elsewhere is closed");
    assert!(!shop.nobody().get(&plain).await.text.contains("<form"), "nobody pays there");
    assert_eq!(checkout(&guest, body).await, page, "one page for the same places");
    let shown = shop.nobody().get(&page).await;
    let policy = shown.header("Content-Security-Policy");
    // The content security policy of forms also applies to the redirect after them.
    let allowed = format!("form-action 'self' https://front.example {};", shop.base());
    assert!(policy.contains(&allowed), "{policy}");

    assert_eq!(press(&shop, &page, "cancel").await, back);
    let session = page.rsplit('/').next().expect("a session");
    let location = press(&shop, &page, "pay").await;
    assert_eq!(location, thanks.replace("{CHECKOUT_SESSION_ID}", session));
    eventually("the payment, by the sandbox's message", async || {
        let order = shop.admin().await.order(order).await.expect(200);
        (order["status"] == "completed").then_some(())
    })
    .await;
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn customers_are_sent_to_no_other_place() {
    let shop = Shop::open_with(&[
        ("SOUK_PUBLIC_URL", "https://shop.example"),
        ("SOUK_CORS_ORIGINS", "https://front.example"),
    ])
    .await;
    let (guest, order) = guest_with_an_order(&shop).await;
    for url in [
        "https://evil.example/",
        "https://shop.example.evil.example/",
        "https://shop.example@evil.example/",
        "https://evil.example\\@shop.example/",
        "http://shop.example/",
        "https://shop.example:8443/",
        "//shop.example/",
        "/thanks",
        "javascript:alert(1)",
        "javascript://shop.example/%0aalert(1)",
        "data:text/html,hello",
        "https://user@shop.example/",
        "https://shop.example/\r\nSet-Cookie: cart_key=x",
        "https://shop.example/\n",
        "https://shop.example/ x",
        "https:shop.example/",
        "",
    ] {
        for field in ["success_url", "cancel_url"] {
            let mut body = json!({"order_id": order});
            body[field] = json!(url);
            guest.send("POST", CREATE, body).await.blames(400, &[field]);
        }
    }
    let both = json!({"order_id": "x", "success_url": 5, "cancel_url": ["https://shop.example"]});
    let refused = guest.send("POST", CREATE, both).await;
    refused.blames(400, &["cancel_url", "order_id", "success_url"]);
    // A forged `Host` allows nothing.
    let body = json!({"order_id": order, "success_url": "http://evil.example/"});
    let ask = guest.ask("POST", CREATE).header("Host", "evil.example").json(&body);
    ask.send().await.blames(400, &["success_url"]);
    for url in ["https://shop.example/a", "HTTPS://SHOP.EXAMPLE/b", "https://front.example"] {
        let body = json!({"order_id": order, "success_url": url, "cancel_url": null});
        guest.send("POST", CREATE, body).await.expect(200);
    }
}

#[tokio::test]
async fn the_operator_says_where_customers_come_back_to_and_is_held_to_the_same_form() {
    let shop = Shop::open_with(&[
        ("SOUK_PAYMENT_SUCCESS_URL", "https://front.example/thanks"),
        ("SOUK_PAYMENT_CANCEL_URL", "https://front.example/basket"),
        ("SOUK_RETURN_ORIGINS", "https://other.example"),
    ])
    .await;
    let (guest, order) = guest_with_an_order(&shop).await;
    let page = checkout(&guest, json!({"order_id": order})).await;
    assert_eq!(press(&shop, &page, "cancel").await, "https://front.example/basket");
    assert_eq!(press(&shop, &page, "pay").await, "https://front.example/thanks");
    let own = json!({"order_id": order, "success_url": shop.base()});
    guest.send("POST", CREATE, own).await.blames(400, &["success_url"]);

    for (key, value) in [
        ("SOUK_PAYMENT_SUCCESS_URL", "front.example/thanks"),
        ("SOUK_PAYMENT_CANCEL_URL", "javascript:alert(1)"),
        ("SOUK_PAYMENT_SUCCESS_URL", "https://a@b.example/"),
        ("SOUK_RETURN_ORIGINS", "*"),
        ("SOUK_RETURN_ORIGINS", "https://front.example/thanks"),
    ] {
        let name = key.trim_start_matches("SOUK_").to_lowercase();
        let serve = ["serve", "--listen", "127.0.0.1:0"];
        support::run_souk_with(&[(key, value)], &serve).expect_refusal().naming(&name);
    }
}

#[tokio::test]
async fn the_front_door_is_a_page_for_people_and_json_for_programs() {
    let shop = Shop::open_with(&[("SOUK_SHOP_NAME", "The Souk")]).await;
    let page = open(&shop, "/").await;
    expect_page(&page, 200, "The Souk");
    assert_eq!((page.header("Vary"), page.header("X-Robots-Tag")), ("Accept", ""));
    let links = page.text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let links: Vec<&str> = links.filter(|link| link.starts_with('/')).collect();
    assert!(links.contains(&"/docs") && links.contains(&"/openapi/storefront.json"), "{links:?}");
    for link in links {
        let answer = shop.nobody().get(link).await;
        assert_eq!(answer.status, 200, "{answer}");
    }

    let index = shop.nobody().get("/").await;
    assert_eq!(index.header("Vary"), "Accept");
    let index = index.expect(200);
    assert_eq!((&index["name"], &index["docs"]), (&json!("The Souk"), &json!("/docs")));
    assert!(index["version"].as_str().is_some_and(|version| version.contains('.')), "{index}");
    let descriptions = index["openapi"].as_object().expect("by contract");
    assert_eq!(descriptions.len(), 6, "{index}");
    for path in descriptions.values() {
        shop.nobody().get(path.as_str().expect("a path")).await.expect(200);
    }
    let head = shop.nobody().ask("HEAD", "/").send().await;
    assert!(head.status == 200 && head.text.is_empty(), "{head}");
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let refused = shop.nobody().ask(method, "/").send().await;
        assert_eq!((refused.status, refused.header("Allow")), (405, "GET, HEAD, OPTIONS"));
    }
}
