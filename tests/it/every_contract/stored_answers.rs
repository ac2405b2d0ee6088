//! Which stored answers are given again, and to whom: never a credential to a caller without credentials, never an
//! ended session, never for an old password; and none is readable on the disk.

use crate::support::services::{ADD_ITEM, GET_CART};
use crate::support::{Answer, Ask, Person, Shop, mailed_links};
use serde_json::{Value, json};

const PROFILE: &str = "/api/v1/auth/profile/";
const PASSWORD: &str = "password123";
const NEW_PASSWORD: &str = "password456";
const LOGOUT: &str = "/api/v1/users/logout/";

/// A log-in or registration: its path, the place of the token in its answer (if any), and its body.
struct Way {
    path: &'static str,
    token: &'static str,
    body: fn(&str, &str) -> Value,
}

const LOG_INS: [Way; 5] = [
    Way { path: "/api/token/", token: "/access", body: by_name },
    Way { path: "/api/login/", token: "/token", body: by_name },
    Way { path: "/api/v1/users/login/", token: "/access", body: by_name },
    Way { path: "/api/v1/auth/login/", token: "/data/access_token", body: by_email },
    Way { path: "/api/v1/auth/login", token: "/token", body: by_email },
];

const REGISTRATIONS: [Way; 5] = [
    Way { path: "/api/users/signup/", token: "", body: registration },
    Way { path: "/api/users/", token: "", body: registration },
    Way { path: "/api/v1/users/register/", token: "/user/access", body: registration },
    Way { path: "/api/v1/auth/register/", token: "/data/access_token", body: registration },
    Way { path: "/api/v1/users", token: "", body: registration },
];

fn address(name: &str) -> String {
    format!("{name}@souk.example")
}

fn by_name(name: &str, password: &str) -> Value {
    json!({"username": address(name), "password": password})
}

fn by_email(name: &str, password: &str) -> Value {
    json!({"email": address(name), "password": password})
}

/// The fields of every contract; the user name is the address.
fn registration(name: &str, password: &str) -> Value {
    json!({"username": address(name), "email": address(name), "password": password,
        "confirm_password": password, "password_confirm": password})
}

impl Way {
    async fn ask(&self, shop: &Shop, key: &str, name: &str, password: &str) -> Answer {
        let body = (self.body)(name, password);
        keyed(&shop.nobody(), self.path, key).json(&body).send().await
    }

    /// The caller who got this answer.
    fn bearer(&self, shop: &Shop, answer: &Answer) -> Person {
        let body = answer.json();
        let token = body.pointer(self.token).and_then(Value::as_str);
        shop.nobody().bearing(token.unwrap_or_else(|| panic!("no token: {answer}")))
    }
}

fn keyed(person: &Person, path: &str, key: &str) -> Ask {
    person.ask("POST", path).header("Idempotency-Key", key)
}

fn cart_key(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer}");
    answer.header("X-Cart-Key").to_owned()
}

async fn change_password(person: &Person, old: &str, new: &str) {
    let body = json!({"old_password": old, "new_password": new, "new_password_confirm": new});
    person.post("/api/v1/auth/change-password/", body).await.expect(200);
}

#[tokio::test]
async fn guests_with_the_same_key_get_carts_of_their_own() {
    let mut shop = Shop::open().await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 50).await;
    let body = json!({"product_id": lamp.to_string(), "quantity": 1});
    let made_up = "0123456789abcdef".repeat(3);
    let with_field = json!({"product_id": lamp.to_string(), "quantity": 1, "cart_key": made_up});
    let in_query = format!("{ADD_ITEM}?cart_key={made_up}");
    let ways: [(&str, &dyn Fn() -> Ask); 5] = [
        ("nothing", &|| keyed(&shop.nobody(), ADD_ITEM, "1").json(&body)),
        ("a made-up field", &|| keyed(&shop.nobody(), ADD_ITEM, "1").json(&with_field)),
        ("a made-up parameter", &|| keyed(&shop.nobody(), &in_query, "1").json(&body)),
        ("a made-up header", &|| {
            keyed(&shop.nobody(), ADD_ITEM, "1").header("X-Cart-Key", &made_up).json(&body)
        }),
        ("a made-up cookie", &|| {
            let cookie = format!("cart_key={made_up}");
            keyed(&shop.nobody(), ADD_ITEM, "1").header("Cookie", &cookie).json(&body)
        }),
    ];
    let mut keys = std::collections::BTreeSet::new();
    for (what, ask) in ways {
        for _ in 0..2 {
            let answer = ask().send().await;
            assert!(!answer.is_replay(), "{what}: {answer}");
            assert!(keys.insert(cart_key(&answer)), "{what}: somebody's key was given out again");
        }
    }
    // A caller who presents that key gets the stored answer, and nobody else does.
    let mine = keys.pop_first().expect("a key");
    let theirs = keys.pop_first().expect("a key");
    let ask = |key: &str| {
        keyed(&shop.nobody(), ADD_ITEM, "2").header("X-Cart-Key", key).json(&body).send()
    };
    assert!(!ask(&mine).await.is_replay());
    assert!(!ask(&theirs).await.is_replay());
    let again = ask(&mine).await;
    assert!(again.is_replay() && cart_key(&again) == mine, "{again}");
    shop.stop().await;
    shop.check();
}

