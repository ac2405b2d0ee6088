//! API3: orders of users and of guests.

use super::callers::{OrderCaller, Shopper, person, shopper};
use super::profile::{
    ADDRESS_CHARACTERS_MAX, CITY_CHARACTERS_MAX, PHONE_CHARACTERS_MAX, POSTCODE_CHARACTERS_MAX,
};
use super::refusals::Problem;
use super::users::NAME_CHARACTERS_MAX;
use super::wire::{MessageBody, OrderBody, OrderItemsBody};
use crate::app::{App, GuestLimits, GuestSlot, Principal, presents_cart_key};
use crate::edge::form::{Rule, boolean, email, form, id, name, order_status, text};
use crate::edge::values::CartKeyText;
use crate::edge::{Answer, Call, Errors, Form, PageQuery, Wrapping, standard};
use schemars::JsonSchema;
use serde::Serialize;
use souk_actors::Turn;
use souk_actors::carts::{self, CartOf};
use souk_actors::journeys::ordering;
use souk_actors::journeys::paying::{self, News};
use souk_actors::journeys::reporting::{self, Report, Reported};
use souk_actors::journeys::shopping;
use souk_actors::orders::{self, Order, OrderDraft, Recipient};
use souk_actors::store::{Snapshot, StoreError};
use souk_actors::{Failure, clock};
use souk_domain::{EmailAddress, OrderId, OrderStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const NOTES_CHARACTERS_MAX: usize = 2_000;
const INTENT_CHARACTERS_MAX: usize = 255;
const SOMETHING: &str = "Give status, is_paid or payment_intent.";
pub(super) const NOT_CONFIRMED: &str =
    "The payment gateway has not confirmed a payment of this order.";

/// The ordered product.
#[derive(JsonSchema, Serialize)]
pub(super) struct CreatedBody {
    message: &'static str,
    order_id: u64,
    #[schemars(with = "CartKeyText")]
    cart_key: String,
}

form! {
    /// The recipient and address of an order.
    pub(super) struct NewOrder {
        shipping_address: String = required(text(ADDRESS_CHARACTERS_MAX).like("1 Market Square")),
        city: String = required(name(CITY_CHARACTERS_MAX).like("Springfield")),
        postcode: String = required(name(POSTCODE_CHARACTERS_MAX).like("12345")),
        first_name: String = required(name(NAME_CHARACTERS_MAX).like("John")),
        last_name: String = required(name(NAME_CHARACTERS_MAX).like("Doe")),
        phone_number: String = required(name(PHONE_CHARACTERS_MAX).like("+1 555 0100")),
        email: EmailAddress = required(email()),
        notes: Option<String> = nullable(text(NOTES_CHARACTERS_MAX).or_blank().like("Ring twice.")),
    }
}

impl NewOrder {
    /// The recipient of the order.
    fn recipient(self) -> Recipient {
        Recipient {
            first_name: self.first_name,
            last_name: self.last_name,
            phone_number: self.phone_number,
            email: self.email.to_string(),
            city: self.city,
            postcode: self.postcode,
            notes: self.notes.unwrap_or_default(),
        }
    }
}

pub(super) async fn create(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let shopper = shopper(&app, &call, &mut form)?;
    let fields = NewOrder::read(&mut form);
    let is_guest = matches!(shopper.cart, CartOf::Guest(_));
    if is_guest && !presents_cart_key(&call.request, &mut form) {
        form.error("cart_key", "This field is required.");
    }
    let order = form.finish(fields)?;
    let email = order.email.clone();
    let (customer, guest) = match &shopper.cart {
        CartOf::User(user) => (Some(*user), None),
        CartOf::Guest(key) => (None, Some(key.hash())),
    };
    let draft = OrderDraft {
        customer,
        guest,
        contact: ordering::contact(&app.shop.store.snapshot(), customer)?,
        billing_address: order.shipping_address.clone(),
        shipping_address: order.shipping_address.clone(),
        recipient: Some(order.recipient()),
        time_to_live: app.order_time_to_live(is_guest),
    };
    let slot = admit(&app, &call, &shopper, &draft, &email)?;
    let limits = app.guest_limits;
    let placed_id = Arc::new(AtomicU64::new(0));
    let placing_id = Arc::clone(&placed_id);
    let placed = app.commit(&call, move |turn| async move {
        let cart = shopper.cart.clone();
        if let Some(refusal) = guest_cart_refusal(limits, &turn, &cart)? {
            return Ok(refusal);
        }
        let order = ordering::checkout(&turn, cart, draft, true).await?;
        placing_id.store(order.id.get(), Ordering::Relaxed);
        Ok(shopper.with_key(Answer::created(&CreatedBody {
            message: "Order created successfully",
            order_id: order.id.get(),
            cart_key: shopper.key.as_str().to_owned(),
        })))
    });
    let answer = placed.await?;
    if let (Some(slot), Some(order)) = (slot, OrderId::new(placed_id.load(Ordering::Relaxed))) {
        slot.keep(order);
    }
    Ok(answer)
}

/// Counts an order of a guest, and an order whose mails go to an address other than the one of the
/// caller's account.
fn admit<'a>(
    app: &'a App,
    call: &Call,
    shopper: &Shopper,
    draft: &OrderDraft,
    mailed: &EmailAddress,
) -> Result<Option<GuestSlot<'a>>, Problem> {
    let found = carts::cart(&*app.shop.store.snapshot(), &shopper.cart, clock::now())?;
    let units = found.map_or(0, |(_, cart)| shopping::units_of(&cart.lines));
    let is_guest = draft.customer.is_none();
    // These orders will be refused for other reasons, and no mail is sent.
    if units == 0 || (is_guest && app.guest_limits.fault_of(units).is_some()) {
        return Ok(None);
    }
    let slot = if is_guest { app.admit_guest_order(call, units)? } else { None };
    let own = draft.contact.as_ref().map(|contact| contact.email.as_str());
    if !own.is_some_and(|own| own.eq_ignore_ascii_case(mailed.as_str())) {
        app.admit_order_mail(mailed)?;
    }
    Ok(slot)
}

