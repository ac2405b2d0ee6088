//! Who may call which operation of this contract: anybody, a user, an administrator, another
//! service.

use super::refusals::Problem;
use crate::app::{App, CartKeyHeaders, Principal, Visitor, presented_cart_key};
use crate::edge::{Answer, Call, Form, standard};
use souk_actors::carts::{self, CartHolder, CartKey, CartOf};
use souk_actors::orders::{self, Order};
use souk_domain::OrderId;

/// The user who calls. A service has no profile, cart or orders of its own.
pub(super) fn person(app: &App, call: &Call) -> Result<Visitor, Problem> {
    match app.principal(call)? {
        Principal::User(visitor) => Ok(*visitor),
        Principal::Anonymous => Err(standard::not_authenticated().into()),
        Principal::Service(_) => Err(standard::forbidden().into()),
    }
}

/// Allows callers without a token and those with a valid one. A caller with an expired token is
/// refused, not treated as a guest.
pub(super) fn require_reader(app: &App, call: &Call) -> Result<(), Problem> {
    app.principal(call)?;
    Ok(())
}

/// Requires an administrator, whom the document calls `is_staff`.
pub(super) fn require_administrator(app: &App, call: &Call) -> Result<(), Problem> {
    match person(app, call)?.caller.is_administrator() {
        true => Ok(()),
        false => Err(standard::forbidden().into()),
    }
}

/// Requires another system with its own token.
pub(super) fn require_service(app: &App, call: &Call) -> Result<(), Problem> {
    match app.principal(call)? {
        Principal::Service(_) => Ok(()),
        Principal::Anonymous => Err(standard::not_authenticated().into()),
        Principal::User(_) => Err(standard::forbidden().into()),
    }
}

/// The cart that a request is about, and the key that the answer returns.
#[derive(Clone, Debug)]
pub(super) struct Shopper {
    pub(super) cart: CartOf,
    pub(super) key: CartKey,
    headers: CartKeyHeaders,
}

impl Shopper {
    /// Adds the key to the answer's headers.
    pub(super) fn with_key(&self, answer: Answer) -> Answer {
        self.headers.on(answer)
    }
}

/// The shopper: the user of the token, otherwise the guest of the key. A guest without a valid key
/// gets a new one.
pub(super) fn shopper(app: &App, call: &Call, form: &mut Form<'_>) -> Result<Shopper, Problem> {
    let (cart, key) = match app.principal(call)? {
        Principal::User(visitor) => {
            let user = visitor.id();
            let found = carts::of_user(&*app.shop.store.snapshot(), user)?;
            match found.map(|(_, cart)| cart.holder) {
                Some(CartHolder::User { key, .. }) => (CartOf::User(user), key),
                Some(CartHolder::Guest { .. }) | None => return Err(standard::not_found().into()),
            }
        }
        Principal::Anonymous => {
            let key = app.guest_key(&call.request, form)?;
            (CartOf::Guest(key.clone()), key)
        }
        Principal::Service(_) => return Err(standard::forbidden().into()),
    };
    let headers = app.cart_key_headers(&call.request, &key);
    let headers = match cart {
        CartOf::User(_) if app.has_guest_cookie(&call.request)? => headers.without_cookie(),
        CartOf::User(_) | CartOf::Guest(_) => headers,
    };
    Ok(Shopper { cart, key, headers })
}

/// The caller of an operation on an order: has a token, the key of a guest's cart, or both.
pub(super) struct OrderCaller {
    principal: Principal,
    key: Option<CartKey>,
}

impl OrderCaller {
    /// Reads the token and the key of a request.
    ///
    /// # Errors
    /// 401 for a caller with neither.
    pub(super) fn of(app: &App, call: &Call, form: &mut Form<'_>) -> Result<Self, Problem> {
        let (principal, key) = (app.principal(call)?, presented_cart_key(&call.request, form));
        match (&principal, &key) {
            (Principal::Anonymous, None) => Err(standard::not_authenticated().into()),
            _ => Ok(Self { principal, key }),
        }
    }

    /// True for another system.
    pub(super) fn is_service(&self) -> bool {
        matches!(self.principal, Principal::Service(_))
    }

    /// The order, if it belongs to this user or this guest. For everybody else it does not exist.
    pub(super) fn own_order(&self, app: &App, id: OrderId) -> Result<Order, Problem> {
        let order = orders::order(&*app.shop.store.snapshot(), id)?;
        let order = order.filter(|order| self.owns(order)).ok_or_else(standard::not_found)?;
        Ok(order)
    }

    fn owns(&self, order: &Order) -> bool {
        let is_users = match &self.principal {
            Principal::User(visitor) => order.customer == Some(visitor.id()),
            Principal::Anonymous | Principal::Service(_) => false,
        };
        let is_guests = match (&order.guest, &self.key) {
            (Some(guest), Some(key)) => *guest == key.hash(),
            _ => false,
        };
        is_users || is_guests
    }
}
