//! The routes of this contract, each with its operation.

use super::descriptions::{
    about_stock, for_people, for_shoppers, short, with_key, with_key_headers, with_key_parameter,
};
use super::refusals::{Services, refused};
use super::wire::{CartBody, CartContentBody, CategoryBody, MeBody, MessageBody};
use super::wire::{DetailBody, ProductBody};
use super::{cart, categories, orders, password, payments, products, profile, tokens, users};
use crate::app::{App, Wording, cart_key_field};
use crate::edge::{BadToken, Errors, Route, any_text, standard};
use http::StatusCode;
use souk_domain::{Missing, OrderAction, OrderStatus, Refusal};

const OK: StatusCode = StatusCode::OK;
const CREATED: StatusCode = StatusCode::CREATED;
const NO_CONTENT: StatusCode = StatusCode::NO_CONTENT;

const WRITTEN_BY_ADMIN: &str =
    "Create, update, delete products and category for Admin(is_staff) from user service";

/// The routes in the order of the document, with its headings.
pub(in crate::contracts) fn routes() -> Vec<Route<App>> {
    let parts = [
        catalog_routes(),
        product_writing_routes(),
        category_writing_routes(),
        cart_routes(),
        cart_service_routes(),
        order_routes(),
        account_routes(),
        profile_routes(),
        reset_routes(),
        token_routes(),
        payment_routes(),
    ];
    parts.into_iter().flatten().collect()
}

fn catalog_routes() -> Vec<Route<App>> {
    vec![
        Route::get("/api/v1/product/", "1. all products", products::list).described(|operation| {
            products::filters(operation.titled("All products").for_readers())
                .note(
                    "Filters can be combined: the answer has the products that match all of \
                     them.",
                )
                .answers_cut::<Vec<ProductBody>>()
        }),
        Route::get("/api/v1/product/{pk}/", "2. specific product", products::detail).described(
            |operation| {
                operation.titled("Specific product").for_readers().answers::<ProductBody>(OK)
            },
        ),
        Route::get("/api/v1/category/", "1. all categories", categories::list).described(
            |operation| {
                operation.titled("All categories").for_readers().answers_cut::<Vec<CategoryBody>>()
            },
        ),
        Route::get("/api/v1/category/{pk}/", "2. specific categoty", categories::detail).described(
            |operation| {
                operation.titled("Specific category").for_readers().answers::<CategoryBody>(OK)
            },
        ),
        Route::get(
            "/api/v1/category/{pk}/products/",
            "3. products by category",
            products::of_category,
        )
        .described(|operation| {
            products::filters(operation.titled("Products by category").for_readers())
                .note(
                    "Filters can be combined: the answer has the products that match all of \
                     them.",
                )
                .answers_cut::<Vec<ProductBody>>()
        }),
    ]
}

fn product_writing_routes() -> Vec<Route<App>> {
    vec![
        Route::post("/api/v1/product/", WRITTEN_BY_ADMIN, products::create).described(
            |operation| {
                operation.titled("Create a product")
                .for_administrators()
                .note(
                    "A new product has no stock; this contract has no field for it. The customer \
                     pays `price` less `discount` percent.",
                )
                .body(products::NewProduct::read)
                .answers::<ProductBody>(CREATED)
                .refuses(Errors::of("category", "Invalid pk \"9\" - object does not exist."))
            },
        ),
        Route::put("/api/v1/product/{pk}/", WRITTEN_BY_ADMIN, products::update).described(
            |operation| {
                operation
                    .titled("Update a product")
                    .for_administrators()
                    .note("Fields that are left out keep their values.")
                    .body(products::ChangedProduct::read)
                    .answers::<ProductBody>(OK)
                    .refuses(Errors::of("category", "Invalid pk \"9\" - object does not exist."))
            },
        ),
        Route::delete("/api/v1/product/{pk}/", WRITTEN_BY_ADMIN, products::delete).described(
            |operation| {
                operation
                    .titled("Delete a product")
                    .for_administrators()
                    .answers_nothing(NO_CONTENT)
            },
        ),
    ]
}

