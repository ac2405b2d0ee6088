//! The routes of this contract, each with its operation.

use super::refusals::{EMAIL_IN_USE, INSUFFICIENT_STOCK, Storefront, error, forbidden};
use super::wire::{CartBody, CategoryBody, LineBody, MessageBody, OrderBody};
use super::wire::{ProductBody, ProfileBody};
use super::{auth, cart, categories, orders, payments, products, profile, reports, webhook};
use crate::app::{App, Event, Wording};
use crate::edge::{Description, Errors, Route, malformed_search, search_text, standard};
use http::StatusCode;
use schemars::json_schema;
use souk_domain::{
    CategoryId, OrderAction, OrderStatus, ProductId, Quantity, Refusal, UnbuyableLine,
    UnbuyableReason,
};

const OK: StatusCode = StatusCode::OK;
const CREATED: StatusCode = StatusCode::CREATED;
const BAD_REQUEST: StatusCode = StatusCode::BAD_REQUEST;

/// The routes in the order of the document, with its headings.
pub(in crate::contracts) fn routes() -> Vec<Route<App>> {
    let parts = [
        auth_routes(),
        profile_routes(),
        product_routes(),
        category_routes(),
        order_routes(),
        payment_routes(),
        cart_routes(),
        report_routes(),
    ];
    parts.into_iter().flatten().collect()
}

fn auth_routes() -> Vec<Route<App>> {
    vec![
        Route::post("/api/v1/auth/register/", "1. Register User", auth::register).described(
            |operation| {
                operation
                    .for_anyone()
                    .note("Only administrators may register administrators.")
                    .body(|form, _| auth::Registration::read(form))
                    .answers::<auth::LoggedInBody>(CREATED)
                    .example_value("message", auth::REGISTERED)
                    .refuses(Errors::of("password_confirm", auth::PASSWORDS_DIFFER))
                    .throttled()
                    .refuses(Storefront::answer_for(Refusal::EmailTaken))
                    .refuses(standard::forbidden())
            },
        ),
        Route::post("/api/v1/auth/login/", "2. Login User", auth::login).exact().described(
            |operation| {
                operation
                    .for_anyone()
                    .body(|form, _| auth::Login::read(form))
                    .answers::<auth::LoggedInBody>(OK)
                    .example_value("message", auth::LOGGED_IN)
                    .refuses(Storefront::answer_for(Refusal::InvalidCredentials))
                    .throttled()
            },
        ),
        Route::post("/api/v1/auth/refresh/", "3. Refresh Token", auth::refresh).described(
            |operation| {
                operation
                    .for_anyone()
                    .note(
                        "Returns a new refresh token; the old one is used up. Sending the old one \
                         again ends the session. The field may also be named `refresh_token`.",
                    )
                    .body(|form, _| auth::refresh_field(form))
                    .answers::<auth::RefreshedBody>(OK)
                    .refuses(Storefront::answer_for(Refusal::TokenInvalid))
            },
        ),
    ]
}

fn profile_routes() -> Vec<Route<App>> {
    const PATH: &str = "/api/v1/auth/profile/";
    vec![
        Route::get(PATH, "4. Get User Profile", profile::show)
            .described(|operation| operation.for_users().answers::<ProfileBody>(OK)),
        Route::put(PATH, "5. Update User Profile", profile::update).described(|operation| {
            updated_profile(operation).body(|form, _| profile::Profile::read(form, false, None))
        }),
        Route::patch(PATH, "5. Update User Profile", profile::update).described(|operation| {
            updated_profile(operation).body(|form, _| profile::Profile::read(form, true, None))
        }),
        Route::post(
            "/api/v1/auth/change-password/",
            "6. Change Password",
            profile::change_password,
        )
        .described(|operation| {
            operation
                .for_users()
                .note("Every other session of the user ends.")
                .body(|form, _| profile::ChangedPassword::read(form))
                .answers::<MessageBody>(OK)
                .example_value("message", profile::PASSWORD_CHANGED)
                .refuses(Storefront::answer_for(Refusal::OldPasswordWrong))
                .throttled()
                .refuses(Errors::of("new_password", profile::PASSWORDS_DIFFER))
        }),
    ]
}

