//! Limits for guests, and the proxies that are trusted to name clients.

use super::fault::Disclosure::Whole;
use super::read::put;
use super::source::Reader;
use super::{Settings, judge};
use crate::edge::TrustedProxies;
use std::num::NonZeroU32;
use std::time::Duration;

/// More units than any guest orders.
const UNITS_MAX: u32 = 1_000_000_000;
/// Five years, as for other orders.
const TTL_SECONDS_MAX: u64 = 5 * 365 * 24 * 60 * 60;

impl Settings {
    pub(super) fn read_guests(&mut self, reader: &mut Reader) {
        let limits = &mut self.guest_limits;
        let seconds = |text: &str| {
            judge::number(text, &(1..=TTL_SECONDS_MAX), "seconds").map(Duration::from_secs)
        };
        put(&mut limits.time_to_live, reader.read("guest_order_ttl_seconds", Whole, seconds));
        let units = |text: &str| judge::number(text, &(1..=UNITS_MAX), "units");
        put(&mut limits.units, reader.read("guest_max_units", Whole, units));
        put(&mut limits.unpaid_units, reader.read("guest_max_unpaid_units", Whole, units));
        let orders = |text: &str| judge::number(text, &(1..=UNITS_MAX), "orders");
        put(&mut limits.unpaid_orders, reader.read("guest_max_unpaid_orders", Whole, orders));
        let most = NonZeroU32::new(UNITS_MAX).expect("not zero");
        let hourly = |text: &str| judge::number(text, &(NonZeroU32::MIN..=most), "orders");
        put(&mut limits.orders_per_hour, reader.read("guest_orders_per_hour", Whole, hourly));
        let hourly = |text: &str| judge::number(text, &(NonZeroU32::MIN..=most), "carts");
        put(&mut limits.carts_per_hour, reader.read("guest_carts_per_hour", Whole, hourly));
        let proxies =
            |text: &str| text.parse::<TrustedProxies>().map_err(|error| error.to_string());
        put(&mut self.trusted_proxies, reader.read("trusted_proxies", Whole, proxies));
    }
}