#[tokio::test]
async fn a_log_in_is_given_again_while_its_session_lives() {
    let shop = Shop::open().await;
    let ann = shop.customer("ann").await;
    change_password(&ann, &ann.password, PASSWORD).await;
    for way in &LOG_INS {
        let ask = || way.ask(&shop, way.path, "ann", PASSWORD);
        let first = ask().await;
        let session = way.bearer(&shop, &first);
        let again = ask().await;
        assert!(again.is_replay(), "{again}");
        again.says(200, first.json());

        session.ask("POST", LOGOUT).send().await.expect(200);
        let anew = ask().await;
        assert!(!anew.is_replay(), "{anew}");
        way.bearer(&shop, &anew).get(PROFILE).await.expect(200);
        let again = ask().await;
        assert!(again.is_replay(), "the new answer is stored in turn: {again}");
        again.says(200, anew.json());
    }
    ann.get(PROFILE).await.expect(200);
}

#[tokio::test]
async fn contracts_that_share_a_path_answer_in_their_own_words() {
    let shop = Shop::open().await;
    shop.nobody().register(&address("ann"), PASSWORD).await;
    for way in [&LOG_INS[3], &LOG_INS[4], &LOG_INS[3], &LOG_INS[4]] {
        let answer = way.ask(&shop, "one", "ann", PASSWORD).await;
        way.bearer(&shop, &answer).get(PROFILE).await.expect(200);
    }
    // In other contracts both spellings are the same request.
    let first = LOG_INS[0].ask(&shop, "one", "ann", PASSWORD).await;
    let body = by_name("ann", PASSWORD);
    let again = keyed(&shop.nobody(), "/api/token", "one").json(&body).send().await;
    assert!(again.is_replay(), "{again}");
    again.says(200, first.json());
}

#[tokio::test]
async fn a_log_in_is_not_given_again_for_an_old_password() {
    let shop = Shop::open().await;
    for (number, way) in LOG_INS.iter().enumerate() {
        let name = format!("user{number}");
        let elsewhere = shop.nobody().register(&address(&name), PASSWORD).await;
        let ask = |key: &'static str, password| way.ask(&shop, key, &name, password);

        // Changed in another session, which ends the one in the stored answer.
        ask("from elsewhere", PASSWORD).await.expect(200);
        change_password(&elsewhere, PASSWORD, NEW_PASSWORD).await;
        let refused = ask("from elsewhere", PASSWORD).await;
        assert!([400, 401].contains(&refused.status), "{}: {refused}", way.path);

        // Changed in the stored answer's own session, which continues.
        let own = way.bearer(&shop, &ask("from within", NEW_PASSWORD).await);
        change_password(&own, NEW_PASSWORD, PASSWORD).await;
        own.get(PROFILE).await.expect(200);
        let refused = ask("from within", NEW_PASSWORD).await;
        assert!([400, 401].contains(&refused.status), "{}: {refused}", way.path);
        ask("from within", PASSWORD).await.expect(200);

        // The account was renamed: the old name may soon belong to somebody else.
        let own = shop.nobody().log_in(&address(&name), PASSWORD).await;
        ask("renamed", PASSWORD).await.expect(200);
        let profile = json!({"email": address(&format!("{name}.new"))});
        own.patch(PROFILE, profile).await.expect(200);
        let refused = ask("renamed", PASSWORD).await;
        assert!([400, 401].contains(&refused.status), "{}: {refused}", way.path);
        own.patch(PROFILE, json!({"email": address(&name)})).await.expect(200);

        // The account is closed.
        ask("closed", PASSWORD).await.expect(200);
        own.delete(&format!("/api/v1/users/{}", own.id)).await.expect(204);
        let refused = ask("closed", PASSWORD).await;
        assert!([400, 401].contains(&refused.status), "{}: {refused}", way.path);
    }
}

