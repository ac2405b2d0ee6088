//! Tests of the form. The expected messages are those of Django REST Framework 3.18, checked
//! against the package itself.

use super::*;
use crate::edge::{Answer, Request, limits};
use http::Method;
use souk_domain::{Currency, EmailAddress, Money, Password, ProductId, Role};

mod numbers;

fn post(body: &str) -> Request {
    Request::test(Method::POST, "/").with_json(body)
}

/// Reads `{"field": value}` as a required field.
fn read<R: Rule>(rule: R, value: &str) -> Result<R::Value, String> {
    let request = post(&format!("{{\"field\": {value}}}"));
    let mut form = Form::parse(&request).map_err(|answer| answer.text().to_owned())?;
    let field = form.required("field", rule);
    form.finish(field).map_err(|errors| Answer::from(errors).text().to_owned())
}

fn sentence<T: std::fmt::Debug>(read: Result<T, String>) -> String {
    let errors = read.expect_err("a refusal");
    let inside = errors.strip_prefix("{\"field\":[\"").and_then(|rest| rest.strip_suffix("\"]}"));
    inside.unwrap_or(&errors).replace("\\\"", "\"")
}

form! {
    /// A body with an error in every field.
    struct Wrong {
        email: EmailAddress = required(email()),
        password: Password = required(new_password()),
        quantity: Option<i64> = optional(integer(1..=99)),
        first_name: String = required(text(10)),
        items: Vec<Item> = required(objects(9, Item::read)),
    }
}

form! {
    /// An item of a list.
    struct Item {
        product_id: Option<ProductId> = required(id(ProductId::new)),
    }
}

