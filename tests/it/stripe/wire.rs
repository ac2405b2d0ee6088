//! The Stripe client over the wire: against our own stand-in, and against an independent one.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use crate::support::{LocalStripe, PATIENCE, STRIPE_KEY, StripeStandIn};
use serde_json::json;
use souk_domain::{Currency, Money};
use souk_stripe::{
    ApiBase, CallError, Cause, CheckoutState, Confirmation, IntentState, Pages, Purchase,
    RefundState, SecretKey, Stripe, StripeSettings, WebhookSecret,
};

const USD: Currency = Currency::USD;

fn client(base: &str) -> Stripe {
    client_of(base, STRIPE_KEY)
}

fn client_of(base: &str, key: &str) -> Stripe {
    let settings = StripeSettings {
        key: SecretKey::parse(key).expect("a key"),
        api_base: Some(ApiBase::parse(base).expect("a base")),
        call_time: Duration::from_secs(2),
    };
    Stripe::new(settings).expect("a client")
}

fn cents(amount: i64) -> Money {
    Money::from_minor_units(amount)
}

fn lamps(amount: i64) -> Purchase {
    let about = vec![("souk_order", "17".to_owned())];
    Purchase { amount: cents(amount), currency: USD, title: "Order ORD-17".to_owned(), about }
}

#[tokio::test]
async fn an_intent_is_made_paid_and_given_back() {
    let stand_in = StripeStandIn::start();
    let stripe = client(stand_in.base());

    let made = stripe.create_intent("create-1", &lamps(1_999)).await.expect("an intent");
    assert_eq!((made.amount, made.state), (cents(1_999), IntentState::RequiresPaymentMethod));
    assert!(made.client_secret.starts_with(&format!("{}_secret_", made.id)));
    assert_eq!(stripe.retrieve_intent(&made.id, USD).await.expect("known").id, made.id);

    let confirmed = stripe.confirm_intent("confirm-1", &made.id, "pm_card_visa", USD).await;
    let Ok(Confirmation::Answered(paid)) = confirmed else { panic!("{confirmed:?}") };
    assert_eq!((paid.state, paid.amount_received), (IntentState::Succeeded, cents(1_999)));
    let again = stripe.confirm_intent("confirm-2", &made.id, "pm_card_visa", USD).await;
    assert_eq!(again, Err(CallError::WrongState));
    assert_eq!(stripe.cancel_intent("cancel-1", &made.id, USD).await, Err(CallError::WrongState));

    let part = stripe.refund("refund-1", &made.id, Some(cents(500)), USD, Some("scratched")).await;
    let part = part.expect("a refund");
    assert_eq!((part.amount, part.state), (cents(500), RefundState::Succeeded));
    assert_eq!(part.key.as_deref(), Some("refund-1"));
    let too_much = stripe.refund("refund-2", &made.id, Some(cents(1_500)), USD, None).await;
    let Err(CallError::Invalid(invalid)) = too_much else { panic!("{too_much:?}") };
    assert_eq!(invalid.parameter.as_deref(), Some("amount"));
    stripe.refund("refund-3", &made.id, None, USD, None).await.expect("the rest");
    let nothing_left = stripe.refund("refund-4", &made.id, None, USD, None).await;
    assert_eq!(nothing_left, Err(CallError::WrongState));
    let amounts: Vec<i64> = stripe
        .refunds_of(&made.id, USD)
        .await
        .expect("a list")
        .iter()
        .map(|refund| refund.amount.minor_units())
        .collect();
    assert_eq!(amounts, [1_499, 500]);
    let books = stand_in.books().await;
    assert_eq!(books.charges().len(), 1);
    assert_eq!(books.held_for(17), 0);
    assert_eq!(books.refunds()[0]["metadata"]["souk_reason"], "scratched");
}