fn updated_profile(operation: Description) -> Description {
    operation
        .for_users()
        .note("The user name changes with the e-mail address.")
        .answers::<ProfileBody>(OK)
        .refuses(Errors::of("email", EMAIL_IN_USE))
}

fn product_routes() -> Vec<Route<App>> {
    const LIST: &str = "/api/v1/products/";
    const ONE: &str = "/api/v1/products/{id}/";
    vec![
        Route::get(LIST, "7. List Products", products::list).exact().described(|operation| {
            let id = json_schema!({"type": "string", "pattern": "^([1-9][0-9]{0,17})?$"});
            operation
                .for_users()
                .query(
                    "search",
                    "Words in the name or the description, in any order and case; quotes keep a \
                     phrase together.",
                    search_text(),
                )
                .query("category", "The id of their category.", id)
                .answers_page::<ProductBody>()
                .refuses(products::no_such_choice())
                .refuses(malformed_search())
        }),
        Route::post(LIST, "8. Create Product", products::create).exact().described(|operation| {
            operation
                .for_administrators()
                .body(products::NewProduct::read)
                .answers::<ProductBody>(CREATED)
                .refuses(no_such_category())
                .refuses(forbidden(products::ONLY_ADMINS_CREATE))
        }),
        Route::get(ONE, "9. Get Product Detail", products::detail)
            .exact()
            .described(|operation| operation.for_users().answers::<ProductBody>(OK)),
        Route::put(ONE, "10. Update Product", products::update).exact().described(|operation| {
            updated_product(operation)
                .body(|form, currency| products::ChangedProduct::read(form, currency, false))
        }),
        Route::patch(ONE, "10. Update Product", products::update).exact().described(|operation| {
            updated_product(operation)
                .body(|form, currency| products::ChangedProduct::read(form, currency, true))
        }),
        Route::delete(ONE, "11. Delete Product", products::delete).exact().described(|operation| {
            operation
                .for_administrators()
                .answers::<MessageBody>(OK)
                .example_value("message", products::DELETED)
                .refuses(forbidden(products::ONLY_ADMINS_DELETE))
        }),
    ]
}

fn updated_product(operation: Description) -> Description {
    operation
        .for_administrators()
        .answers::<ProductBody>(OK)
        .refuses(no_such_category())
        .refuses(forbidden(products::ONLY_ADMINS_UPDATE))
}

fn no_such_category() -> Errors {
    let id = CategoryId::new(7).expect("7 is an id");
    Errors::of("category_id", format!("Invalid pk \"{id}\" - object does not exist."))
}

fn category_routes() -> Vec<Route<App>> {
    const LIST: &str = "/api/v1/categories/";
    const ONE: &str = "/api/v1/categories/{id}/";
    vec![
        Route::get(LIST, "12. List Categories", categories::list)
            .described(|operation| operation.for_users().answers_page::<CategoryBody>()),
        Route::post(LIST, "13. Create Category", categories::create).described(|operation| {
            operation
                .for_administrators()
                .body(|form, _| categories::NewCategory::read(form))
                .answers::<CategoryBody>(CREATED)
                .refuses(forbidden(categories::ONLY_ADMINS_CREATE))
        }),
        Route::get(ONE, "14. Get Category Detail", categories::detail)
            .described(|operation| operation.for_users().answers::<CategoryBody>(OK)),
        Route::put(ONE, "15. Update Category", categories::update).described(|operation| {
            updated_category(operation)
                .body(|form, _| categories::ChangedCategory::read(form, false))
        }),
        Route::patch(ONE, "15. Update Category", categories::update).described(|operation| {
            updated_category(operation)
                .body(|form, _| categories::ChangedCategory::read(form, true))
        }),
        Route::delete(ONE, "16. Delete Category", categories::delete).described(|operation| {
            operation
                .for_administrators()
                .note("Its products are kept, without a category.")
                .answers::<MessageBody>(OK)
                .example_value("message", categories::DELETED)
                .refuses(forbidden(categories::ONLY_ADMINS_DELETE))
        }),
    ]
}

