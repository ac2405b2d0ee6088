//! Throttles of log-in guesses, registrations and new passwords slow only the client that causes them, also behind a
//! proxy.

use crate::support::{Answer, Ask, Person, Shop};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const PASSWORD: &str = "a good password";
/// A little more than a client may send at once.
const FLOOD: usize = 90;

async fn shop_with(settings: &[(&str, &str)]) -> Shop {
    let throttled = [&[("SOUK_RATE_LIMIT", "on")], settings].concat();
    Shop::open_with(&throttled).await
}

/// Sends the requests concurrently; the answers are in no particular order.
async fn all(asks: impl IntoIterator<Item = Ask>) -> Vec<Answer> {
    let mut sending = JoinSet::new();
    for ask in asks {
        sending.spawn(ask.send());
    }
    sending.join_all().await
}

/// How many answers are 429; each must have a `Retry-After`.
fn refused(answers: &[Answer]) -> usize {
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    for answer in &refused {
        let seconds: u32 = answer.header("Retry-After").parse().expect("a number of seconds");
        assert!((1..=3_600).contains(&seconds), "{answer}");
        assert!(answer.json().is_object(), "{answer}");
    }
    refused.len()
}

fn registration(path: &str, name: &str) -> Value {
    let email = format!("{name}@example.com");
    let mut body = json!({"username": name, "email": email, "password": PASSWORD});
    let repeated = match path.contains("/auth/") {
        true => "password_confirm",
        false => "confirm_password",
    };
    body[repeated] = json!(PASSWORD);
    body
}

#[tokio::test]
async fn registrations_of_one_client_are_limited_and_log_ins_of_others_go_on() {
    let shop = shop_with(&[]).await;
    let paths = [
        "/api/users/signup/",
        "/api/users/",
        "/api/v1/users/register/",
        "/api/v1/auth/register/",
        "/api/v1/users",
    ];
    let ann = shop.customer("ann").await;
    for (number, path) in paths.into_iter().enumerate() {
        let from = format!("192.0.2.{number}");
        let register = |n: usize| {
            let body = registration(path, &format!("user{number}x{n}"));
            shop.nobody().ask("POST", path).header("X-Forwarded-For", &from).json(&body)
        };
        let others = async {
            // Fewer than the limit of one account.
            for n in 0..3 {
                let from = format!("198.51.{number}.{n}");
                log_in_from(&shop, &ann, &from).await.expect(200);
            }
        };
        let (registered, ()) = tokio::join!(all((0..FLOOD).map(register)), others);
        assert!(refused(&registered) >= 5, "{path}: {}", refused(&registered));
        assert!(registered.iter().any(|answer| answer.status == 201), "{path}");
    }
}

#[tokio::test]
async fn an_old_password_is_guessed_as_slowly_as_one_at_the_door() {
    let shop = shop_with(&[]).await;
    let paths = ["/api/v1/users/me/change-password/", "/api/v1/auth/change-password/"];
    for (path, name) in paths.into_iter().zip(["ann", "ben"]) {
        let person = shop.customer(name).await;
        let home = format!("192.0.2.{}", person.id);
        log_in_from(&shop, &person, &home).await.expect(200);
        let anywhere = |n: usize| format!("203.0.113.{n}");
        let at_home = |_: usize| home.clone();
        let places: [&dyn Fn(usize) -> String; 2] = [&at_home, &anywhere];
        for place in places {
            let guess = |n: usize| {
                let body = json!({"old_password": format!("guess {n}"), "new_password": "x1234567",
                    "confirm_password": "x1234567", "new_password_confirm": "x1234567"});
                person.ask("POST", path).header("X-Forwarded-For", &place(n)).json(&body)
            };
            let answers = all((0..40).map(guess)).await;
            assert!(refused(&answers) >= 10, "{path}: {}", refused(&answers));
            assert!(answers.iter().all(|answer| [400, 429].contains(&answer.status)), "{path}");
        }
        // A guesser with a token does not lock the owner out.
        log_in_from(&shop, &person, "198.51.100.7").await.expect(200);
    }
}