fn category_writing_routes() -> Vec<Route<App>> {
    vec![
        Route::post("/api/v1/category/", WRITTEN_BY_ADMIN, categories::create).described(
            |operation| {
                operation
                    .titled("Create a category")
                    .for_administrators()
                    .body(|form, _| categories::name_field(form))
                    .answers::<CategoryBody>(CREATED)
            },
        ),
        Route::put("/api/v1/category/{pk}", WRITTEN_BY_ADMIN, categories::update).described(
            |operation| {
                operation
                    .titled("Update a category")
                    .for_administrators()
                    .body(|form, _| categories::name_field(form))
                    .answers::<CategoryBody>(OK)
            },
        ),
        Route::delete("/api/v1/category/{pk}", WRITTEN_BY_ADMIN, categories::delete).described(
            |operation| {
                operation
                    .titled("Delete a category")
                    .for_administrators()
                    .note("Its products are kept, without a category.")
                    .answers_nothing(NO_CONTENT)
            },
        ),
    ]
}

fn cart_routes() -> Vec<Route<App>> {
    vec![
        Route::get("/api/v1/cart/get_cart/", "1. Get Cart", cart::show).described(|operation| {
            with_key_headers(for_shoppers(operation).answers::<CartBody>(OK))
                .note("A line has the product's present price.")
        }),
        Route::post("/api/v1/cart/add_item/", "2. Add Item to Cart", cart::add).described(
            |operation| {
                let operation = for_shoppers(operation)
                    .note(
                        "Adds `quantity` to a line that the cart already has. No stock is \
                         reserved.",
                    )
                    .body(with_key(cart::NewLine::read))
                    .answers::<cart::AddedBody>(OK);
                about_stock(with_key_headers(operation))
            },
        ),
        Route::delete("/api/v1/cart/remove_item/", "3. Remove Item from Cart", cart::remove)
            .described(|operation| {
                let operation = for_shoppers(operation)
                    .body(with_key(cart::product_field))
                    .answers::<cart::RemovedBody>(OK);
                with_key_headers(operation)
                    .refuses(Services::answer_for(Refusal::NotFound(Missing::CartLine)))
            }),
        Route::delete("/api/v1/cart/clear_cart/", "4. Clear Cart", cart::clear).described(
            |operation| {
                let operation = for_shoppers(operation).body(|form, _| cart_key_field(form));
                with_key_headers(operation.answers::<MessageBody>(OK))
            },
        ),
        Route::patch("/api/v1/cart/update_quantity/", "5. Update Item Quantity", cart::update)
            .described(|operation| {
                let operation = for_shoppers(operation)
                    .note("`quantity` sets the quantity; `change` adds to it or subtracts from it.")
                    .body(with_key(cart::ChangedLine::read))
                    .answers::<cart::UpdatedBody>(OK);
                about_stock(with_key_headers(operation))
                    .refuses(Services::answer_for(Refusal::NotFound(Missing::CartLine)))
            }),
    ]
}

fn cart_service_routes() -> Vec<Route<App>> {
    vec![
        Route::get(
            "/api/v1/cart/get_user_cart/",
            "6. Get User Cart only for ANOTHER SERVICE",
            cart::show_to_service,
        )
        .described(|operation| {
            operation
                .titled("Get User Cart")
                .for_services()
                .note("The key may also be sent in the body.")
                .required_query("cart_key", "The key of the cart.", any_text())
                .answers::<CartContentBody>(OK)
                .refuses(Errors::of("cart_key", "This field is required."))
                .refuses(standard::not_found())
        }),
        Route::delete(
            "/api/v1/cart/clear_user_cart/",
            "7. Clear User Cart only for ANOTHER SERVICE",
            cart::clear_for_service,
        )
        .described(|operation| {
            operation
                .titled("Clear User Cart")
                .for_services()
                .note("The key may also be sent in the query.")
                .body(|form, _| cart::key_field(form))
                .answers::<cart::ClearedBody>(OK)
                .refuses(standard::not_found())
        }),
    ]
}

