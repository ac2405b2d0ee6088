//! Pages for browsers: the start page, password resets, orders. No contract prints these addresses.

mod landing;
mod order;
mod reset;

use crate::app::{App, RESET_LINK_PATH};
use crate::edge::Route;

/// The routes of the pages.
pub(super) fn routes() -> Vec<Route<App>> {
    vec![
        Route::get("/", "landing page", landing::show),
        Route::get(RESET_LINK_PATH, "the mailed link for a new password", reset::open_link),
        Route::get(reset::ASK_PATH, "ask for that link", reset::ask),
        Route::post(reset::ASK_PATH, "have that link mailed", reset::send_link),
        Route::post(reset::CONFIRM_PATH, "set the new password", reset::confirm),
        Route::get(order::PATH, "an order, by its mailed link", order::show),
    ]
}