/// The refusal of a guest's cart with too many units, for the turn that places the order.
fn guest_cart_refusal(
    limits: GuestLimits,
    turn: &Turn,
    cart: &CartOf,
) -> Result<Option<Answer>, Failure> {
    let CartOf::Guest(_) = cart else { return Ok(None) };
    let units = shopping::units_of(&shopping::lines_of(turn, cart)?);
    Ok(limits.fault_of(units).map(|fault| Errors::of("cart_key", fault).into()))
}

form! {
    /// The fields with which another system reports on an order.
    pub(super) struct ServiceReport {
        order_id: Option<OrderId> = required(id(OrderId::new)),
        status: Option<OrderStatus> = optional(order_status(OrderStatus::word)),
        payment: PaymentReport = flattened(PaymentReport::read),
    }
    check |form, _| {
        form.at_least_one(&["status", "is_paid", "payment_intent"], SOMETHING);
    }
}

form! {
    /// The fields with which an administrator reports on an order. The status is required.
    pub(super) struct AdministratorReport {
        order_id: Option<OrderId> = required(id(OrderId::new)),
        status: OrderStatus = required(order_status(OrderStatus::word)),
        payment: PaymentReport = flattened(PaymentReport::read),
    }
}

form! {
    /// The payment that either of them reports.
    pub(super) struct PaymentReport {
        is_paid: Option<bool> = nullable(boolean()),
        payment_intent: Option<String> =
            nullable(text(INTENT_CHARACTERS_MAX).like("pi_1234567890")),
    }
}

