//! The sentences are those of Django REST Framework 3.15, checked against its source.

use super::*;
use crate::edge::{Answer, Request, limits};
use http::Method;
use souk_domain::{Currency, EmailAddress, Money, ProductId, Role};

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

#[test]
fn every_wrong_field_is_named_at_once_and_in_order() {
    let request = post(r#"{"email": "nobody", "password": null, "quantity": 0, "items": [{}, 3]}"#);
    let mut form = Form::parse(&request).expect("a form");
    let fields = (
        form.required("email", email()),
        form.required("password", new_password()),
        form.optional("quantity", integer(1..=99)),
        form.required("first_name", text(10)),
        form.required("items", objects(9, |line| line.required("product_id", id(ProductId::new)))),
    );
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

#[test]
fn what_is_in_order_comes_out_as_values() {
    let request = post(
        r#"{"name": " Lamp ", "price": 19.99, "note": null, "unknown": [1], "name": " Lamp 2"}"#,
    );
    let mut form = Form::parse(&request).expect("a form");
    let name = form.required("name", text(255));
    let price = form.required("price", money(Currency::USD));
    let note = form.nullable("note", text(10));
    let cleared = form.clearable("note", text(10));
    let kept = form.clearable("image", text(10));
    let clear_cart = form.defaulting("clear_cart", boolean(), true);
    let stock = form.changing("stock", integer(0..=9), true);
    assert_eq!(price.seen().map(|price| price.minor_units()), Some(1999));
    assert!(form.has("unknown") && form.has("note") && !form.has("image"));
    let values = form.finish((name, price, note, cleared, kept, clear_cart, stock));
    let (name, price, note, cleared, kept, clear_cart, stock) = values.expect("all in order");
    assert_eq!(name, "Lamp 2", "of two members with one name the later counts");
    assert_eq!(price, Money::from_minor_units(1999));
    assert_eq!((note, cleared, kept, clear_cart, stock), (None, Some(None), None, true, None));
}

#[test]
fn a_field_of_a_full_update_is_required() {
    let request = post(r#"{"b": null}"#);
    let mut form = Form::parse(&request).expect("a form");
    let fields = (form.changing("a", boolean(), false), form.optional("b", boolean()));
    let errors = form.finish(fields).expect_err("two errors");
    assert_eq!(
        Answer::from(errors).text(),
        r#"{"a":["This field is required."],"b":["This field may not be null."]}"#
    );
}

#[test]
fn bodies_that_are_no_form_are_refused() {
    let refused = |request: &Request| {
        let answer = Form::parse(request).expect_err("no form");
        (answer.status.as_u16(), answer.text().to_owned())
    };
    for (body, found) in [
        ("[]", "list"),
        ("1", "int"),
        ("1.5", "float"),
        ("\"x\"", "str"),
        ("null", "NoneType"),
        ("true", "bool"),
    ] {
        let text = format!(
            r#"{{"non_field_errors":["Invalid data. Expected a dictionary, but got {found}."]}}"#
        );
        assert_eq!(refused(&post(body)), (400, text));
    }
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
    let plain = post("{}").with_header("content-type", "text/plain");
    let text = r#"{"detail":"Unsupported media type \"text/plain\" in request."}"#;
    assert_eq!(refused(&plain), (415, text.to_owned()));
}

#[test]
fn json_is_taken_with_a_character_set_without_a_type_and_absent() {
    let charset = post("{}").with_header("content-type", "Application/JSON; charset=utf-8");
    assert!(Form::parse(&charset).is_ok());
    let mut untyped = post(r#"{"a":true}"#);
    untyped.headers.clear();
    assert!(Form::parse(&untyped).expect("a form").has("a"));
    let empty = Request::test(Method::POST, "/").with_header("content-type", "text/plain");
    assert!(Form::parse(&empty).is_ok());
}

#[test]
fn texts_are_trimmed_and_bounded() {
    assert_eq!(read(text(5), "\"  hello \"").as_deref(), Ok("hello"));
    assert_eq!(read(text(5), "19.90").as_deref(), Ok("19.90"));
    assert_eq!(read(text(5), r#""h\u00e9llo""#).as_deref(), Ok("héllo"));
    assert_eq!(read(text(5).or_blank(), "\"  \"").as_deref(), Ok(""));
    for (value, said) in [
        ("\" \"", "This field may not be blank."),
        ("null", "This field may not be null."),
        ("true", "Not a valid string."),
        ("[]", "Not a valid string."),
        ("{}", "Not a valid string."),
        (r#""\ud800""#, "Not a valid string."),
        (r#""a\u0000""#, "Null characters are not allowed."),
        ("\"123456\"", "Ensure this field has no more than 5 characters."),
    ] {
        assert_eq!(sentence(read(text(5), value)), said, "{value}");
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
    let said = "Ensure this field has no more than 128 characters.";
    assert_eq!(sentence(read(claimed_password(), &long)), said);
    assert_eq!(sentence(read(new_password(), &long)), said);
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
fn whole_numbers_are_judged_as_written() {
    for (value, number) in
        [("5", 5), ("\"5\"", 5), ("\" +5 \"", 5), ("5.0", 5), ("\"5.\"", 5), ("1e1", 10), ("-0", 0)]
    {
        assert_eq!(read(integer(0..=99), value), Ok(number), "{value}");
    }
    let long = format!("\"{}\"", "1".repeat(1001));
    let longer = "9".repeat(50_000);
    let negative = format!("-{longer}");
    for (value, said) in [
        ("1.5", "A valid integer is required."),
        ("\"1.5\"", "A valid integer is required."),
        ("\"abc\"", "A valid integer is required."),
        ("\"\"", "A valid integer is required."),
        ("\"-\"", "A valid integer is required."),
        ("\"1e1\"", "A valid integer is required."),
        ("1e400", "A valid integer is required."),
        ("1e-1", "A valid integer is required."),
        ("true", "A valid integer is required."),
        ("[1]", "A valid integer is required."),
        (&long, "String value too large."),
        ("0", "Ensure this value is greater than or equal to 1."),
        ("-1", "Ensure this value is greater than or equal to 1."),
        (&negative, "Ensure this value is greater than or equal to 1."),
        ("100", "Ensure this value is less than or equal to 99."),
        ("2147483648", "Ensure this value is less than or equal to 99."),
        ("9223372036854775808", "Ensure this value is less than or equal to 99."),
        (&longer, "Ensure this value is less than or equal to 99."),
    ] {
        let shown = &value[..value.len().min(40)];
        assert_eq!(sentence(read(integer(1..=99), value)), said, "{shown}");
    }
    let rule = integer(1..=99).below("Quantity must be at least 1.");
    assert_eq!(sentence(read(rule, "0")), "Quantity must be at least 1.");
}

#[test]
fn ids_are_positive() {
    let rule = || id(ProductId::new);
    assert_eq!(read(rule(), "\"7\"").map(ProductId::get), Ok(7));
    assert_eq!(read(rule(), "9223372036854775807").map(ProductId::get), Ok(i64::MAX as u64));
    let least = "Ensure this value is greater than or equal to 1.";
    let most = "Ensure this value is less than or equal to 9223372036854775807.";
    for (value, said) in [
        ("0", least),
        ("-1", least),
        ("9223372036854775808", most),
        ("\"abc\"", "A valid integer is required."),
    ] {
        assert_eq!(sentence(read(rule(), value)), said, "{value}");
    }
}

#[test]
fn money_is_exact() {
    let rule = || money(Currency::USD);
    for (value, minor_units) in [("19.99", 1999), ("\" 19.99 \"", 1999), ("20", 2000), ("0", 0)] {
        assert_eq!(read(rule(), value).map(Money::minor_units), Ok(minor_units), "{value}");
    }
    let long = format!("\"{}\"", "1".repeat(1001));
    for (value, said) in [
        ("19.999", "Ensure that there are no more than 2 decimal places."),
        ("-0.01", "Ensure this value is greater than or equal to 0."),
        ("1e400", "Ensure this value is less than or equal to 99999999.99."),
        ("\"NaN\"", "A valid number is required."),
        ("\"abc\"", "A valid number is required."),
        ("true", "A valid number is required."),
        ("[]", "A valid number is required."),
        (&long, "String value too large."),
    ] {
        assert_eq!(sentence(read(rule(), value)), said, "{value}");
    }
}

#[test]
fn the_noise_of_a_float_is_no_part_of_an_amount() {
    let rule = || money(Currency::USD);
    for (value, minor_units) in [
        ("0.30000000000000004", 30),
        ("0.8999999999999999", 90),
        ("3.0000000000000004e-1", 30),
        ("19.99000001", 1999),
        ("19.989999990", 1999),
        ("0.00000001", 0),
        ("-5.551115123125783e-17", 0),
        ("1e-400", 0),
        ("1e-99999999999999999999", 0),
        ("1.0999999999999999e1", 1100),
        ("99999999.990000001", 9_999_999_999),
    ] {
        assert_eq!(read(rule(), value).map(Money::minor_units), Ok(minor_units), "{value}");
    }
    let decimals = "Ensure that there are no more than 2 decimal places.";
    for (value, said) in [
        // A string is taken as written.
        ("\"0.30000000000000004\"", decimals),
        ("\"0.8999999999999999\"", decimals),
        ("\"1e-400\"", decimals),
        // More than a millionth of a cent away.
        ("19.99000002", decimals),
        ("19.98999998", decimals),
        ("-0.010000000000000002", "Ensure this value is greater than or equal to 0."),
        ("0.30000000000000004e99999999999999999999", "A valid number is required."),
    ] {
        assert_eq!(sentence(read(rule(), value)), said, "{value}");
    }
    let yen = Currency::from_code("JPY").expect("a currency");
    assert_eq!(read(money(yen), "2.0000000000000004").map(Money::minor_units), Ok(2));
    assert_eq!(read(discount(), "12.299999999999999").map(|it| it.basis_points()), Ok(1230));
}

#[test]
fn booleans_and_choices() {
    for value in ["true", "1", "\"True\"", "\" yes \"", "\"1\""] {
        assert_eq!(read(boolean(), value), Ok(true), "{value}");
    }
    for value in ["false", "0", "\"False\"", "\"off\""] {
        assert_eq!(read(boolean(), value), Ok(false), "{value}");
    }
    for value in ["2", "\"maybe\"", "[]", "\"\""] {
        assert_eq!(sentence(read(boolean(), value)), "Must be a valid boolean.", "{value}");
    }
    const ROLES: &[(&str, Role)] = &[("customer", Role::Customer), ("admin", Role::Administrator)];
    assert_eq!(read(choice(ROLES), "\"admin\""), Ok(Role::Administrator));
    assert_eq!(sentence(read(choice(ROLES), "\"root\"")), "\"root\" is not a valid choice.");
    assert_eq!(sentence(read(choice(ROLES), "7")), "\"7\" is not a valid choice.");
    let long = format!("\"{}\"", "x".repeat(10_000));
    assert!(sentence(read(choice(ROLES), &long)).len() < 200);
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
fn every_rule_of_a_text_speaks() {
    const NULL: &str = "Null characters are not allowed.";
    let both = |first: &str, second: &str| format!("{first}\",\"{second}");
    let long = |max: usize| format!("Ensure this field has no more than {max} characters.");
    let value = format!(r#""\u0000{}""#, "x".repeat(3_000));
    assert_eq!(sentence(read(text(9), &value)), both(&long(9), NULL));
    assert_eq!(sentence(read(name(9), &value)), both(&long(9), NULL));
    assert_eq!(sentence(read(new_password(), &value)), both(&long(128), NULL));
    assert_eq!(sentence(read(claimed_password(), &value)), both(&long(128), NULL));
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
fn what_is_unchanged_is_not_judged_again() {
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
