//! Two paths that classic and minimal both print. The fields of the body decide which contract
//! answers (contracts README, "Who answers a path").

use super::{classic, minimal};
use crate::app::App;
use crate::edge::{Answer, Call, Errors, Form, Route};
use std::sync::Arc;

const REQUIRED: &str = "This field is required.";

/// The routes, with the headings of both documents.
pub(super) fn routes() -> Vec<Route<App>> {
    vec![
        Route::post("/api/orders/", "Create Order", create_order)
            .described_in("classic", "8. Create Order", classic::create_order_described)
            .described_in("minimal", "Create Order", minimal::create_order_described),
        Route::post("/api/payments/", "Initiate Payment, Process Payment", pay)
            .described_in("classic", "12. Initiate Payment", classic::initiate_payment_described)
            .described_in("minimal", "Process Payment", minimal::process_payment_described),
    ]
}

/// The contract that a body belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyContract {
    Classic,
    Minimal,
}

async fn create_order(app: Arc<App>, call: Call) -> Answer {
    match contract_of_body(&app, &call, &["products"], &["cart_id"]) {
        Ok(BodyContract::Classic) => classic::create_order(app, call).await,
        Ok(BodyContract::Minimal) => minimal::create_order(app, call).await,
        Err(answer) => answer,
    }
}

async fn pay(app: Arc<App>, call: Call) -> Answer {
    match contract_of_body(&app, &call, &["order", "amount"], &["order_id", "payment_method"]) {
        Ok(BodyContract::Classic) => classic::initiate_payment(app, call).await,
        Ok(BodyContract::Minimal) => minimal::process_payment(app, call).await,
        Err(answer) => answer,
    }
}

/// The contract that the body belongs to. Without a token the answer is 401. With fields of neither
/// contract it is 400 and names the fields of both.
fn contract_of_body(
    app: &App,
    call: &Call,
    classic: &[&'static str],
    minimal: &[&'static str],
) -> Result<BodyContract, Answer> {
    app.session_claims(&call.request)?;
    let form = Form::parse(&call.request)?;
    matching_contract(&form, classic, minimal).ok_or_else(|| {
        let mut errors = Errors::new();
        for field in classic.iter().chain(minimal) {
            errors.add(*field, REQUIRED);
        }
        errors.into()
    })
}

/// Prefers the contract whose fields are all there, then the one whose first field is there, then
/// one with any field. On a tie classic wins, whose document comes first.
fn matching_contract(form: &Form<'_>, classic: &[&str], minimal: &[&str]) -> Option<BodyContract> {
    let match_rank = |fields: &[&str]| {
        let all = fields.iter().all(|field| form.has(field));
        let first = fields.first().is_some_and(|field| form.has(field));
        let any = fields.iter().any(|field| form.has(field));
        (any, all, first)
    };
    let (classic, minimal) = (match_rank(classic), match_rank(minimal));
    if !classic.0 && !minimal.0 {
        return None;
    }
    Some(if minimal > classic { BodyContract::Minimal } else { BodyContract::Classic })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::Request;
    use http::Method;

    fn recognised_in(body: &str) -> Option<BodyContract> {
        let request = Request::test(Method::POST, "/api/payments/").with_json(body);
        let form = Form::parse(&request).expect("an object");
        matching_contract(&form, &["order", "amount"], &["order_id", "payment_method"])
    }

    #[test]
    fn a_body_is_recognised_by_the_fields_it_names() {
        for (body, speaker) in [
            (r#"{"order": 1, "amount": "1.00"}"#, Some(BodyContract::Classic)),
            (r#"{"order_id": 1, "payment_method": "pm_card_visa"}"#, Some(BodyContract::Minimal)),
            (r#"{"order_id": 1, "payment_method": "x", "amount": 1}"#, Some(BodyContract::Minimal)),
            (r#"{"order": 1, "payment_method": "x"}"#, Some(BodyContract::Classic)),
            (r#"{"order_id": 1, "amount": 1}"#, Some(BodyContract::Minimal)),
            (r#"{"amount": 1}"#, Some(BodyContract::Classic)),
            (r#"{"payment_method": null}"#, Some(BodyContract::Minimal)),
            (r#"{"id": 1}"#, None),
            ("", None),
        ] {
            assert_eq!(recognised_in(body), speaker, "{body}");
        }
    }
}