#[test]
fn every_wrong_field_is_named_at_once_and_in_order() {
    let request = post(r#"{"email": "nobody", "password": null, "quantity": 0, "items": [{}, 3]}"#);
    let mut form = Form::parse(&request).expect("a form");
    let fields = Wrong::read(&mut form);
    form.error("password_confirm", "Passwords do not match");
    form.error(NON_FIELD_ERRORS, "Insufficient stock");
    let errors = form.finish(fields).expect_err("everything is wrong");
    assert_eq!(
        Answer::from(errors).text(),
        concat!(
            r#"{"email":["Enter a valid email address."],"#,
            r#""password":["This field may not be null."],"#,
            r#""quantity":["Ensure this value is greater than or equal to 1."],"#,
            r#""first_name":["This field is required."],"#,
            r#""items":[{"product_id":["This field is required."]},"#,
            r#"{"non_field_errors":["Invalid data. Expected a dictionary, but got int."]}],"#,
            r#""password_confirm":["Passwords do not match"],"#,
            r#""non_field_errors":["Insufficient stock"]}"#
        )
    );
}

form! {
    /// A field of every kind.
    struct Lamp(currency: Currency, partial: bool) {
        title: String = required("name", text(255)),
        price: Money = required(money(currency)),
        note: Option<String> = nullable(text(10)),
        cleared: Option<Option<String>> = clearable("note", text(10)),
        kept: Option<Option<String>> = clearable("image", text(10)),
        shared: Shared = flattened(Shared::read),
        stock: Option<i64> = changing(integer(0..=9), partial),
    }
    check |form, fields| {
        if fields.title.parsed().is_some_and(|title| title == "Nothing") {
            form.error("name", "This is no lamp.");
        }
    }
}

form! {
    /// Fields that several bodies share.
    struct Shared {
        clear_cart: bool = defaulting(boolean(), true),
    }
}

#[test]
fn valid_fields_become_values() {
    let request = post(
        r#"{"name": " Lamp ", "price": 19.99, "note": null, "unknown": [1], "name": " Lamp 2"}"#,
    );
    let mut form = Form::parse(&request).expect("a form");
    let fields = Lamp::read(&mut form, Currency::USD, true);
    assert_eq!(fields.price.parsed().map(|price| price.minor_units()), Some(1999));
    assert!(form.has("unknown") && form.has("note") && !form.has("image"));
    let lamp = form.finish(fields).expect("all in order");
    assert_eq!(lamp.title, "Lamp 2", "of two members with one name the later counts");
    assert_eq!(lamp.price, Money::from_minor_units(1999));
    assert_eq!((lamp.note, lamp.cleared, lamp.kept), (None, Some(None), None));
    assert_eq!((lamp.shared.clear_cart, lamp.stock), (true, None));
}

#[test]
fn rules_about_several_fields_run_after_the_rules_of_each_field() {
    let request = post(r#"{"name": "Nothing", "price": 1, "clear_cart": 7}"#);
    let mut form = Form::parse(&request).expect("a form");
    let fields = Lamp::read(&mut form, Currency::USD, false);
    let errors = form.finish(fields).expect_err("three errors");
    assert_eq!(
        Answer::from(errors).text(),
        concat!(
            r#"{"clear_cart":["Must be a valid boolean."],"stock":["This field is required."],"#,
            r#""name":["This is no lamp."]}"#
        )
    );
}

form! {
    /// A full update.
    struct Update {
        a: Option<bool> = changing(boolean(), false),
        b: Option<bool> = optional(boolean()),
    }
}

#[test]
fn a_field_of_a_full_update_is_required() {
    let request = post(r#"{"b": null}"#);
    let mut form = Form::parse(&request).expect("a form");
    let fields = Update::read(&mut form);
    let errors = form.finish(fields).expect_err("two errors");
    assert_eq!(
        Answer::from(errors).text(),
        r#"{"a":["This field is required."],"b":["This field may not be null."]}"#
    );
}

#[test]
fn refuses_bodies_that_are_not_json_objects() {
    let refused = |request: &Request| {
        let answer = Form::parse(request).expect_err("no form");
        (answer.status.as_u16(), answer.text().to_owned())
    };
    for (body, found) in
        [("[]", "list"), ("1", "int"), ("1.5", "float"), ("\"x\"", "str"), ("true", "bool")]
    {
        let text = format!(
            r#"{{"non_field_errors":["Invalid data. Expected a dictionary, but got {found}."]}}"#
        );
        assert_eq!(refused(&post(body)), (400, text));
    }
    let no_data = r#"{"non_field_errors":["No data provided"]}"#.to_owned();
    assert_eq!(refused(&post(" null ")), (400, no_data));
    for body in ["{", "{\"a\":NaN}", "{'a':1}", "{\"a\":1,}", "{\"a\":01}", "{} x", "nil"] {
        let (status, text) = refused(&post(body));
        assert!(text.starts_with(r#"{"detail":"JSON parse error - "#), "{body}: {text}");
        assert_eq!(status, 400);
    }
    let mut broken = post("");
    broken.body = bytes::Bytes::from_static(b"{\"a\":\"\xff\"}");
    assert!(refused(&broken).1.starts_with(r#"{"detail":"JSON parse error - invalid utf-8"#));
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
    assert!(refused(&post(&deep)).1.contains("nested too deeply"));
    let wide: String = (0..=limits::FORM_FIELDS_MAX).map(|n| format!("\"f{n}\":1,")).collect();
    let wide = format!("{{{}}}", wide.trim_end_matches(','));
    assert!(refused(&post(&wide)).1.contains("too many fields"));
    let mut untyped = Request::test(Method::POST, "/");
    untyped.body = bytes::Bytes::from_static(b"{}");
    let no_type = r#"{"detail":"Unsupported media type \"\" in request."}"#.to_owned();
    assert_eq!(refused(&untyped), (415, no_type));
    let plain = post("{}").with_header("content-type", "text/plain");
    let text = r#"{"detail":"Unsupported media type \"text/plain\" in request."}"#;
    assert_eq!(refused(&plain), (415, text.to_owned()));
}

#[test]
fn accepts_json_with_a_character_set_and_a_missing_body() {
    let charset = post("{}").with_header("content-type", "Application/JSON; charset=utf-8");
    assert!(Form::parse(&charset).is_ok());
    let empty = Request::test(Method::POST, "/").with_header("content-type", "text/plain");
    assert!(Form::parse(&empty).is_ok());
    assert!(Form::parse(&Request::test(Method::POST, "/")).is_ok());
}

#[test]
fn texts_are_trimmed_and_bounded() {
    assert_eq!(read(text(5), "\"  hello \"").as_deref(), Ok("hello"));
    for (number, written) in
        [("7", "7"), ("19.90", "19.9"), ("1e4", "10000.0"), ("1e400", "inf"), ("-0", "0")]
    {
        assert_eq!(read(text(9), number).as_deref(), Ok(written), "{number}");
    }
    assert_eq!(read(text(5), r#""h\u00e9llo""#).as_deref(), Ok("héllo"));
    assert_eq!(read(text(5).or_blank(), "\"  \"").as_deref(), Ok(""));
    for (value, expected) in [
        ("\" \"", "This field may not be blank."),
        ("null", "This field may not be null."),
        ("true", "Not a valid string."),
        ("[]", "Not a valid string."),
        ("{}", "Not a valid string."),
        (r#""\ud800""#, "Surrogate characters are not allowed: U+D800."),
        (r#""a\ud83d\udfff\udfff""#, "Surrogate characters are not allowed: U+DFFF."),
        (r#""a\u0000""#, "Null characters are not allowed."),
        ("\"123456\"", "Ensure this field has no more than 5 characters."),
    ] {
        assert_eq!(sentence(read(text(5), value)), expected, "{value}");
    }
}

#[test]
fn people_are_checked_by_the_rules_of_the_shop() {
    assert_eq!(read(email(), "\" a@b.co \"").as_ref().map(EmailAddress::as_str), Ok("a@b.co"));
    assert_eq!(sentence(read(email(), "\"\"")), "This field may not be blank.");
    assert!(sentence(read(username(), "\"a b\"")).starts_with("Enter a valid username."));
    assert!(sentence(read(new_password(), "\"short\"")).starts_with("This password is too short."));
    assert_eq!(sentence(read(new_password(), "\"\"")), "This field may not be blank.");
    assert!(
        read(new_password(), "\" spaced pass \"").is_ok_and(|p| p.as_bytes() == b" spaced pass ")
    );
    assert!(read(claimed_password(), "\"short\"").is_ok());
    let long = format!("\"{}\"", "x".repeat(129));
    let expected = "Ensure this field has no more than 128 characters.";
    assert_eq!(sentence(read(claimed_password(), &long)), expected);
    assert_eq!(sentence(read(new_password(), &long)), expected);
}

#[test]
fn addresses_on_the_web_are_absolute_and_in_one_piece() {
    let good = "https://shop.example/café.jpg?size=1";
    assert_eq!(read(web_address(), &format!("\" {good} \"")).as_deref(), Ok(good));
    for bad in [
        r#""/lamp.jpg""#,
        r#""ftp://shop.example/lamp.jpg""#,
        r#""https://shop.example/a lamp.jpg""#,
        r#""https://shop.ex\tample/lamp.jpg""#,
    ] {
        assert_eq!(sentence(read(web_address(), bad)), "Enter a valid URL.", "{bad}");
    }
}

#[test]
fn addresses_of_images_are_those_of_django() {
    let good = "ftp://shop.example/café.jpg?size=1";
    assert_eq!(read(image_address(), &format!("\" {good} \"")).as_deref(), Ok(good));
    for bad in [r#""/lamp.jpg""#, r#""https://shop/lamp.jpg""#, r#""mailto:ann@shop.example""#] {
        assert_eq!(sentence(read(image_address(), bad)), "Enter a valid URL.", "{bad}");
    }
}

form! {
    /// In fields where such texts have no meaning.
    struct NoNulls {
        d: Option<Reference<ProductId>> = nullable(reference(ProductId::new)),
        a: Option<bool> = optional(boolean()),
        b: String = required(web_address()),
    }
}

#[test]
fn some_texts_mean_null_where_a_field_may_be_null() {
    let request = post(r#"{"a": "", "b": " ", "c": "NULL", "d": " ", "e": "x"}"#);
    let mut form = Form::parse(&request).expect("a form");
    let reference_in_a = form.nullable("a", reference(ProductId::new));
    assert!(reference_in_a.parsed().is_some_and(Option::is_none));
    for name in ["a", "b"] {
        assert_eq!(form.clearable(name, web_address()).parsed(), Some(&Some(None)));
    }
    for name in ["a", "c"] {
        assert_eq!(form.nullable(name, boolean()).parsed(), Some(&None));
    }
    assert!(!form.has_errors());
    let wrong = NoNulls::read(&mut form);
    let errors = form.finish(wrong).expect_err("three errors");
    let expected = concat!(
        r#"{"d":["Incorrect type. Expected pk value, received str."],"#,
        r#""a":["Must be a valid boolean."],"b":["This field may not be blank."]}"#
    );
    assert_eq!(Answer::from(errors).text(), expected);
}

#[test]
fn a_confirmation_is_compared_as_the_text_it_is_read_as() {
    let request = post(
        r#"{"text": "7", "number": 7, "other": "8", "float": 7.50, "short": "7.5",
            "truth": true, "list": [7]}"#,
    );
    let form = Form::parse(&request).expect("a form");
    for (one, other, differ) in [
        ("text", "number", false),
        ("number", "other", true),
        ("other", "number", true),
        ("float", "short", false),
        ("text", "short", true),
        ("text", "truth", false),
        ("list", "text", false),
        ("text", "absent", false),
    ] {
        assert_eq!(form.differ(one, other), differ, "{one} and {other}");
    }
}

#[test]
fn lists_nest_their_errors() {
    let rule = || list(3, id(ProductId::new));
    let ids = read(rule(), "[1, \"2\", 2]").map(|ids| ids.len());
    assert_eq!(ids, Ok(3));
    let errors = read(rule(), "[1, \"x\", null]").expect_err("two errors");
    assert_eq!(
        errors,
        concat!(
            r#"{"field":{"1":["A valid integer is required."],"#,
            r#""2":["This field may not be null."]}}"#
        )
    );
    assert_eq!(sentence(read(rule(), "\"x\"")), "Expected a list of items but got type \"str\".");
    assert_eq!(sentence(read(rule(), "[]")), "This list may not be empty.");
    let many = "Ensure this field has no more than 3 elements.";
    assert_eq!(sentence(read(rule(), "[1,2,3,4]")), many);

    let lines = || objects(3, |line: &mut Form<'_>| line.required("quantity", integer(1..=9)));
    assert_eq!(read(lines(), r#"[{"quantity": 2}]"#), Ok(vec![2]));
    for (value, text) in [
        ("{}", r#"{"non_field_errors":["Expected a list of items but got type \"dict\"."]}"#),
        ("[]", r#"{"non_field_errors":["This list may not be empty."]}"#),
        (
            r#"[null, {"quantity": 1}, 7]"#,
            concat!(
                r#"[["This field may not be null."],{},"#,
                r#"{"non_field_errors":["Invalid data. Expected a dictionary, but got int."]}]"#
            ),
        ),
        (
            r#"[{"quantity": 1}, {"quantity": 0}]"#,
            r#"[{},{"quantity":["Ensure this value is greater than or equal to 1."]}]"#,
        ),
    ] {
        assert_eq!(read(lines(), value), Err(format!("{{\"field\":{text}}}")));
    }
}

#[test]
fn a_name_is_folded_to_one_line() {
    for (value, kept) in [
        (r#""Lamp\r\nbrass""#, "Lamp brass"),
        (r#""\u0007 Lamp\t\tbrass\u2028""#, "Lamp brass"),
        (r#""\u202eLamp  brass""#, "\u{202e}Lamp  brass"),
    ] {
        assert_eq!(read(name(20), value).as_deref(), Ok(kept), "{value}");
    }
    assert_eq!(read(text(20), r#"" a\r\n\tb ""#).as_deref(), Ok("a\r\n\tb"));
    assert_eq!(sentence(read(name(20), r#""\u0001\n""#)), "This field may not be blank.");
}

#[test]
fn every_rule_for_texts_has_its_error() {
    const NULL: &str = "Null characters are not allowed.";
    const SURROGATE: &str = "Surrogate characters are not allowed: U+DC00.";
    const USERNAME: &str = "Enter a valid username. This value may contain only letters, numbers, \
                            and @/./+/-/_ characters.";
    let both = |first: &str, second: &str| format!("{first}\",\"{second}");
    let long = |max: usize| format!("Ensure this field has no more than {max} characters.");
    let value = format!(r#""\u0000{}""#, "x".repeat(3_000));
    assert_eq!(sentence(read(text(9), &value)), both(&long(9), NULL));
    assert_eq!(sentence(read(name(9), &value)), both(&long(9), NULL));
    assert_eq!(sentence(read(new_password(), &value)), both(&long(128), NULL));
    assert_eq!(sentence(read(claimed_password(), &value)), both(&long(128), NULL));
    let three = both(&both(&long(9), NULL), SURROGATE);
    let broken = format!(r#""\u0000\udc00\ud800{}""#, "x".repeat(3_000));
    assert_eq!(sentence(read(text(9), &broken)), three);
    assert_eq!(sentence(read(username(), r#""a b\udc00""#)), both(USERNAME, SURROGATE));
    let email_too = both(SURROGATE, "Enter a valid email address.");
    assert_eq!(sentence(read(email(), r#""\udc00@b.co""#)), email_too);
    let url_too = both(SURROGATE, "Enter a valid URL.");
    assert_eq!(sentence(read(web_address(), r#""a \udc00""#)), url_too);
    assert_eq!(sentence(read(new_password(), r#""a-good-password\udc00""#)), SURROGATE);
    assert_eq!(sentence(read(claimed_password(), r#""\udc00""#)), SURROGATE);
    assert_eq!(sentence(read(repeated_password(), r#""\udc00""#)), SURROGATE);
    let three = both(&both(&long(2_000), NULL), "Enter a valid URL.");
    assert_eq!(sentence(read(web_address(), &value)), three);
    let three = both(&both(&long(254), NULL), "Enter a valid email address.");
    assert_eq!(sentence(read(email(), &value)), three);
    for (value, sentence_of_type) in [
        ("true", "Enter a valid email address."),
        ("[]", "Enter a valid email address."),
        ("{}", "Enter a valid email address."),
    ] {
        assert_eq!(sentence(read(email(), value)), sentence_of_type);
    }
}

#[test]
fn accepts_an_unchanged_value_without_checking_it() {
    let old_name = souk_domain::Username::claimed("an old name!");
    let old_email = EmailAddress::claimed("ann@b.c0m").expect("an earlier address");
    let rule = || username().or_unchanged(Some(old_name.clone()));
    assert_eq!(read(rule(), r#"" an old name! ""#).as_ref(), Ok(&old_name));
    assert!(read(rule(), r#""another old name!""#).is_err());
    assert!(read(username().or_unchanged(None), r#""an old name!""#).is_err());
    let rule = || email().or_unchanged(Some(old_email.clone()));
    assert_eq!(read(rule(), r#""ann@b.c0m""#).as_ref(), Ok(&old_email));
    assert!(read(rule(), r#""bob@b.c0m""#).is_err());
    assert_eq!(read(claimed_email(), r#""ann@b.c0m""#).as_ref(), Ok(&old_email));
}