fn order_routes() -> Vec<Route<App>> {
    vec![
        Route::post("/api/v1/order/create_order/", "1. Create Order", orders::create).described(
            |operation| {
                let operation = with_key_parameter(operation.for_guests().for_users())
                    .note(
                        "Orders the content of the cart and empties the cart. The stock is taken \
                         at once. An unpaid order is cancelled after a while, a guest's order \
                         sooner. The units and unpaid orders of guests are limited.",
                    )
                    .throttled()
                    .body(with_key(orders::NewOrder::read))
                    .answers::<orders::CreatedBody>(CREATED);
                let operation = with_key_headers(operation)
                    .refuses(Errors::of("cart_key", "This field is required."))
                    .refuses(standard::forbidden())
                    .refuses(Services::answer_for(Refusal::CartEmpty));
                operation
                    .refuses(Services::answer_for(short()))
                    .refuses(Services::answer_for(Refusal::TotalTooLarge))
            },
        ),
        Route::post(
            "/api/v1/order/update_order/",
            "2. Update status(for Admin) and paid(for Service) for order",
            orders::update,
        )
        .described(|operation| {
            operation
                .titled("Update an order")
                .for_administrators()
                .for_services()
                .note(
                    "An administrator sends a `status`; another system sends a `status`, \
                     `is_paid` or `payment_intent`. The shop asks the gateway before it records \
                     a payment.",
                )
                .body(|form, _| orders::ServiceReport::read(form))
                .answers::<MessageBody>(OK)
                .refuses(Errors::of("is_paid", orders::NOT_CONFIRMED))
                .refuses(standard::forbidden())
                .refuses(standard::not_found())
                .refuses(Services::answer_for(Refusal::ForbiddenTransition {
                    from: OrderStatus::Shipped,
                    to: OrderStatus::Cancelled,
                }))
        }),
        Route::get(
            "/api/v1/order/get_orders/",
            "3. Get all Orders authorized user, with Token Authorization",
            orders::list,
        )
        .described(|operation| {
            for_people(operation.titled("Get all orders of a user"))
                .note("Newest first.")
                .answers_cut::<orders::OrdersBody>()
        }),
        Route::post(
            "/api/v1/order/{pk}/get_order_by_id/",
            "4. Order by id only for SERVICE",
            orders::by_id,
        )
        .described(|operation| {
            with_key_parameter(
                operation.titled("Order by id").for_services().for_users().for_guests(),
            )
            .note("404 for somebody else's order.")
            .body(|form, _| cart_key_field(form))
            .answers::<orders::OrderDetailsBody>(OK)
        }),
    ]
}

fn account_routes() -> Vec<Route<App>> {
    vec![
        Route::post("/api/v1/users/register/", "Register", users::register).described(
            |operation| {
                with_key_parameter(operation.for_anyone())
                    .note(
                        "The guest's cart becomes the user's. Only administrators may register \
                         administrators (`user_type` `admin`).",
                    )
                    .body(with_key(users::Registration::read))
                    .answers::<users::RegisteredBody>(CREATED)
                    .throttled()
                    .refuses(Errors::of("confirm_password", users::PASSWORDS_DIFFER))
                    .refuses(Services::answer_for(Refusal::UsernameTaken))
                    .refuses(Services::answer_for(Refusal::EmailTaken))
                    .refuses(standard::forbidden())
            },
        ),
        Route::post("/api/v1/users/login/", "Login", users::login).described(|operation| {
            with_key_parameter(operation.for_anyone())
                .note("The guest's cart is merged into the user's.")
                .body(with_key(users::Login::read))
                .answers::<users::LoggedInBody>(OK)
                .refuses(Services::answer_for(Refusal::InvalidCredentials))
                .throttled()
        }),
        Route::post("/api/v1/users/logout/", "Logout", users::logout).described(|operation| {
            for_people(operation)
                .note("Ends the session: its tokens are refused from then on.")
                .answers::<MessageBody>(OK)
        }),
    ]
}

fn profile_routes() -> Vec<Route<App>> {
    vec![
        Route::get("/api/v1/users/me/", "Me", profile::show)
            .described(|operation| for_people(operation).answers::<MeBody>(OK)),
        Route::put("/api/v1/users/me/update/", "Update", profile::update).described(|operation| {
            for_people(operation.titled("Update me"))
                .note("Fields that are left out keep their values; `null` clears a field.")
                .body(|form, _| profile::Profile::read(form, None, None))
                .answers::<MeBody>(OK)
                .refuses(Errors::of("username", standard::USERNAME_TAKEN))
                .refuses(Errors::of("username", standard::USERNAME_IS_AN_ADDRESS))
                .refuses(Errors::of("email", users::EMAIL_IN_USE))
        }),
        Route::post("/api/v1/users/me/change-password/", "Change Passwoord", password::change)
            .described(|operation| {
                for_people(operation.titled("Change password"))
                    .note("Every other session of the user ends.")
                    .body(|form, _| password::ChangedPassword::read(form))
                    .answers::<MessageBody>(OK)
                    .refuses(Services::answer_for(Refusal::OldPasswordWrong))
                    .throttled()
                    .refuses(Errors::of("confirm_password", users::PASSWORDS_DIFFER))
            }),
    ]
}

