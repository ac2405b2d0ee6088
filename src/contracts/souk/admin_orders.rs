//! Orders for administrators: the list with filters, and one order for who packs it.

use super::order_details::AdminOrderDetail;
use super::refusals::{private_answer, unreadable, written};
use super::wire::{AdminOrderBody, CustomerBody};
use crate::app::App;
use crate::edge::{Answer, Call, Ends, Query, Sort, Wanted, standard, versions};
use souk_actors::catalog::Between;
use souk_actors::orders::{self, Order, OrderFilter};
use souk_actors::store::{Direction, Snapshot, StoreError};
use souk_actors::{payments, users};
use souk_domain::{OrderId, OrderStatus, SearchTerms, UnixMillis, UserId};
use std::sync::Arc;

/// Most payments and refunds that the answer about an order shows.
const REFUNDS_MAX: usize = 1_000;

/// What orders can be sorted by.
#[derive(Clone, Copy, Debug)]
enum OrderSort {
    CreatedAt,
}

/// The list that a request asks for.
pub(super) struct OrderQuery {
    page: Wanted<u64>,
    direction: Direction,
    filter: OrderFilter,
}

impl OrderQuery {
    /// The parameters of the list of all orders.
    pub(super) fn read(query: &mut Query<'_>) -> Self {
        let mut wanted = Self::of_one_customer(query);
        wanted.filter.customer = query.id("customer", "Only of this customer.", UserId::new);
        let about = "Words in the number, or in names and e-mail addresses of recipient and \
                     customer.";
        wanted.filter.search = query.text("q", about).and_then(SearchTerms::parse);
        wanted
    }

    /// The parameters of the list of somebody's orders.
    pub(super) fn of_one_customer(query: &mut Query<'_>) -> Self {
        let page = query.page();
        let newest_first = Sort { by: OrderSort::CreatedAt, is_descending: true };
        let choices = [("created_at", OrderSort::CreatedAt)];
        let Sort { by: OrderSort::CreatedAt, is_descending } =
            query.sort(&choices, ("-created_at", newest_first));
        let states = OrderStatus::ALL.map(|status| (status.word(), status));
        let created_at: Ends<UnixMillis> = query.times(
            ["created_at", "created_at[gte]", "created_at[lte]"],
            ["Only placed at this time.", "Placed at this time or later.", "Placed by this time."],
        );
        let direction = match is_descending {
            true => Direction::Descending,
            false => Direction::Ascending,
        };
        let filter = OrderFilter {
            status: query.choice("state", "Only in this state.", &states),
            is_paid: query.boolean("paid", "Only paid ones, or only unpaid ones."),
            created_at: Between { least: created_at.least, most: created_at.most },
            ..OrderFilter::default()
        };
        Self { page, direction, filter }
    }

    /// The same for the orders of this customer.
    pub(super) fn of(mut self, customer: UserId) -> Self {
        self.filter.customer = Some(customer);
        self
    }

    /// The page: `body` writes each order.
    pub(super) fn answer(
        &self,
        (app, snapshot, call): (&App, &Snapshot, &Call),
        body: impl Fn(OrderId, Order) -> Result<Vec<u8>, Answer>,
    ) -> Result<Answer, Answer> {
        let after = self.page.after.and_then(OrderId::new);
        let selected =
            orders::select(snapshot, &self.filter, self.direction, after, self.page.limit)
                .map_err(unreadable)?;
        let bodies = selected.orders.into_iter().map(|(id, order)| body(id, order));
        let bodies = bodies.collect::<Result<Vec<_>, _>>()?;
        let next = selected.next.map(OrderId::get);
        Ok(app.cursors.page(&call.request, &bodies, next.as_ref()))
    }
}

pub(super) async fn list(app: Arc<App>, call: Call) -> Answer {
    private_answer(listed(app, call).await)
}

async fn listed(app: Arc<App>, call: Call) -> Result<Answer, Answer> {
    app.administrator(&call)?;
    let mut query = Query::of(&call.request, &app.cursors);
    let wanted = OrderQuery::read(&mut query);
    query.finish()?;
    app.read_list(call, move |app, snapshot, call| {
        wanted.answer((app, snapshot, call), |id, order| {
            written(&body(app, snapshot, id, order).map_err(unreadable)?)
        })
    })
    .await
}

/// An order with its customer, as administrators see it.
pub(super) fn body(
    app: &App,
    snapshot: &Snapshot,
    id: OrderId,
    order: Order,
) -> Result<AdminOrderBody, StoreError> {
    let customer = match order.customer {
        Some(customer) => {
            let user = users::user(snapshot, customer)?;
            user.map(|user| CustomerBody::new(customer, user))
        }
        None => None,
    };
    Ok(AdminOrderBody::new(id, order, customer, app.shop.settings.currency))
}

pub(super) async fn show(app: Arc<App>, call: Call) -> Answer {
    private_answer(found(&app, &call))
}

fn found(app: &App, call: &Call) -> Result<Answer, Answer> {
    app.administrator(call)?;
    Query::of(&call.request, &app.cursors).finish()?;
    let id = call.id("id", OrderId::parse)?;
    let snapshot = app.shop.store.snapshot();
    let order = orders::order(&*snapshot, id).map_err(unreadable)?;
    let order = order.ok_or_else(standard::not_found)?;
    let version = order.version;
    let payments = payments::all_of_order(&snapshot, id).map_err(unreadable)?;
    let refunds = payments::refunds_of(&snapshot, id, REFUNDS_MAX).map_err(unreadable)?;
    let order = body(app, &snapshot, id, order).map_err(unreadable)?;
    let detail = AdminOrderDetail::new(order, payments, refunds);
    Ok(versions::composed(&call.request, version, Answer::ok(&detail)))
}