#[tokio::test]
async fn a_registration_is_given_again_while_the_account_is_as_it_was() {
    let shop = Shop::open().await;
    for (number, way) in REGISTRATIONS.iter().enumerate() {
        let name = format!("user{number}");
        let ask = || way.ask(&shop, "register", &name, PASSWORD);
        let first = ask().await;
        first.expect(201);
        let again = ask().await;
        assert!(again.is_replay(), "{again}");
        again.says(201, first.json());

        // The password changed: the old one gets no stored answer.
        let own = shop.nobody().log_in(&address(&name), PASSWORD).await;
        change_password(&own, PASSWORD, NEW_PASSWORD).await;
        ask().await.expect(400);

        // A closed account frees its name and address.
        own.delete(&format!("/api/v1/users/{}", own.id)).await.expect(204);
        let next = ask().await;
        assert!(!next.is_replay(), "{next}");
        next.expect(201);
        if !way.token.is_empty() {
            // The first session has ended: its tokens are not given again, and the account exists.
            way.bearer(&shop, &next).ask("POST", LOGOUT).send().await.expect(200);
            ask().await.expect(400);
        }
    }
}

#[tokio::test]
async fn a_refresh_is_given_again_while_its_tokens_are_good() {
    const REFRESH: &str = "/api/v1/auth/refresh/";
    let shop = Shop::open().await;
    let ann = shop.customer("ann").await;
    let refresh = |key: &'static str, token: String| {
        keyed(&shop.nobody(), REFRESH, key).json(&json!({"refresh": token})).send()
    };
    let first = refresh("one", ann.refresh.clone()).await;
    let again = refresh("one", ann.refresh.clone()).await;
    assert!(again.is_replay(), "{again}");
    again.says(200, first.json());
    let text = |answer: &Answer, name: &str| answer.json()[name].as_str().unwrap_or("").to_owned();

    ann.bearing(&text(&first, "access")).ask("POST", LOGOUT).send().await.expect(200);
    refresh("one", ann.refresh.clone()).await.expect(401);

    // Refreshed tokens are not given again; using the old one again counts as theft.
    let ben = shop.customer("ben").await;
    let first = refresh("two", ben.refresh.clone()).await;
    let second = refresh("three", text(&first, "refresh")).await;
    second.expect(200);
    refresh("two", ben.refresh.clone()).await.expect(401);
    ben.bearing(&text(&second, "access")).get(PROFILE).await.expect(401);

    // services hands out another access token each time, under the same key too.
    let cid = shop.customer("cid").await;
    let body = json!({"refresh": cid.refresh});
    for _ in 0..2 {
        let asked = keyed(&shop.nobody(), "/api/v1/users/token/refresh/", "four").json(&body);
        let answer = asked.send().await;
        answer.expect(200);
        shop.nobody().bearing(&text(&answer, "access")).get(PROFILE).await.expect(200);
    }
}

