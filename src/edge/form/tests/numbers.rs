//! Tests of numbers, ids, money, booleans and choices.

use super::*;
use souk_domain::OrderStatus;

#[test]
fn whole_numbers_are_checked_as_written() {
    for (value, number) in [
        ("5", 5),
        ("\"5\"", 5),
        ("\" +5 \"", 5),
        ("5.0", 5),
        ("\"5.\"", 5),
        ("1e1", 10),
        ("-0", 0),
        ("\"1_0\"", 10),
        ("\"٣\"", 3),
        ("\"5 .00 \"", 5),
        ("\"10\"", 10),
    ] {
        assert_eq!(read(integer(0..=99), value), Ok(number), "{value}");
    }
    let long = format!("\"{}\"", "1".repeat(1001));
    let longer = "9".repeat(50_000);
    let negative = format!("-{longer}");
    for (value, expected) in [
        ("1.5", "A valid integer is required."),
        ("\"1.5\"", "A valid integer is required."),
        ("\"abc\"", "A valid integer is required."),
        ("\"\"", "A valid integer is required."),
        ("\"-\"", "A valid integer is required."),
        ("\"1e1\"", "A valid integer is required."),
        ("1e400", "A valid integer is required."),
        ("1e-1", "A valid integer is required."),
        ("1e16", "A valid integer is required."),
        ("\"1__0\"", "A valid integer is required."),
        ("\"_1\"", "A valid integer is required."),
        ("\".0\"", "A valid integer is required."),
        (r#""\ud800""#, "A valid integer is required."),
        ("1e15", "Ensure this value is less than or equal to 99."),
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
        assert_eq!(sentence(read(integer(1..=99), value)), expected, "{shown}");
    }
    let rule = integer(1..=99).below("Quantity must be at least 1.");
    assert_eq!(sentence(read(rule, "0")), "Quantity must be at least 1.");
}

#[test]
fn a_number_that_cannot_be_an_id_counts_as_an_unknown_id() {
    let rule = || id(ProductId::new);
    let named = |number| Ok(ProductId::new(number));
    assert_eq!(read(rule(), "\"7\""), named(7));
    assert_eq!(read(rule(), "9223372036854775807"), named(i64::MAX as u64));
    for value in ["0", "-1", "9223372036854775808", "\"-0\"", &"9".repeat(60)] {
        assert_eq!(read(rule(), value), Ok(None), "{value}");
        let missing = sentence(read(id_or(ProductId::new, "No such thing."), value));
        assert_eq!(missing, "No such thing.", "{value}");
    }
    for value in ["\"abc\"", "1.5", "true", "[]", "\"\""] {
        assert_eq!(sentence(read(rule(), value)), "A valid integer is required.", "{value}");
    }
    let named = read(named_id(ProductId::new), "\" -1 \"").map(|it| it.to_string());
    assert_eq!(named.as_deref(), Ok("-1"));
}

#[test]
fn a_reference_is_read_as_a_primary_key() {
    let rule = || reference(ProductId::new);
    for (value, number) in [("7", 7), ("\" 7 \"", 7), ("\"1_0\"", 10), ("7.9", 7), ("\"07\"", 7)] {
        assert_eq!(read(rule(), value).map(|it| it.id), Ok(ProductId::new(number)), "{value}");
    }
    for (value, shown) in [
        ("0", "0"),
        ("-1", "-1"),
        ("\" 0 \"", " 0 "),
        ("1e30", "1e+30"),
        ("1e400", "inf"),
        ("0.5", "0.5"),
        ("9223372036854775808", "9223372036854775808"),
    ] {
        let missing = read(rule(), value).map(|it| (it.id, it.does_not_exist()));
        let expected = format!("Invalid pk \"{shown}\" - object does not exist.");
        assert_eq!(missing, Ok((None, expected)), "{value}");
    }
    for (value, kind) in [
        ("\"abc\"", "str"),
        ("\" \"", "str"),
        ("\"7.0\"", "str"),
        (r#""\ud800""#, "str"),
        ("true", "bool"),
        ("[7]", "list"),
        ("{}", "dict"),
    ] {
        let expected = format!("Incorrect type. Expected pk value, received {kind}.");
        assert_eq!(sentence(read(rule(), value)), expected, "{value}");
    }
    assert_eq!(sentence(read(rule(), "\"\"")), "This field may not be null.");
}

#[test]
fn money_is_exact() {
    let rule = || money(Currency::USD);
    for (value, minor_units) in [
        ("19.99", 1999),
        ("\" 19.99 \"", 1999),
        ("20", 2000),
        ("0", 0),
        ("19.990", 1999),
        ("1e7", 1_000_000_000),
        ("\"1_0\"", 1000),
        ("\"0e5\"", 0),
        ("-0.0", 0),
        ("\"+.5\"", 50),
    ] {
        assert_eq!(read(rule(), value).map(Money::minor_units), Ok(minor_units), "{value}");
    }
    let long = format!("\"{}\"", "1".repeat(1001));
    for (value, expected) in [
        ("19.999", "Ensure that there are no more than 2 decimal places."),
        ("\"19.990\"", "Ensure that there are no more than 2 decimal places."),
        ("-0.01", "Ensure this value is greater than or equal to 0."),
        ("-0.001", "Ensure that there are no more than 2 decimal places."),
        ("100000000", "Ensure that there are no more than 8 digits before the decimal point."),
        ("1e8", "Ensure that there are no more than 8 digits before the decimal point."),
        ("12345678901", "Ensure that there are no more than 10 digits in total."),
        ("1e400", "A valid number is required."),
        ("\"1e400\"", "Ensure that there are no more than 10 digits in total."),
        ("\"-Infinity\"", "A valid number is required."),
        ("\"\"", "A valid number is required."),
        ("\"NaN\"", "A valid number is required."),
        ("\"abc\"", "A valid number is required."),
        ("true", "A valid number is required."),
        ("[]", "A valid number is required."),
        (&long, "String value too large."),
    ] {
        assert_eq!(sentence(read(rule(), value)), expected, "{value}");
    }
}

#[test]
fn rounding_errors_of_floats_are_removed_from_amounts() {
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
    let digits = "Ensure that there are no more than 10 digits in total.";
    for (value, expected) in [
        // A string is read as it was written.
        ("\"0.30000000000000004\"", digits),
        ("\"0.8999999999999999\"", digits),
        ("\"0.300000\"", decimals),
        ("\"1e-400\"", digits),
        ("0.3333333333333333", digits),
        // Differs by more than a millionth of a cent.
        ("19.99000002", decimals),
        ("19.98999998", decimals),
        ("-0.010000000000000002", "Ensure this value is greater than or equal to 0."),
        ("0.30000000000000004e99999999999999999999", "A valid number is required."),
    ] {
        assert_eq!(sentence(read(rule(), value)), expected, "{value}");
    }
    let yen = Currency::from_code("JPY").expect("a currency");
    assert_eq!(read(money(yen), "2.0000000000000004").map(Money::minor_units), Ok(2));
    assert_eq!(read(discount(), "12.299999999999999").map(|it| it.basis_points()), Ok(1230));
    for (value, expected) in [
        ("1000", "Ensure that there are no more than 3 digits before the decimal point."),
        ("\"123456\"", "Ensure that there are no more than 5 digits in total."),
        ("\"12.345\"", "Ensure that there are no more than 2 decimal places."),
        ("\"100.5\"", "Ensure this value is less than or equal to 100."),
        ("-1", "Ensure this value is greater than or equal to 0."),
    ] {
        assert_eq!(sentence(read(discount(), value)), expected, "{value}");
    }
}

#[test]
fn booleans_and_choices() {
    for value in ["true", "1", "1.0", "1e0", "\"True\"", "\"yes\"", "\"1\""] {
        assert_eq!(read(boolean(), value), Ok(true), "{value}");
    }
    for value in ["false", "0", "-0", "-0.0", "\"False\"", "\"off\""] {
        assert_eq!(read(boolean(), value), Ok(false), "{value}");
    }
    for value in ["2", "\"maybe\"", "[]", "\"\"", "\" yes \"", "\"1.0\"", "\"null\""] {
        assert_eq!(sentence(read(boolean(), value)), "Must be a valid boolean.", "{value}");
    }
    const ROLES: &[(&str, Role)] = &[("customer", Role::Customer), ("admin", Role::Administrator)];
    assert_eq!(read(choice(ROLES), "\"admin\""), Ok(Role::Administrator));
    assert_eq!(sentence(read(choice(ROLES), "\"root\"")), "\"root\" is not a valid choice.");
    let long = "x".repeat(10_000);
    for (value, shown) in [
        ("7", "7"),
        ("1.50", "1.5"),
        ("true", "True"),
        ("\"\"", ""),
        ("\" admin\"", " admin"),
        ("[1, null, \"a\"]", "[1, None, 'a']"),
        ("{\"a\": [true]}", "{'a': [True]}"),
        (&format!("\"{long}\""), &long),
    ] {
        let expected = format!("\"{shown}\" is not a valid choice.");
        assert_eq!(sentence(read(choice(ROLES), value)), expected, "{value}");
        assert_eq!(sentence(read(order_status(OrderStatus::word), value)), expected, "{value}");
    }
    let status = || order_status(OrderStatus::word);
    assert_eq!(read(status(), "\"shipped\""), Ok(OrderStatus::Shipped));
    assert_eq!(sentence(read(status(), "\"Shipped\"")), "\"Shipped\" is not a valid choice.");
    assert_eq!(sentence(read(status(), "null")), "This field may not be null.");
}