#[tokio::test]
async fn every_refusal_has_a_name() {
    let stand_in = StripeStandIn::start();
    let stripe = client(stand_in.base());
    let made = stripe.create_intent("create-1", &lamps(1_999)).await.expect("an intent");
    let confirm =
        async |key: &str, method: &str| stripe.confirm_intent(key, &made.id, method, USD).await;

    let declined = confirm("c1", "pm_card_chargeDeclinedInsufficientFunds").await;
    let Ok(Confirmation::Declined(decline)) = declined else { panic!("{declined:?}") };
    assert_eq!(decline.reason, "Your card has insufficient funds.");
    assert_eq!(decline.decline_code.as_deref(), Some("insufficient_funds"));
    assert!(decline.charge.as_deref().is_some_and(|charge| charge.starts_with("ch_")));
    let known = stripe.retrieve_intent(&made.id, USD).await.expect("known");
    assert_eq!(known.last_decline.map(|decline| decline.reason), Some(decline.reason));

    let asking = confirm("c2", "pm_card_authenticationRequired").await;
    let Ok(Confirmation::Answered(intent)) = asking else { panic!("{asking:?}") };
    assert_eq!(intent.state, IntentState::RequiresAction);
    let unknown = confirm("c3", "pm_card_of_nobody").await;
    let Err(CallError::Invalid(invalid)) = unknown else { panic!("{unknown:?}") };
    assert_eq!(invalid.parameter.as_deref(), Some("payment_method"));

    let canceled = stripe.cancel_intent("cancel", &made.id, USD).await.expect("canceled");
    assert_eq!(canceled.state, IntentState::Canceled);
    assert_eq!(confirm("c4", "pm_card_visa").await, Err(CallError::WrongState));
    for id in ["pi_nobody", "", "pi_1/confirm", "../balance"] {
        assert_eq!(stripe.retrieve_intent(id, USD).await, Err(CallError::NotFound), "{id}");
    }
    let small = stripe.create_intent("create-2", &lamps(49)).await;
    let Err(CallError::Invalid(invalid)) = small else { panic!("{small:?}") };
    assert_eq!(invalid.code.as_deref(), Some("amount_too_small"));
    let other = stripe.create_intent("create-1", &lamps(2_000)).await;
    assert_eq!(other, Err(CallError::KeyReused));
    let stranger = client_of(stand_in.base(), "sk_test_of_somebody_else");
    assert_eq!(stranger.retrieve_intent(&made.id, USD).await, Err(CallError::NotAllowed));
    assert_eq!(stand_in.books().await.charges().len(), 0);
}

#[tokio::test]
async fn a_page_is_opened_paid_and_closed() {
    let stand_in = StripeStandIn::start();
    let stripe = client(stand_in.base());
    let pages = Pages {
        success: "http://shop.example/ok?session_id={CHECKOUT_SESSION_ID}".to_owned(),
        cancel: "http://shop.example/no".to_owned(),
    };

    let open = stripe.open_checkout("open-1", &lamps(1_999), &pages).await.expect("a page");
    assert_eq!((open.state, open.amount), (CheckoutState::Open, cents(1_999)));
    assert_eq!(open.intent, None);
    let url = open.url.expect("somewhere to pay");
    assert_eq!(
        stand_in.pay_page(&url, "pm_card_chargeDeclined").await["error"]["code"],
        "card_declined"
    );
    stand_in.pay_page(&url, "pm_card_visa").await;

    let paid = stripe.retrieve_checkout(&open.id, USD).await.expect("known");
    assert_eq!((paid.state, &paid.url), (CheckoutState::Paid, &None));
    let intent = stripe.retrieve_intent(&paid.intent.expect("an intent"), USD).await;
    assert_eq!(intent.expect("known").state, IntentState::Succeeded);
    assert_eq!(stand_in.books().await.held_for(17), 1_999);
    let late = stripe.expire_checkout("expire-1", &open.id, USD).await;
    assert!(matches!(late, Err(CallError::Invalid(_))), "{late:?}");

    let other = stripe.open_checkout("open-2", &lamps(500), &pages).await.expect("a page");
    let expired = stripe.expire_checkout("expire-2", &other.id, USD).await.expect("closed");
    assert_eq!(expired.state, CheckoutState::Expired);
    let gone = stripe.retrieve_checkout("cs_test_nobody/expire", USD).await;
    assert_eq!(gone, Err(CallError::NotFound));
}

#[tokio::test]
async fn transport_faults_do_not_repeat_the_work() {
    let stand_in = StripeStandIn::start();
    let stripe = client(stand_in.base());
    for (number, kind) in
        ["drop_before", "drop_after", "error_before", "error_after", "garbage_after", "throttle"]
            .into_iter()
            .enumerate()
    {
        stand_in.fault("POST /v1/payment_intents$", kind, 2).await;
        let made = stripe.create_intent(&format!("create-{kind}"), &lamps(1_999)).await;
        let made = made.unwrap_or_else(|error| panic!("{kind}: {error}"));
        stand_in.fault("confirm$", kind, 2).await;
        let key = format!("confirm-{kind}");
        let paid = stripe.confirm_intent(&key, &made.id, "pm_card_visa", USD).await;
        let Ok(Confirmation::Answered(paid)) = paid else { panic!("{kind}: {paid:?}") };
        assert_eq!(paid.state, IntentState::Succeeded, "{kind}");
        let books = stand_in.books().await;
        assert_eq!(books.intents().len(), number + 1, "{kind}");
        assert_eq!(books.charges().len(), number + 1, "{kind}");
    }
}

