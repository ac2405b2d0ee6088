//! How much data of guests is kept, and for how long.

use super::Settings;
use super::fault::Disclosure::Whole;
use super::judge;
use super::read::put;
use super::source::Reader;
use crate::app::KeptLimits;
use std::time::Duration;

/// More than a shop of one process has.
const CARTS_MAX: u64 = 1_000_000_000;
/// More than a shop of one process has.
const ORDERS_MAX: u64 = 1_000_000_000;
/// One tebibyte.
const ANSWERS_MIB_MAX: u64 = 1 << 20;
/// Ten years.
const DAYS_MAX: u64 = 3_650;
const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

/// The operator's limits.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeptSettings {
    /// The limits.
    pub(super) limits: KeptLimits,
    /// How long a guest's order is kept after it ended unpaid, in days.
    guest_unpaid_days: u64,
}

impl Default for KeptSettings {
    fn default() -> Self {
        Self { limits: KeptLimits::default(), guest_unpaid_days: 30 }
    }
}

impl KeptSettings {
    /// How long a guest's order is kept after it ended unpaid.
    pub(super) fn guest_unpaid(&self) -> Duration {
        Duration::from_secs(self.guest_unpaid_days * SECONDS_PER_DAY)
    }
}

impl Settings {
    pub(super) fn read_kept(&mut self, reader: &mut Reader) {
        let KeptSettings { limits, guest_unpaid_days } = &mut self.kept;
        let size = |text: &str| {
            judge::number(text, &(1..=ANSWERS_MIB_MAX), "MiB").map(|mebibytes| mebibytes << 20)
        };
        put(&mut limits.answer_bytes, reader.read("idempotency_max_mib", Whole, size));
        let carts = |text: &str| judge::number(text, &(1..=CARTS_MAX), "carts");
        put(&mut limits.guest_carts, reader.read("guest_max_carts", Whole, carts));
        let orders = |text: &str| judge::number(text, &(1..=ORDERS_MAX), "orders");
        let read = reader.read("guest_max_unpaid_kept", Whole, orders);
        put(&mut limits.guest_unpaid_orders, read);
        let days = |text: &str| judge::number(text, &(1..=DAYS_MAX), "days");
        put(guest_unpaid_days, reader.read("guest_unpaid_kept_days", Whole, days));
    }
}
