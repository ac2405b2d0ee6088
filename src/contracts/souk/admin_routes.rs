//! The routes of `/souk/v1/admin`, each with its operation.

use super::order_details::AdminOrderDetail;
use super::{admin_customers, admin_orders, wire};
use crate::app::App;
use crate::edge::Route;
use admin_customers::{AdminCustomerBody, CustomerQuery};
use admin_orders::OrderQuery;
use http::StatusCode;

const SHORT_PAGES: &str = "A request looks at 2,000 rows at most. So with filters an answer may have \
                           few items or none although `next` continues the list.";

pub(super) fn routes() -> Vec<Route<App>> {
    const ORDERS: &str = "/souk/v1/admin/orders";
    const ORDER: &str = "/souk/v1/admin/orders/{id}";
    const CUSTOMERS: &str = "/souk/v1/admin/customers";
    const CUSTOMER: &str = "/souk/v1/admin/customers/{id}";
    const CUSTOMERS_ORDERS: &str = "/souk/v1/admin/customers/{id}/orders";
    vec![
        Route::get(ORDERS, "All orders", admin_orders::list).described(|operation| {
            operation
                .for_administrators()
                .note(SHORT_PAGES)
                .answers_list::<wire::AdminOrderBody>()
                .reads(OrderQuery::read)
        }),
        Route::get(ORDER, "An order for who packs it", admin_orders::show).described(|operation| {
            operation
                .for_administrators()
                .note(
                    "With everything that is needed to ship it: recipient, address and notes; and \
                     with its payments and refunds.",
                )
                .answers::<AdminOrderDetail>(StatusCode::OK)
                .versioned()
                .reads(|_| ())
        }),
        Route::get(CUSTOMERS, "All customers", admin_customers::list).described(|operation| {
            operation
                .for_administrators()
                .note(SHORT_PAGES)
                .answers_list::<AdminCustomerBody>()
                .reads(CustomerQuery::read)
        }),
        Route::get(CUSTOMER, "A customer", admin_customers::show).described(|operation| {
            operation
                .for_administrators()
                .answers::<AdminCustomerBody>(StatusCode::OK)
                .versioned()
                .reads(admin_customers::read_related)
        }),
        Route::get(CUSTOMERS_ORDERS, "Orders of a customer", admin_customers::list_orders)
            .described(|operation| {
                operation
                    .for_administrators()
                    .note(SHORT_PAGES)
                    .answers_list::<wire::AdminOrderBody>()
                    .reads(OrderQuery::of_one_customer)
            }),
    ]
}
