//! Bodies of requests.

use crate::edge::form::{self, Field, Form, form};
use crate::edge::{Answer, PostedForm, Request, limits};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use souk_domain::text::one_line;
use souk_domain::{Currency, EmailAddress, OrderStatus, ProductId, Quantity, Username};

const NAME_CHARACTERS_MAX: usize = 50;
const LIST_ITEMS_MAX: usize = 5;

/// A JSON body, read by a form with a field of every kind.
pub(super) fn json_body(input: &[u8]) {
    let request = request(input, HeaderValue::from_static("application/json"));
    match Form::parse(&request) {
        Ok(mut form) => {
            let name = values(&mut form);
            if let Err(errors) = form.finish(name) {
                is_a_refusal(&errors.into(), input);
            }
        }
        Err(answer) => is_a_refusal(&answer, input),
    }
}

form! {
    /// An item of a list.
    struct Item {
        product_id: Option<ProductId> = required(form::id(ProductId::new)),
        quantity: Quantity = required(form::quantity()),
    }
}

/// Reads every field, and holds what was read to the rule's promise.
fn values(form: &mut Form<'_>) -> Field<String> {
    let currency = Currency::USD;
    let name = form.required("name", form::name(NAME_CHARACTERS_MAX));
    if let Some(name) = name.parsed() {
        assert!((1..=NAME_CHARACTERS_MAX).contains(&name.chars().count()), "{name:?}");
        assert_eq!(one_line(name), *name);
    }
    let text = form.optional("text", form::text(NAME_CHARACTERS_MAX).or_blank());
    if let Some(Some(text)) = text.parsed() {
        assert!(text.chars().count() <= NAME_CHARACTERS_MAX && !text.contains('\0'), "{text:?}");
    }
    let email = form.nullable("email", form::email());
    if let Some(Some(email)) = email.parsed() {
        assert_eq!(EmailAddress::claimed(email.as_str()), Ok(email.clone()));
    }
    let username = form.clearable("username", form::username());
    if let Some(Some(Some(username))) = username.parsed() {
        assert_eq!(Username::parse(username.as_str()), Ok(username.clone()));
    }
    let address = form.optional("image", form::web_address());
    if let Some(Some(address)) = address.parsed() {
        assert!(url::Url::parse(address).is_ok(), "{address:?}");
    }
    let picture = form.optional("picture", form::image_address());
    if let Some(Some(picture)) = picture.parsed() {
        assert!(picture.contains("://") && !picture.contains(['\t', '\r', '\n']), "{picture:?}");
    }
    let ids = form.optional("ids", form::list(LIST_ITEMS_MAX, form::id(ProductId::new)));
    if let Some(Some(ids)) = ids.parsed() {
        assert!((1..=LIST_ITEMS_MAX).contains(&ids.len()), "{ids:?}");
    }
    let lines = form.optional("items", form::objects(LIST_ITEMS_MAX, Item::read));
    if let Some(Some(lines)) = lines.parsed() {
        assert!((1..=LIST_ITEMS_MAX).contains(&lines.len()), "{lines:?}");
    }
    form.in_items("items", LIST_ITEMS_MAX, "price", &form::money(currency));
    let _ = form.optional("password", form::new_password());
    let _ = form.optional("claimed_password", form::claimed_password());
    let _ = form.optional("password2", form::repeated_password());
    let _ = form.optional("status", form::order_status(OrderStatus::word));
    let _ = form.optional("success_url", form::return_address());
    let _ = form.defaulting("is_active", form::boolean(), true);
    form.exactly_one(&["email", "username"], "One of both.");
    form.at_least_one(&["text", "image"], "One of both.");
    name
}

/// A posted form of a browser.
pub(super) fn posted_form(input: &[u8]) {
    let of_a_browser = HeaderValue::from_static("application/x-www-form-urlencoded");
    let form = PostedForm::parse(&request(input, of_a_browser)).expect("its content type");
    let known: String = ["password", "email", "", "uidb64"].map(|name| form.text(name)).concat();
    // U+FFFD stands for what is no UTF-8, and has three octets.
    assert!(known.len() <= input.len() * 3, "{known:?}");
}

fn request(body: &[u8], content_type: HeaderValue) -> Request {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, content_type)]);
    let mut request = Request::new(Method::POST, "/".to_owned(), String::new(), headers);
    request.body = body.to_vec().into();
    request
}

/// A 400 that says in JSON what is wrong, and is not much longer than what it speaks of.
fn is_a_refusal(answer: &Answer, input: &[u8]) {
    const SENTENCES_BYTES_MAX: usize = 8 * 1024;
    assert_eq!(answer.status, 400, "{answer:?}");
    let said: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert!(said.is_object(), "{said}");
    let most = SENTENCES_BYTES_MAX + input.len() + 6 * limits::ECHOED_CHARACTERS_MAX;
    assert!(answer.body.len() <= most, "{} octets of {}", answer.body.len(), input.len());
}