fn updated_category(operation: Description) -> Description {
    operation
        .for_administrators()
        .answers::<CategoryBody>(OK)
        .refuses(forbidden(categories::ONLY_ADMINS_UPDATE))
}

fn order_routes() -> Vec<Route<App>> {
    const LIST: &str = "/api/v1/orders/";
    const ONE: &str = "/api/v1/orders/{id}/";
    vec![
        Route::get(LIST, "17. List Orders", orders::list).exact().described(|operation| {
            operation
                .for_users()
                .note(
                    "Newest first. Customers see their own orders, administrators all. Without \
                     `page` and `page_size` the whole list is sent.",
                )
                .answers_cut::<Vec<OrderBody>>()
        }),
        Route::post(LIST, "18. Create Order", orders::create).exact().described(|operation| {
            operation
                .for_users()
                .note("All or nothing; the stock is taken at once.")
                .body(|form, _| orders::NewOrder::read(form))
                .answers::<OrderBody>(CREATED)
                .refuses(items_not_buyable())
        }),
        Route::get(ONE, "19. Get Order Detail", orders::detail).exact().described(|operation| {
            of_an_order(operation)
                .note("Customers see their own orders, administrators all.")
                .answers::<OrderBody>(OK)
        }),
        Route::put(ONE, "20. Update Order", orders::update).exact().described(updated_order),
        Route::patch(ONE, "20. Update Order", orders::update).exact().described(updated_order),
        Route::delete(ONE, "21. Delete Order", orders::delete).exact().described(|operation| {
            of_an_order(operation)
                .note("Customers may delete only pending orders. The stock is released.")
                .answers::<MessageBody>(OK)
                .example_value("message", orders::DELETED)
                .refuses(Storefront::answer_for(Refusal::OrderNotPending {
                    action: OrderAction::Delete,
                }))
        }),
    ]
}

/// `PUT` and `PATCH` are the same here: no field of an order is required.
fn updated_order(operation: Description) -> Description {
    of_an_order(operation)
        .note(
            "Customers may change the addresses of a pending order and move it to `processing`; \
             administrators may take any step the states allow.",
        )
        .body(|form, _| orders::ChangedOrder::read(form))
        .answers::<OrderBody>(OK)
        .refuses(Storefront::answer_for(Refusal::OrderNotPending { action: OrderAction::Update }))
        .refuses(standard::forbidden())
        .refuses(Storefront::answer_for(Refusal::ForbiddenTransition {
            from: OrderStatus::Shipped,
            to: OrderStatus::Cancelled,
        }))
}

/// The refusal of an order that the caller may not access.
fn of_an_order(operation: Description) -> Description {
    operation.for_users().refuses(Storefront::answer_for(Refusal::NotYourOrder))
}

fn items_not_buyable() -> Errors {
    let (known, unknown) = (product(1), product(2));
    let short = UnbuyableReason::Short { name: "Laptop".to_owned(), sellable: 1 };
    let lines = [
        UnbuyableLine { product: known, why: short },
        UnbuyableLine { product: unknown, why: UnbuyableReason::NotForSale },
    ];
    let items = [known, unknown];
    let items = items.map(|product_id| orders::Item { product_id, quantity: Quantity::ONE });
    orders::not_buyable(&items, &lines)
}

fn product(number: u64) -> ProductId {
    ProductId::new(number).expect("an example's id is positive")
}

