//! Limits for orders of guests. Anybody can be a guest, so the shop limits the unpaid stock that
//! guests hold and the mails that it sends for them.

use super::App;
use super::throttle::Recipient;
use crate::edge::{Call, Client};
use souk_actors::{Failure, clock, orders};
use souk_domain::{EmailAddress, OrderId, OrderStatus, UnixMillis};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Clients with unpaid guest orders that are kept in memory. Past this limit, new clients are
/// refused.
const CLIENTS_MAX: usize = 100_000;
/// The longest `Retry-After`.
const RETRY_AFTER_SECONDS_MAX: u32 = 3_600;

/// Settings: what guests may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GuestLimits {
    /// Most units in one cart or order.
    pub(crate) units: u32,
    /// Most unpaid orders of all guests of one client.
    pub(crate) unpaid_orders: u32,
    /// Most units in these orders.
    pub(crate) unpaid_units: u32,
    /// Most orders of all guests of one client in an hour.
    pub(crate) orders_per_hour: NonZeroU32,
    /// Most new carts of all guests of one client in an hour.
    pub(crate) carts_per_hour: NonZeroU32,
    /// How long an order may stay unpaid.
    pub(crate) time_to_live: Duration,
}

impl Default for GuestLimits {
    fn default() -> Self {
        Self {
            units: 100,
            unpaid_orders: 20,
            unpaid_units: 200,
            orders_per_hour: NonZeroU32::new(60).expect("not zero"),
            carts_per_hour: NonZeroU32::new(600).expect("not zero"),
            time_to_live: Duration::from_secs(3_600),
        }
    }
}

impl GuestLimits {
    /// The error if `units` are too many for a guest's cart or order; `None` if they are allowed.
    pub(crate) fn fault_of(&self, units: u64) -> Option<String> {
        (units > u64::from(self.units)).then(|| self.too_many_units())
    }

    /// The error for a cart or an order with too many units.
    pub(crate) fn too_many_units(&self) -> String {
        format!("Without an account you can order at most {} units at once.", self.units)
    }
}

/// The unpaid orders of guests, by client. Client addresses are kept in memory only.
#[derive(Debug, Default)]
pub(super) struct GuestOrders {
    held: Mutex<HashMap<Client, Vec<ReservedOrder>>>,
}

/// One order, or one that is just being placed.
#[derive(Debug)]
struct ReservedOrder {
    number: u64,
    /// `None` while it is being placed.
    order: Option<OrderId>,
    units: u64,
    /// When it expires if nobody pays.
    until: UnixMillis,
}

/// A reservation for one order. Dropping it frees the room unless the order was placed.
#[must_use]
#[derive(Debug)]
pub(crate) struct GuestSlot<'a> {
    orders: &'a GuestOrders,
    client: Client,
    number: u64,
    is_kept: bool,
}

impl GuestOrders {
    /// Reserves room for an order of `units` units.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`] with the time until the client's next unpaid order expires.
    fn admit(
        &self,
        client: Client,
        units: u64,
        limits: &GuestLimits,
        is_unpaid: impl Fn(OrderId) -> bool,
    ) -> Result<GuestSlot<'_>, Failure> {
        let now = clock::now();
        let mut all = self.lock();
        if all.len() >= CLIENTS_MAX && !all.contains_key(&client) {
            all.retain(|_, held| held.iter().any(|held| held.until > now));
            if all.len() >= CLIENTS_MAX {
                return Err(Failure::TooManyAttempts { retry_after_seconds: 60 });
            }
        }
        let held = all.entry(client).or_default();
        held.retain(|held| held.until > now && held.order.is_none_or(&is_unpaid));
        let sum = held.iter().map(|held| held.units).sum::<u64>() + units;
        let has_room = held.len() < limits.unpaid_orders as usize
            && (held.is_empty() || sum <= u64::from(limits.unpaid_units));
        if !has_room {
            let next = held.iter().map(|held| held.until).min().unwrap_or(now);
            let seconds = (next.seconds() - now.seconds()).max(1);
            let seconds = u32::try_from(seconds).unwrap_or(u32::MAX).min(RETRY_AFTER_SECONDS_MAX);
            return Err(Failure::TooManyAttempts { retry_after_seconds: seconds });
        }
        let number = held.iter().map(|held| held.number).max().map_or(0, |last| last + 1);
        held.push(ReservedOrder {
            number,
            order: None,
            units,
            until: now.after(limits.time_to_live),
        });
        Ok(GuestSlot { orders: self, client, number, is_kept: false })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Client, Vec<ReservedOrder>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GuestSlot<'_> {
    /// Marks the order as placed. It keeps its room until it is paid, cancelled or expired.
    pub(crate) fn keep(mut self, order: OrderId) {
        self.is_kept = true;
        let mut all = self.orders.lock();
        let held = all.get_mut(&self.client).into_iter().flatten();
        for held in held.filter(|held| held.number == self.number) {
            held.order = Some(order);
        }
    }
}

