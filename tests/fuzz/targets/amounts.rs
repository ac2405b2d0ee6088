//! Numbers as clients write them, bare or in quotes.

use crate::edge::form::{self, Form};
use crate::edge::{Errors, Request};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use souk_domain::{
    Currency, Discount, MAX_AMOUNT_MINOR_UNITS, MAX_LINE_QUANTITY, Money, ProductId,
};

/// What the rules made of one number.
#[derive(Debug, PartialEq)]
struct Read {
    whole: Option<i64>,
    id: Option<u64>,
    units: Option<u32>,
    money: Vec<Option<Money>>,
    discount: Option<Discount>,
    truth: Option<bool>,
}

/// A number, as a JSON number if it is one, and as a JSON string.
pub(super) fn json_number(input: &[u8]) {
    let text = super::text(input);
    let bare = is_number(text).then(|| read(text));
    let quoted = read(&serde_json::to_string(text).expect("a string"));
    for read in bare.iter().chain([&quoted]) {
        keeps_its_bounds(read);
    }
    if let Some(bare) = bare {
        is_near(&bare, text.parse().expect("a number of JSON is one of Rust"));
        agree(&bare, &quoted, text);
    }
}

fn is_number(text: &str) -> bool {
    let is_started = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    is_started
        && serde_json::from_str::<&serde_json::value::RawValue>(text)
            .is_ok_and(|raw| raw.get() == text)
}

fn currencies() -> [Currency; 2] {
    ["USD", "JPY"].map(|code| Currency::from_code(code).expect("a currency"))
}

fn read(json: &str) -> Read {
    let body = format!("{{\"number\":{json}}}");
    Read {
        whole: value(&body, form::integer(i64::MIN..=i64::MAX)),
        id: value(&body, form::id(ProductId::new)).flatten().map(ProductId::get),
        units: value(&body, form::quantity()).map(|units| units.get()),
        money: currencies().map(|currency| value(&body, form::money(currency))).into(),
        discount: value(&body, form::discount()),
        truth: value(&body, form::boolean()),
    }
}

fn value<R: form::Rule>(body: &str, rule: R) -> Option<R::Value> {
    let json = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let headers = HeaderMap::from_iter([json]);
    let mut request = Request::new(Method::POST, "/".to_owned(), String::new(), headers);
    request.body = body.to_owned().into();
    let mut form = Form::parse(&request).expect("an object with one number or string");
    let field = form.required("number", rule);
    let read: Result<R::Value, Errors> = form.finish(field);
    read.ok()
}

fn keeps_its_bounds(read: &Read) {
    assert!(read.id.is_none_or(|id| (1..=i64::MAX.unsigned_abs()).contains(&id)), "{read:?}");
    assert!(read.units.is_none_or(|units| (1..=MAX_LINE_QUANTITY).contains(&units)), "{read:?}");
    assert!(read.discount.is_none_or(|discount| discount.basis_points() <= 10_000), "{read:?}");
    for (currency, money) in currencies().iter().zip(&read.money) {
        let Some(money) = *money else { continue };
        assert!((0..=MAX_AMOUNT_MINOR_UNITS).contains(&money.minor_units()), "{read:?}");
        assert_eq!(currency.parse(&currency.format(money)), Ok(money), "{read:?}");
    }
}

/// What was read is what was written, as near as a float can tell and a noisy float is mended.
fn is_near(read: &Read, written: f64) {
    let near = |read: f64, noise: f64| (read - written).abs() <= noise + written.abs() * 1e-12;
    #[expect(clippy::cast_precision_loss, reason = "the comparison allows for it")]
    if let Some(whole) = read.whole {
        assert!(near(whole as f64, 0.0), "{read:?} of {written}");
    }
    for (currency, money) in currencies().iter().zip(&read.money) {
        let unit = 10_f64.powi(-i32::from(currency.decimals()));
        #[expect(clippy::cast_precision_loss, reason = "amounts are below 2^53")]
        if let Some(money) = money {
            let amount = money.minor_units() as f64 * unit;
            assert!(near(amount, unit * 1.01e-6), "{read:?} of {written}");
        }
    }
    if let Some(discount) = read.discount {
        let percent = f64::from(discount.basis_points()) / 100.0;
        assert!(near(percent, 0.01 * 1.01e-6), "{read:?} of {written}");
    }
}

/// A number in quotes is not another number. Only one of both may be refused: bare ones may be written
/// by a float, with its noise.
fn agree(bare: &Read, quoted: &Read, text: &str) {
    fn same<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
        one.zip(other).is_none_or(|(one, other)| one == other)
    }
    let is_same = same(bare.whole, quoted.whole)
        && same(bare.id, quoted.id)
        && same(bare.units, quoted.units)
        && same(bare.discount, quoted.discount)
        && same(bare.truth, quoted.truth)
        && bare.money.iter().zip(&quoted.money).all(|(bare, quoted)| same(*bare, *quoted));
    assert!(is_same, "{text}: {bare:?} and in quotes {quoted:?}");
}