fn reset_routes() -> Vec<Route<App>> {
    vec![
        Route::post(
            "/api/v1/users/reset-password/",
            "Reset password with email",
            password::request_reset,
        )
        .described(|operation| {
            operation
                .for_anyone()
                .note(
                    "Every address gets the same answer; a mail is sent only if an account has \
                     the address.",
                )
                .body(|form, _| password::email_field(form))
                .answers::<DetailBody>(OK)
                .throttled()
        }),
        Route::post(password::CONFIRM_PATH, "Reset password with email", password::confirm_reset)
            .described(|operation| {
                operation
                    .titled("Confirm the reset of a password")
                    .for_anyone()
                    .note(
                        "The link works once and expires after an hour. Every session of the \
                         user ends.",
                    )
                    .required_query("uidb64", "As in the mailed link.", any_text())
                    .required_query("token", "As in the mailed link.", any_text())
                    .body(|form, _| password::NewPassword::read(form))
                    .answers::<DetailBody>(OK)
                    .refuses(refused(password::INVALID_LINK))
                    .throttled()
                    .refuses(Errors::of("confirm_password", users::PASSWORDS_DIFFER))
            }),
    ]
}

fn token_routes() -> Vec<Route<App>> {
    vec![
        Route::post("/api/v1/users/token/refresh/", "Refresh Token", tokens::refresh).described(
            |operation| {
                operation
                    .for_anyone()
                    .note(
                        "The refresh token stays valid until it expires, a day after it was \
                         issued.",
                    )
                    .body(|form, _| tokens::refresh_field(form))
                    .answers::<tokens::RefreshedBody>(OK)
                    .refuses(Services::answer_for(Refusal::TokenInvalid))
            },
        ),
        Route::post("/api/v1/users/token/verify/", "Verify Token", tokens::verify).described(
            |operation| {
                operation
                    .for_anyone()
                    .body(|form, _| tokens::token_field(form))
                    .answers::<DetailBody>(OK)
                    .refuses(tokens::not_valid(BadToken::Foreign))
                    .refuses(tokens::not_valid(BadToken::Expired))
                    .refuses(tokens::not_valid(BadToken::WrongKind))
            },
        ),
    ]
}

fn payment_routes() -> Vec<Route<App>> {
    vec![
        Route::post(
            "/api/v1/payments/create-checkout-session/",
            "1. Create payment link",
            payments::create_checkout,
        )
        .described(|operation| {
            with_key_parameter(operation.for_users().for_guests())
                .note(
                    "The order must be pending. After paying or cancelling, the customer is \
                     redirected to `success_url` or `cancel_url`, or else to the shop's own \
                     pages. In these addresses `{CHECKOUT_SESSION_ID}` is replaced by the id of \
                     the gateway's session. The shop must allow their origin.",
                )
                .body(with_key(payments::NewCheckout::read))
                .answers::<payments::CheckoutBody>(OK)
                .refuses(Services::answer_for(Refusal::OrderNotPending {
                    action: OrderAction::Pay,
                }))
                .refuses(standard::forbidden())
                .refuses(standard::not_found())
        }),
        Route::get(payments::SUCCESS_PATH, "1. Create payment link", payments::success).described(
            |operation| {
                operation
                    .titled("Page after paying")
                    .for_anyone()
                    .note(
                        "The shop asks the gateway for the state of the payment. If nothing was \
                         paid, the answer is `canceled`.",
                    )
                    .required_query("session_id", "Added by the gateway.", any_text())
                    .answers::<payments::StatusBody>(OK)
                    .refuses(standard::not_found())
            },
        ),
        Route::get(payments::CANCEL_PATH, "1. Create payment link", payments::cancel).described(
            |operation| {
                operation
                    .titled("Page after giving up")
                    .for_anyone()
                    .note("Nothing changes: the order can still be paid.")
                    .query("session_id", "Added by the gateway; ignored.", any_text())
                    .answers::<payments::StatusBody>(OK)
            },
        ),
    ]
}