#[tokio::test]
async fn calls_that_take_too_long_time_out() {
    let stand_in = StripeStandIn::start();
    let stripe = client(stand_in.base());
    let made = stripe.create_intent("create", &lamps(1_999)).await.expect("an intent");
    for (on, kind, expected) in [
        ("refunds$", "error_before", CallError::OutcomeUnknown { cause: Cause::ServerFailed }),
        ("refunds$", "throttle", CallError::Unavailable { cause: Cause::Throttled }),
        ("refunds$", "drop_before", CallError::OutcomeUnknown { cause: Cause::ConnectionLost }),
    ] {
        stand_in.fault(on, kind, 100).await;
        assert_eq!(stripe.refunds_of(&made.id, USD).await, Err(expected), "{kind}");
        stand_in.no_faults().await;
    }
    let saved = json!({"on": "confirm$", "kind": "saved_error_after", "times": 1});
    stand_in.fault_with(saved).await;
    let unknown = stripe.confirm_intent("confirm", &made.id, "pm_card_visa", USD).await;
    assert_eq!(unknown, Err(CallError::OutcomeUnknown { cause: Cause::ServerFailed }));
    let truth = stripe.retrieve_intent(&made.id, USD).await.expect("known");
    assert_eq!(truth.state, IntentState::Succeeded);

    stand_in.fault_with(json!({"on": "GET", "kind": "delay", "times": 100, "seconds": 120})).await;
    let late = tokio::time::timeout(PATIENCE, stripe.retrieve_intent(&made.id, USD)).await;
    let late = late.expect("the client does not wait for the answer");
    assert_eq!(late, Err(CallError::OutcomeUnknown { cause: Cause::TimedOut }));
    let base = stand_in.base().to_owned();
    drop(stand_in);
    let away = client(&base).retrieve_intent(&made.id, USD).await;
    assert_eq!(away, Err(CallError::Unavailable { cause: Cause::NotConnected }));
}

#[tokio::test]
async fn an_independent_server_is_understood_as_far_as_it_goes() {
    let server = LocalStripe::start().await;
    let stripe = client(server.base());
    let card = "type=card&card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2040\
                &card[cvc]=123";
    let method = server.post("payment_methods", card).await;
    let method = method["id"].as_str().expect("a method");
    let form = format!("amount=1999&currency=usd&payment_method={method}&confirm=true");
    let intent = server.post("payment_intents", &form).await;
    let intent = intent["id"].as_str().expect("an intent");

    // It omits what Stripe always sends, which must be reported as an unusable answer.
    let unreadable = stripe.retrieve_intent(intent, USD).await;
    assert_eq!(unreadable, Err(CallError::OutcomeUnknown { cause: Cause::Unreadable }));
    assert_eq!(stripe.retrieve_intent("pi_nobody", USD).await, Err(CallError::NotFound));
    let part = stripe.refund("refund-1", intent, Some(cents(500)), USD, Some("dented")).await;
    assert_eq!(part.expect("a refund").amount, cents(500));
    stripe.refund("refund-2", intent, Some(cents(1_499)), USD, None).await.expect("the rest");
    let refunds = stripe.refunds_of(intent, USD).await.expect("a list");
    let mut keys: Vec<_> = refunds.into_iter().filter_map(|refund| refund.key).collect();
    keys.sort();
    assert_eq!(keys, ["refund-1", "refund-2"]);
    let unpayable = stripe.create_intent("create", &lamps(1_999)).await;
    assert!(matches!(unpayable, Err(CallError::Invalid(_))), "{unpayable:?}");
}

#[tokio::test]
async fn an_independent_server_signs_as_we_verify() {
    let server = LocalStripe::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let hearing = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a webhook");
        let request = read_request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").expect("an answer");
        request
    });
    server.hook(&format!("http://{address}/"), "whsec_of_the_other").await;

    server.post("customers", "email=ann@souk.example").await;

    let (signature, body) = hearing.join().expect("the listener ended well");
    let now = i64::try_from(
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .expect("after 1970")
            .as_secs(),
    )
    .expect("a time");
    let heard = |secrets: &str, now| {
        souk_stripe::is_signed(&signature, &body, &WebhookSecret::parse_list(secrets), now)
    };
    assert!(heard("whsec_before,whsec_of_the_other", now), "{signature}");
    assert!(!heard("whsec_before", now));
    assert!(!heard("whsec_of_the_other", now + 400));
}

/// The signature and the body of one request.
fn read_request(stream: &mut std::net::TcpStream) -> (String, Vec<u8>) {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut buffer).expect("a request");
        bytes.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let header = |wanted: &str| {
            head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
            })
        };
        let length: usize =
            header("Content-Length").and_then(|text| text.parse().ok()).unwrap_or(0);
        if body.len() >= length || read == 0 {
            return (header("Stripe-Signature").unwrap_or_default(), body.as_bytes().to_vec());
        }
    }
}