fn payment_routes() -> Vec<Route<App>> {
    vec![
        Route::post(
            "/api/v1/orders/{id}/create-payment/",
            "22. Create Payment Intent",
            payments::create,
        )
        .described(|operation| {
            of_an_order(operation)
                .note("Repeated calls return the same intent, unless the order has changed.")
                .answers::<payments::IntentBody>(OK)
                .refuses(Storefront::answer_for(Refusal::OrderNotPending {
                    action: OrderAction::Pay,
                }))
        }),
        Route::post(
            "/api/v1/orders/{id}/confirm-payment/",
            "23. Confirm Payment",
            payments::confirm,
        )
        .described(|operation| {
            of_an_order(operation)
                .note(
                    "The shop asks the gateway for the state of the payment. With a \
                     `payment_method`, the gateway first charges it.",
                )
                .body(|form, _| payments::method_field(form))
                .answers::<payments::ConfirmedBody>(OK)
                .example_value("message", payments::CONFIRMED)
                .refuses(Storefront::answer_for(Refusal::PaymentNotStarted))
                .refuses(payments::method_missing("pi_1234567890_secret_xyz".to_owned()))
                .refuses(Storefront::answer_for(Refusal::PaymentMethodUnknown))
        }),
        Route::post("/api/v1/webhooks/stripe/", "24. Stripe Webhook", webhook::receive).described(
            |operation| {
                operation
                    .for_the_gateway()
                    .note(
                        "Each event takes effect once, even if it is delivered repeatedly or \
                         late.",
                    )
                    .payload::<Event>()
                    .answers::<webhook::ReceivedBody>(OK)
                    .refuses(webhook::invalid_payload())
                    .refuses(webhook::invalid_signature())
            },
        ),
    ]
}

fn cart_routes() -> Vec<Route<App>> {
    const CART: &str = "/api/v1/cart/";
    const ITEM: &str = "/api/v1/cart/items/{id}/";
    vec![
        Route::get(CART, "26. Get Cart", cart::show)
            .described(|operation| operation.for_users().answers::<CartBody>(OK)),
        Route::post(CART, "27. Add Item to Cart", cart::add).described(|operation| {
            operation
                .for_users()
                .note(
                    "Adds the quantity to a line that the cart already has. No stock is \
                     reserved.",
                )
                .body(|form, _| cart::NewLine::read(form))
                .answers::<LineBody>(CREATED)
                .refuses(Storefront::answer_for(not_for_sale()))
                .refuses(Errors::general(INSUFFICIENT_STOCK))
        }),
        Route::delete(CART, "28. Clear Cart", cart::clear).described(|operation| {
            operation.for_users().answers::<MessageBody>(OK).example_value("message", cart::CLEARED)
        }),
        Route::put(ITEM, "29. Update Cart Item", cart::update_item).described(updated_item),
        Route::patch(ITEM, "29. Update Cart Item", cart::update_item).described(updated_item),
        Route::delete(ITEM, "30. Remove Cart Item", cart::remove_item).described(|operation| {
            operation.for_users().answers::<MessageBody>(OK).example_value("message", cart::REMOVED)
        }),
        Route::post("/api/v1/cart/checkout/", "31. Cart Checkout", cart::checkout).described(
            |operation| {
                operation
                    .for_users()
                    .note("All or nothing; the stock is taken at once.")
                    .body(|form, _| cart::Checkout::read(form))
                    .answers::<OrderBody>(CREATED)
                    .refuses(Storefront::answer_for(Refusal::CartEmpty))
                    .refuses(error(BAD_REQUEST, format!("{INSUFFICIENT_STOCK} for Laptop")))
            },
        ),
    ]
}

/// `PUT` and `PATCH` are the same here: the quantity is the only field.
fn updated_item(operation: Description) -> Description {
    operation
        .for_users()
        .body(|form, _| cart::quantity_field(form))
        .answers::<LineBody>(OK)
        .refuses(Errors::of("quantity", cart::QUANTITY_TOO_SMALL))
        .refuses(error(BAD_REQUEST, INSUFFICIENT_STOCK))
}

fn not_for_sale() -> Refusal {
    Refusal::NotBuyable(vec![UnbuyableLine {
        product: product(1),
        why: UnbuyableReason::NotForSale,
    }])
}

fn report_routes() -> Vec<Route<App>> {
    vec![Route::get("/api/v1/reports/summary/", "32. Reports Summary", reports::summary).described(
        |operation| {
            operation
                .for_administrators()
                .answers::<reports::SummaryBody>(OK)
                .refuses(reports::only_administrators())
        },
    )]
}
