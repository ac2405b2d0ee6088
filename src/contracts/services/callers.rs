//! Who may call what in this contract: anybody, a person, an administrator, another service.

use super::refusals::Problem;
use crate::app::{App, Asker, CartKeyHeaders, Visitor};
use crate::edge::{Answer, Call, Form, standard};
use souk_actors::carts::{self, CartHolder, CartKey, CartOf};

/// The person who calls. A service has no profile, no cart and no orders of its own.
pub(super) fn person(app: &App, call: &Call) -> Result<Visitor, Problem> {
    match app.asker(call)? {
        Asker::Person(visitor) => Ok(*visitor),
        Asker::Nobody => Err(standard::not_authenticated().into()),
        Asker::Service(_) => Err(standard::forbidden().into()),
    }
}

/// `is_staff`, as the document calls it.
pub(super) fn require_administrator(app: &App, call: &Call) -> Result<(), Problem> {
    match person(app, call)?.caller.is_administrator() {
        true => Ok(()),
        false => Err(standard::forbidden().into()),
    }
}

/// Another system, with its own token.
pub(super) fn require_service(app: &App, call: &Call) -> Result<(), Problem> {
    match app.asker(call)? {
        Asker::Service(_) => Ok(()),
        Asker::Nobody => Err(standard::not_authenticated().into()),
        Asker::Person(_) => Err(standard::forbidden().into()),
    }
}

/// Whose cart a request is about, and the key to tell for it.
#[derive(Clone, Debug)]
pub(super) struct Shopper {
    pub(super) whose: CartOf,
    pub(super) key: CartKey,
    headers: CartKeyHeaders,
}

impl Shopper {
    /// The answer, telling the key.
    pub(super) fn told(&self, answer: Answer) -> Answer {
        self.headers.on(answer)
    }
}

/// The shopper: whoever the token says, else the guest whom the key says. A guest without a key of
/// ours gets a new one.
pub(super) fn shopper(app: &App, call: &Call, form: &mut Form<'_>) -> Result<Shopper, Problem> {
    let (whose, key) = match app.asker(call)? {
        Asker::Person(visitor) => {
            let user = visitor.id();
            let found = carts::of_user(&*app.shop.store.snapshot(), user)?;
            match found.map(|(_, cart)| cart.holder) {
                Some(CartHolder::User { key, .. }) => (CartOf::User(user), key),
                Some(CartHolder::Guest { .. }) | None => return Err(standard::not_found().into()),
            }
        }
        Asker::Nobody => {
            let key = app.guest_key(&call.request, form)?;
            (CartOf::Guest(key.clone()), key)
        }
        Asker::Service(_) => return Err(standard::forbidden().into()),
    };
    let headers = app.cart_key_headers(&call.request, &key);
    Ok(Shopper { whose, key, headers })
}