async fn log_in_from(shop: &Shop, person: &Person, address: &str) -> Answer {
    let body = json!({"username": person.email, "password": person.password});
    let ask = shop.nobody().ask("POST", "/api/v1/users/login/").json(&body);
    ask.header("X-Forwarded-For", address).send().await
}

#[tokio::test]
async fn new_passwords_of_one_client_are_limited() {
    let shop = shop_with(&[]).await;
    let ann = shop.customer("ann").await;
    let change = |_| {
        let body = json!({"password": PASSWORD});
        let ask = ann.ask("POST", "/api/users/change_password/").json(&body);
        ask.header("X-Forwarded-For", "192.0.2.77")
    };
    let answers = all((0..FLOOD).map(change)).await;
    assert!(refused(&answers) >= 5, "{} were refused", refused(&answers));
}

type Headers = Vec<(&'static str, String)>;
/// The headers of the nth guess.
type Kind = (&'static str, fn(usize) -> Headers);

/// Each guess uses a new name, so that only the client is counted.
async fn guesses(shop: &Shop, kind: &str, headers: impl Fn(usize) -> Headers) -> Vec<Answer> {
    let guess = |n: usize| {
        let body = json!({"username": format!("{kind} {n}"), "password": "a wrong password"});
        let ask = shop.nobody().ask("POST", "/api/token/").json(&body);
        headers(n).into_iter().fold(ask, |ask, (name, value)| ask.header(name, &value))
    };
    all((0..FLOOD).map(guess)).await
}

fn listed(value: impl Into<String>) -> (&'static str, String) {
    ("X-Forwarded-For", value.into())
}

fn standard(value: impl Into<String>) -> (&'static str, String) {
    ("Forwarded", value.into())
}

#[tokio::test]
async fn forged_headers_do_not_change_the_client() {
    let shop = shop_with(&[("SOUK_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8")]).await;
    let kinds: [Kind; 7] = [
        ("a line before the proxy's", |n| {
            vec![listed(format!("198.51.100.{n}")), listed("203.0.113.1")]
        }),
        ("an address before the proxy's", |n| vec![listed(format!("198.51.100.{n}, 203.0.113.2"))]),
        ("before two proxies'", |n| {
            vec![listed(format!("198.51.100.{n}, 203.0.113.3")), listed("10.0.0.9")]
        }),
        ("the standard header", |n| vec![standard(format!("for=198.51.100.{n}, for=203.0.113.4"))]),
        ("the header that the proxy does not write", |n| {
            vec![standard(format!("for=198.51.100.{n}")), listed("203.0.113.5")]
        }),
        ("addresses of one network", |n| vec![listed(format!("2001:db8:1:2::{n}"))]),
        ("no address", |n| vec![listed(format!("unknown{n}"))]),
    ];
    for (kind, headers) in kinds {
        let answers = guesses(&shop, kind, headers).await;
        assert!(refused(&answers) > 0, "{kind}: no guess was refused");
    }
}

#[tokio::test]
async fn clients_behind_a_trusted_proxy_are_counted_apart() {
    let shop = shop_with(&[]).await;
    let kinds: [Kind; 3] = [
        ("listed", |n| vec![listed(format!("198.51.100.{n}"))]),
        ("standard", |n| vec![standard(format!("for=\"[2001:db8:{n}::1]:443\";proto=https"))]),
        ("lines", |n| vec![listed("192.0.2.1"), listed(format!("203.0.113.{n}"))]),
    ];
    for (kind, headers) in kinds {
        let answers = guesses(&shop, kind, headers).await;
        assert_eq!(refused(&answers), 0, "{kind}");
    }
}

#[tokio::test]
async fn without_trusted_proxies_whoever_is_connected_is_the_client() {
    let shop = shop_with(&[("SOUK_TRUSTED_PROXIES", "none")]).await;
    let answers = guesses(&shop, "any", |n| vec![listed(format!("198.51.100.{n}"))]).await;
    assert!(refused(&answers) > 0);
    let shop = Shop::closed_with(&[("SOUK_TRUSTED_PROXIES", "10.0.0.0/33")]);
    let refused = shop.run(&["serve", "--listen", "127.0.0.1:0"], "");
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("10.0.0.0/33"), "{}", refused.stderr);
}