impl Drop for GuestSlot<'_> {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        let mut all = self.orders.lock();
        if let Some(held) = all.get_mut(&self.client) {
            held.retain(|held| held.number != self.number);
            if held.is_empty() {
                all.remove(&self.client);
            }
        }
    }
}

impl App {
    /// Counts a guest's order and reserves room for it among the client's unpaid orders. Returns
    /// `None` if the operator has switched throttling off; the bounds on kept data apply even then.
    ///
    /// # Errors
    /// [`Failure::NoRoom`]; [`Failure::TooManyAttempts`] with the time to wait.
    pub(crate) fn admit_guest_order(
        &self,
        call: &Call,
        units: u64,
    ) -> Result<Option<GuestSlot<'_>>, Failure> {
        self.admit_kept_guest_order()?;
        let Some(throttle) = &self.throttle else { return Ok(None) };
        let client = call.request.client;
        let snapshot = self.shop.store.snapshot();
        // An order that cannot be read counts as unpaid. Placing the new order will fail for the
        // same reason.
        let is_unpaid = |id| match orders::order(&*snapshot, id) {
            Ok(Some(order)) => order.status == OrderStatus::Pending && !order.is_paid,
            Ok(None) => false,
            Err(_) => true,
        };
        let slot = throttle.guests.admit(client, units, &self.guest_limits, is_unpaid)?;
        throttle.admit_guest_order(client)?;
        Ok(Some(slot))
    }

    /// Counts an order whose mails go to an address that the caller has not verified.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`] with the time to wait.
    pub(crate) fn admit_order_mail(&self, to: &EmailAddress) -> Result<(), Failure> {
        match &self.throttle {
            Some(throttle) => throttle.admit_mail(Recipient::OfOrder(to.unique_form())),
            None => Ok(()),
        }
    }

    /// How long an order may stay unpaid. The limit for guests is the shorter one.
    pub(crate) fn order_time_to_live(&self, is_guest: bool) -> Duration {
        let longest = self.shop.settings.order_time_to_live;
        if is_guest { longest.min(self.guest_limits.time_to_live) } else { longest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    const LIMITS: GuestLimits = GuestLimits {
        units: 10,
        unpaid_orders: 3,
        unpaid_units: 12,
        orders_per_hour: NonZeroU32::MAX,
        carts_per_hour: NonZeroU32::MAX,
        time_to_live: Duration::from_secs(60),
    };

    fn client(address: &str) -> Client {
        address.parse::<IpAddr>().expect("an address").into()
    }

    fn id(number: u64) -> OrderId {
        OrderId::new(number).expect("positive")
    }

    #[test]
    fn unpaid_orders_of_a_client_are_bounded_in_number() {
        let (orders, home) = (GuestOrders::default(), client("192.0.2.1"));
        for number in 1..=3 {
            orders.admit(home, 1, &LIMITS, |_| true).expect("room").keep(id(number));
        }
        let refused = orders.admit(home, 1, &LIMITS, |_| true).err();
        assert!(matches!(refused, Some(Failure::TooManyAttempts { retry_after_seconds: 1..=60 })));
        assert!(orders.admit(client("192.0.2.2"), 1, &LIMITS, |_| true).is_ok());
        // One of the orders has been paid.
        assert!(orders.admit(home, 1, &LIMITS, |order| order != id(2)).is_ok());
    }

    #[test]
    fn the_units_in_unpaid_orders_are_bounded() {
        let (orders, home) = (GuestOrders::default(), client("192.0.2.1"));
        orders.admit(home, 10, &LIMITS, |_| true).expect("room").keep(id(1));
        assert!(orders.admit(home, 3, &LIMITS, |_| true).is_err());
        assert!(orders.admit(home, 2, &LIMITS, |_| true).is_ok());
    }

    #[test]
    fn an_order_that_was_not_placed_takes_no_room() {
        let (orders, home) = (GuestOrders::default(), client("192.0.2.1"));
        for _ in 0..10 {
            drop(orders.admit(home, 10, &LIMITS, |_| true).expect("room"));
        }
        assert!(orders.lock().is_empty());
        let placing: Vec<_> = (0..5).map(|_| orders.admit(home, 1, &LIMITS, |_| true)).collect();
        assert_eq!(placing.iter().filter(|slot| slot.is_ok()).count(), 3);
    }
}