#[tokio::test]
async fn a_reset_is_answered_by_its_own_link_only() {
    let shop = Shop::open().await;
    let mut links = Vec::new();
    for name in ["ann", "ben"] {
        shop.customer(name).await;
        let body = json!({"email": address(name)});
        let asked = keyed(&shop.nobody(), "/api/v1/users/reset-password/", name).json(&body);
        asked.send().await.expect(200);
        links.push(mailed_links(&shop, &address(name), 1).await.remove(0));
    }
    let body = json!({"new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD});
    let confirm = |link: &str| keyed(&shop.nobody(), link, "1").json(&body).send();
    confirm(&links[0]).await.expect(200);
    let other = confirm(&links[1]).await;
    assert!(!other.is_replay() && other.status == 422, "Ben's password is not set: {other}");
    assert!(confirm(&links[0]).await.is_replay());
    let ann = shop.nobody().log_in(&address("ann"), NEW_PASSWORD).await;
    shop.nobody().try_log_in(&address("ben"), NEW_PASSWORD).await.expect(400);

    // After another password change the stored confirmation is not given again.
    change_password(&ann, NEW_PASSWORD, PASSWORD).await;
    confirm(&links[0]).await.expect(400);
}

#[tokio::test]
async fn public_answers_are_replayed_to_anybody() {
    let shop = Shop::open().await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 5).await;
    let ann = shop.customer("ann").await;
    let order = ann.post("/api/orders/", json!({"products": [lamp]})).await.expect(201);
    let body = json!({"order": order["id"], "amount": "10.00"});
    let payment = ann.post("/api/payments/", body).await.expect(201);
    let path = format!("/api/payments/{}/finalize/", payment["id"]);
    let finalize = || keyed(&shop.nobody(), &path, "one").send();
    let first = finalize().await;
    assert!(!first.is_replay());
    let again = finalize().await;
    assert!(again.is_replay(), "{again}");
    again.says(200, first.json());

    let body = json!({"email": "nobody@souk.example"});
    let reset = || keyed(&shop.nobody(), "/api/v1/users/reset-password/", "one").json(&body).send();
    assert!(!reset().await.is_replay());
    assert!(reset().await.is_replay());
}

#[tokio::test]
async fn no_stored_answer_shows_a_token_a_key_or_a_password_on_the_disk() {
    let mut shop = Shop::open().await;
    let lamp = shop.admin().await.add_product("Lamp", "10.00", 5).await;
    let mut secrets = vec![PASSWORD.to_owned()];
    let mut hidden = |answer: &Answer, pointers: &[&str]| {
        let body = answer.json();
        for pointer in pointers {
            let text = body.pointer(pointer).and_then(Value::as_str);
            secrets.push(text.unwrap_or_else(|| panic!("{pointer}: {answer}")).to_owned());
        }
    };
    for way in REGISTRATIONS.iter().filter(|way| !way.token.is_empty()) {
        let answer = way.ask(&shop, "key", &way.path.replace('/', ""), PASSWORD).await;
        hidden(&answer, &[way.token]);
    }
    let ann = shop.nobody().register(&address("ann"), PASSWORD).await;
    for way in &LOG_INS {
        hidden(&way.ask(&shop, "key", "ann", PASSWORD).await, &[way.token]);
    }
    let body = json!({"refresh": ann.refresh});
    let refreshed = keyed(&shop.nobody(), "/api/v1/auth/refresh/", "key").json(&body).send().await;
    hidden(&refreshed, &["/access", "/refresh"]);
    let body = json!({"product_id": lamp.to_string(), "quantity": 1});
    let guest = shop.nobody().get(GET_CART).await;
    let key = cart_key(&guest);
    let added = keyed(&shop.nobody(), ADD_ITEM, "key").header("X-Cart-Key", &key).json(&body);
    let added = added.send().await;
    assert_eq!(cart_key(&added), key);
    // The cart's own row holds only the hash of the key, so only the stored answer could reveal it.
    secrets.push(key);
    let own = json!({"old_password": PASSWORD, "new_password": NEW_PASSWORD,
        "new_password_confirm": NEW_PASSWORD});
    keyed(&ann, "/api/v1/auth/change-password/", "key").json(&own).send().await.expect(200);
    secrets.push(NEW_PASSWORD.to_owned());

    shop.stop().await;
    shop.check();
    let store = std::fs::read(shop.data().join("souk.redb")).expect("the store");
    for secret in secrets {
        let shows = store.windows(secret.len()).any(|octets| octets == secret.as_bytes());
        assert!(!shows, "{secret} lies in the store");
    }
}

#[tokio::test]
async fn password_guesses_at_stored_answers_are_throttled_like_log_ins() {
    let mut shop = Shop::closed_with(&[("SOUK_RATE_LIMIT", "on")]);
    shop.start();
    for (number, way) in [&LOG_INS[0], &LOG_INS[3], &REGISTRATIONS[1]].into_iter().enumerate() {
        let name = format!("user{number}");
        // Each guess comes from another address, so that only the account is counted.
        let ask = |guess: usize, password: String| {
            let body = (way.body)(&name, &password);
            let from = format!("198.51.{number}.{guess}");
            keyed(&shop.nobody(), way.path, "1").header("X-Forwarded-For", &from).json(&body).send()
        };
        if way.path.contains("login") || way.path.contains("token") {
            shop.nobody().register(&address(&name), PASSWORD).await;
        }
        let first = ask(0, PASSWORD.to_owned()).await;
        assert!(first.status < 300, "{first}");
        let mut refused = 0;
        for guess in 1..=40 {
            let answer = ask(guess, format!("password-{guess}")).await;
            assert!([422, 429].contains(&answer.status), "{answer}");
            refused += u32::from(answer.status == 429);
        }
        assert!(refused >= 10, "{}: {refused} guesses were refused", way.path);
        // The right password is refused like a wrong one, so the guesser learns nothing.
        ask(41, PASSWORD.to_owned()).await.expect(429);
    }
}