/// A report about a payment, from a service or an administrator, is never trusted: the gateway is
/// asked for the state of the payment.
pub(super) async fn update(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let is_service = match app.principal(&call)? {
        Principal::Service(service) => {
            tracing::debug!(%service, "a service reports on an order");
            true
        }
        Principal::User(visitor) if visitor.caller.is_administrator() => false,
        Principal::User(_) => return Err(standard::forbidden().into()),
        Principal::Anonymous => return Err(standard::not_authenticated().into()),
    };
    let mut form = Form::parse(&call.request)?;
    let (id, status, payment) = if is_service {
        let fields = ServiceReport::read(&mut form);
        let report = form.finish(fields)?;
        (report.order_id, report.status, report.payment)
    } else {
        let fields = AdministratorReport::read(&mut form);
        let report = form.finish(fields)?;
        (report.order_id, Some(report.status), report.payment)
    };
    let id = id.ok_or_else(standard::not_found)?;
    let snapshot = app.shop.store.snapshot();
    let order = orders::order(&*snapshot, id)?.ok_or_else(standard::not_found)?;
    let contact = ordering::contact(&snapshot, order.customer)?;
    drop(snapshot);
    let report = Report {
        order: id,
        claims_payment: payment.is_paid == Some(true),
        news: news_of(&app, id, &payment, &order).await?,
        status,
        contact,
    };
    let updated = app.commit(&call, move |turn| async move {
        Ok(match reporting::report(&turn, report).await? {
            Reported::Done => Answer::ok(&MessageBody { message: "Order updated successfully." }),
            Reported::NotPaid => Errors::of("is_paid", NOT_CONFIRMED).into(),
        })
    });
    Ok(updated.await?)
}

/// The state of the payment at the gateway, if the report names a payment.
async fn news_of(
    app: &App,
    id: OrderId,
    payment: &PaymentReport,
    order: &Order,
) -> Result<Option<News>, Problem> {
    if payment.is_paid == Some(false) && order.is_paid {
        let sentence = "The order is paid; only cancelling it gives the money back.";
        return Err(Errors::of("is_paid", sentence).into());
    }
    let unknown = || Errors::of("payment_intent", "No such payment of this order.");
    if order.payment.is_none() {
        return match payment.payment_intent {
            Some(_) => Err(unknown().into()),
            None => Ok(None),
        };
    }
    let must_ask =
        payment.payment_intent.is_some() || (payment.is_paid == Some(true) && !order.is_paid);
    if !must_ask {
        return Ok(None);
    }
    let news = paying::ask_gateway(&app.shop, id, order, None).await?;
    if payment.payment_intent.is_some() && payment.payment_intent.as_deref() != news.intent() {
        return Err(unknown().into());
    }
    Ok(Some(news))
}

/// The orders of a user.
#[derive(JsonSchema, Serialize)]
pub(super) struct OrdersBody {
    orders: Vec<OrderBody>,
}

pub(super) async fn list(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let visitor = person(&app, &call)?;
    let page_query = PageQuery::of_whole_list(&call.request)?;
    let customer = visitor.id();
    let find = move |snapshot: &Snapshot, offset, limit| {
        orders::ids_of_customer(snapshot, customer, offset, limit)
    };
    let body = move |app: &App, snapshot: &Snapshot, id| -> Result<_, StoreError> {
        let currency = app.shop.settings.currency;
        let order = orders::order(snapshot, id)?;
        Ok(order.map(|order| OrderBody::new(id, order, &visitor.user, currency)))
    };
    Ok(app.list(call, (page_query, Wrapping::Named("orders")), find, body).await?)
}

/// One order.
#[derive(JsonSchema, Serialize)]
pub(super) struct OrderDetailsBody {
    order: OrderItemsBody,
}

pub(super) async fn by_id(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let mut form = Form::parse(&call.request)?;
    let caller = OrderCaller::of(&app, &call, &mut form)?;
    let id = call.id("pk", OrderId::parse)?;
    let order = match caller.is_service() {
        true => orders::order(&*app.shop.store.snapshot(), id)?.ok_or_else(standard::not_found)?,
        false => caller.own_order(&app, id)?,
    };
    let order = OrderItemsBody::new(id, &order, app.shop.settings.currency);
    Ok(Answer::ok(&OrderDetailsBody { order }))
}
