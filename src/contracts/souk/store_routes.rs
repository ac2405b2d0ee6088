//! The routes of `/souk/v1/store`, each with its operation.

use super::{me, my_addresses, store_categories, store_orders, store_products, wire};
use crate::app::App;
use crate::edge::{Route, any_text};
use http::StatusCode;
use me::{ChangedMe, MeBody};
use my_addresses::{AddressBookBody, ChangedAddress, NewAddress};
use store_categories::CategoryBody;
use store_products::{ProductQuery, StoreProductBody};

pub(super) fn routes() -> Vec<Route<App>> {
    let mut routes = catalog();
    routes.extend(own());
    routes.extend(addresses());
    routes.push(order());
    routes
}

fn catalog() -> Vec<Route<App>> {
    const PRODUCTS: &str = "/souk/v1/store/products";
    const PRODUCT: &str = "/souk/v1/store/products/{id_or_handle}";
    const CATEGORIES: &str = "/souk/v1/store/categories";
    const CATEGORY: &str = "/souk/v1/store/categories/{id_or_handle}";
    vec![
        Route::get(PRODUCTS, "Products for shoppers", store_products::list).described(
            |operation| {
                operation
                    .for_readers()
                    .note(
                        "Only products that are offered. With `available`, a request looks at \
                         2,000 products at most, so an answer may have few products or none \
                         although `next` continues the list.",
                    )
                    .answers_list::<StoreProductBody>()
                    .reads(ProductQuery::read)
            },
        ),
        Route::get(PRODUCT, "A product for shoppers", store_products::show).described(
            |operation| {
                operation
                    .for_readers()
                    .answers::<StoreProductBody>(StatusCode::OK)
                    .versioned()
                    .reads(store_products::read_related)
            },
        ),
        Route::get(CATEGORIES, "Categories for shoppers", store_categories::list).described(
            |operation| {
                operation
                    .for_readers()
                    .note("In order of id.")
                    .answers_list::<CategoryBody>()
                    .reads(store_categories::read_page)
            },
        ),
        Route::get(CATEGORY, "A category for shoppers", store_categories::show).described(
            |operation| {
                operation
                    .for_readers()
                    .answers::<CategoryBody>(StatusCode::OK)
                    .versioned()
                    .reads(|_| ())
            },
        ),
    ]
}

fn own() -> Vec<Route<App>> {
    const ME: &str = "/souk/v1/store/me";
    const ORDERS: &str = "/souk/v1/store/me/orders";
    const ORDER: &str = "/souk/v1/store/me/orders/{id}";
    vec![
        Route::get(ME, "Your profile", me::show).described(|operation| {
            operation.for_users().answers::<MeBody>(StatusCode::OK).versioned().reads(|_| ())
        }),
        Route::patch(ME, "Change your profile", me::update).described(|operation| {
            operation
                .for_users()
                .note(
                    "A merge patch (RFC 7396). If the e-mail address is also the user name, both \
                     change.",
                )
                .body(|form, _| ChangedMe::read(form, None))
                .answers::<MeBody>(StatusCode::OK)
                .replaces_version()
                .reads(|_| ())
        }),
        Route::get(ORDERS, "Your orders", me::list_orders).described(|operation| {
            operation
                .for_users()
                .note(
                    "A request looks at 2,000 orders at most, so with filters an answer may have \
                     few orders or none although `next` continues the list.",
                )
                .answers_list::<wire::StoreOrderBody>()
                .reads(super::admin_orders::OrderQuery::of_one_customer)
        }),
        Route::get(ORDER, "One of your orders", me::show_order).described(|operation| {
            operation
                .for_users()
                .answers::<wire::StoreOrderBody>(StatusCode::OK)
                .versioned()
                .reads(|_| ())
        }),
    ]
}

fn addresses() -> Vec<Route<App>> {
    const ALL: &str = "/souk/v1/store/me/addresses";
    const ONE: &str = "/souk/v1/store/me/addresses/{id}";
    vec![
        Route::get(ALL, "Your address book", my_addresses::list).described(|operation| {
            operation
                .for_users()
                .note("In order of id.")
                .answers_list::<AddressBookBody>()
                .reads(my_addresses::read_page)
        }),
        Route::post(ALL, "Add an address", my_addresses::create).described(|operation| {
            operation
                .for_users()
                .note("At most 50. The first one becomes the default.")
                .body(|form, _| NewAddress::read(form))
                .answers::<AddressBookBody>(StatusCode::CREATED)
                .header("ETag", "The version of the object.")
                .refuses(my_addresses::book_is_full())
                .reads(|_| ())
        }),
        Route::get(ONE, "An address of yours", my_addresses::show).described(|operation| {
            operation
                .for_users()
                .answers::<AddressBookBody>(StatusCode::OK)
                .versioned()
                .reads(|_| ())
        }),
        Route::patch(ONE, "Change an address", my_addresses::update).described(|operation| {
            operation
                .for_users()
                .note("A merge patch (RFC 7396). Only one address is the default.")
                .body(|form, _| ChangedAddress::read(form))
                .answers::<AddressBookBody>(StatusCode::OK)
                .replaces_version()
                .reads(|_| ())
        }),
        Route::delete(ONE, "Remove an address", my_addresses::delete).described(|operation| {
            operation.for_users().answers_nothing(StatusCode::NO_CONTENT).reads(|_| ())
        }),
    ]
}

fn order() -> Route<App> {
    Route::get("/souk/v1/store/orders/{id}", "An order for its customer", store_orders::show)
        .described(|operation| {
            operation
                .for_users()
                .for_guests()
                .with_problems()
                .note(
                    "For the customer of the order, for the guest with the key of the ordered \
                     cart, and for anybody with the link from a mail about the order. The answer \
                     has no names or addresses.",
                )
                .query("token", "The token in the link from a mail about the order.", any_text())
                .query("cart_key", "The key of a guest's cart.", any_text())
                .answers::<wire::StoreOrderBody>(StatusCode::OK)
        })
}
