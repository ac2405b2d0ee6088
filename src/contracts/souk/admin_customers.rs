//! Customers for administrators: the list with a search, one of them, and their orders.

use super::admin_orders::{OrderQuery, body as order_body};
use super::my_addresses::AddressBookBody;
use super::refusals::{private_answer, unreadable, written};
use crate::app::App;
use crate::edge::values::{Email, Moment, UserType};
use crate::edge::{Answer, Call, Query, Sort, Wanted, standard, versions};
use schemars::JsonSchema;
use serde::Serialize;
use souk_actors::store::{Direction, Snapshot};
use souk_actors::users::{self, User, UserList, UserPosition, UserSort};
use souk_domain::{Role, SearchTerms, UserId};
use std::sync::Arc;

/// What `expand` can show with a customer.
const RELATED: [&str; 1] = ["addresses"];

/// A registered customer. Unknown members are empty.
#[derive(JsonSchema, Serialize)]
pub(super) struct AdminCustomerBody {
    #[schemars(range(min = 1))]
    id: u64,
    /// Increases with every change that is published as an event.
    #[schemars(range(min = 1))]
    version: u64,
    #[schemars(with = "Email")]
    email: String,
    #[schemars(example = &"jane")]
    username: String,
    #[schemars(with = "UserType")]
    user_type: &'static str,
    #[schemars(example = &"Jane")]
    first_name: String,
    #[schemars(example = &"Smith")]
    last_name: String,
    #[schemars(example = &"+49 30 1234")]
    phone: String,
    /// The address of the profile, as the customer wrote it.
    #[schemars(example = &"1 Market Square")]
    street: String,
    #[schemars(example = &"10115")]
    postcode: String,
    #[schemars(example = &"Berlin")]
    city: String,
    #[schemars(with = "Moment")]
    created_at: String,
    /// The address book, with `expand=addresses`.
    #[serde(skip_serializing_if = "Option::is_none")]
    addresses: Option<Vec<AddressBookBody>>,
}

impl AdminCustomerBody {
    fn new(id: UserId, user: User) -> Self {
        Self {
            id: id.get(),
            version: user.version,
            email: user.email.to_string(),
            username: user.username.to_string(),
            user_type: match user.role {
                Role::Customer => "customer",
                Role::Administrator => "admin",
            },
            first_name: user.first_name,
            last_name: user.last_name,
            phone: user.phone_number.unwrap_or_default(),
            street: user.address.unwrap_or_default(),
            postcode: user.postcode.unwrap_or_default(),
            city: user.city.unwrap_or_default(),
            created_at: user.joined_at.to_string(),
            addresses: None,
        }
    }

    fn expanded(
        snapshot: &Snapshot,
        (id, user): (UserId, User),
        related: &[&str],
    ) -> Result<Self, Answer> {
        let mut body = Self::new(id, user);
        if related.contains(&"addresses") {
            let book = users::addresses(snapshot, id).map_err(unreadable)?;
            let book = book.into_iter().map(|(id, one)| AddressBookBody::new(id, one));
            body.addresses = Some(book.collect());
        }
        Ok(body)
    }
}

/// The list that a request asks for.
pub(super) struct CustomerQuery {
    page: Wanted<UserPosition>,
    related: Vec<&'static str>,
    list: UserList,
}

impl CustomerQuery {
    /// The parameters of the list of customers.
    pub(super) fn read(query: &mut Query<'_>) -> Self {
        let page = query.page();
        let newest = Sort { by: UserSort::CreatedAt, is_descending: true };
        let choices = [("created_at", UserSort::CreatedAt), ("email", UserSort::Email)];
        let Sort { by: sort, is_descending } = query.sort(&choices, ("-created_at", newest));
        let search = query.text("q", "Words in names and e-mail addresses.");
        let search = search.and_then(SearchTerms::parse);
        let direction = match is_descending {
            true => Direction::Descending,
            false => Direction::Ascending,
        };
        let list = UserList { search, sort, direction };
        Self { page, related: query.expand(&RELATED), list }
    }
}

pub(super) async fn list(app: Arc<App>, call: Call) -> Answer {
    private_answer(listed(app, call).await)
}

async fn listed(app: Arc<App>, call: Call) -> Result<Answer, Answer> {
    app.administrator(&call)?;
    let mut query = Query::of(&call.request, &app.cursors);
    let CustomerQuery { page, related, list } = CustomerQuery::read(&mut query);
    query.finish()?;
    app.read_list(call, move |app, snapshot, call| {
        let found = users::select(snapshot, &list, page.after.as_ref(), page.limit);
        let found = found.map_err(unreadable)?;
        let bodies = found
            .users
            .into_iter()
            .map(|customer| written(&AdminCustomerBody::expanded(snapshot, customer, &related)?));
        let bodies = bodies.collect::<Result<Vec<_>, Answer>>()?;
        Ok(app.cursors.page(&call.request, &bodies, found.next.as_ref()))
    })
    .await
}

/// The parameters of one customer.
pub(super) fn read_related(query: &mut Query<'_>) -> Vec<&'static str> {
    query.expand(&RELATED)
}

pub(super) async fn show(app: Arc<App>, call: Call) -> Answer {
    private_answer(found(&app, &call))
}

fn found(app: &App, call: &Call) -> Result<Answer, Answer> {
    app.administrator(call)?;
    let mut query = Query::of(&call.request, &app.cursors);
    let related = read_related(&mut query);
    query.finish()?;
    let id = call.id("id", UserId::parse)?;
    let snapshot = app.shop.store.snapshot();
    let user = users::user(&*snapshot, id).map_err(unreadable)?;
    let user = user.ok_or_else(standard::not_found)?;
    let version = user.version;
    let body = AdminCustomerBody::expanded(&snapshot, (id, user), &related)?;
    match related.is_empty() {
        true => Ok(versions::versioned(&call.request, version, &body)),
        false => Ok(versions::composed(&call.request, version, Answer::ok(&body))),
    }
}

pub(super) async fn list_orders(app: Arc<App>, call: Call) -> Answer {
    private_answer(orders_listed(app, call).await)
}

async fn orders_listed(app: Arc<App>, call: Call) -> Result<Answer, Answer> {
    app.administrator(&call)?;
    let mut query = Query::of(&call.request, &app.cursors);
    let wanted = OrderQuery::of_one_customer(&mut query);
    query.finish()?;
    let id = call.id("id", UserId::parse)?;
    let wanted = wanted.of(id);
    app.read_list(call, move |app, snapshot, call| {
        users::user(snapshot, id).map_err(unreadable)?.ok_or_else(standard::not_found)?;
        wanted.answer((app, snapshot, call), |id, order| {
            written(&order_body(app, snapshot, id, order).map_err(unreadable)?)
        })
    })
    .await
}
