//! What guests may order: they have shown nothing of their own, so what they hold of the stock
//! without paying, and what the shop mails for them, is bounded.

use super::App;
use super::throttle::Recipient;
use crate::edge::{Call, Client};
use souk_actors::{Failure, clock, orders};
use souk_domain::{EmailAddress, OrderId, OrderStatus, UnixMillis};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Clients with unpaid orders of guests that are remembered; past it newcomers are refused.
const CLIENTS_MAX: usize = 100_000;
/// Longest wait that an answer names.
const RETRY_AFTER_SECONDS_MAX: u32 = 3_600;

/// What the operator lets guests do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GuestLimits {
    /// Units in one cart or order.
    pub(crate) units: u32,
    /// Unpaid orders of all guests of one client.
    pub(crate) unpaid_orders: u32,
    /// Units in them.
    pub(crate) unpaid_units: u32,
    /// Orders of all guests of one client in an hour.
    pub(crate) orders_per_hour: NonZeroU32,
    /// New carts of all guests of one client in an hour.
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
    /// What is wrong with a cart or an order of so many units; `None` if nothing is.
    pub(crate) fn fault_of(&self, units: u64) -> Option<String> {
        (units > u64::from(self.units)).then(|| self.too_many_units())
    }

    /// The sentence for a cart or an order of too many units.
    pub(crate) fn too_many_units(&self) -> String {
        format!("Without an account you can order at most {} units at once.", self.units)
    }
}

/// The unpaid orders of guests, by client. Addresses are kept in memory only.
#[derive(Debug, Default)]
pub(super) struct GuestOrders {
    held: Mutex<HashMap<Client, Vec<Held>>>,
}

/// One order, or one that is being placed.
#[derive(Debug)]
struct Held {
    number: u64,
    /// `None` while it is being placed.
    order: Option<OrderId>,
    units: u64,
    /// When it expires unpaid.
    until: UnixMillis,
}

/// Room for one order. Given back when dropped, unless the order was placed.
#[must_use]
#[derive(Debug)]
pub(crate) struct GuestSlot<'a> {
    orders: &'a GuestOrders,
    client: Client,
    number: u64,
    is_kept: bool,
}

impl GuestOrders {
    /// Makes room for an order of so many units.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`] with the time until the next of the others expires.
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
        held.push(Held { number, order: None, units, until: now.after(limits.time_to_live) });
        Ok(GuestSlot { orders: self, client, number, is_kept: false })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Client, Vec<Held>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GuestSlot<'_> {
    /// The order was placed: it takes the room until it is paid, cancelled or expired.
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
    /// Counts an order of a guest, and makes room for it among the client's unpaid ones; `None`
    /// where the operator has switched throttles off. The bound of what is kept holds all the same.
    ///
    /// # Errors
    /// [`Failure::NoRoom`]; [`Failure::TooManyAttempts`], and when to come back.
    pub(crate) fn admit_guest_order(
        &self,
        call: &Call,
        units: u64,
    ) -> Result<Option<GuestSlot<'_>>, Failure> {
        self.admit_kept_guest_order()?;
        let Some(throttle) = &self.throttle else { return Ok(None) };
        let client = call.request.client;
        let snapshot = self.shop.store.snapshot();
        // What cannot be read is taken for unpaid; whoever places the order meets the same fault.
        let is_unpaid = |id| match orders::order(&*snapshot, id) {
            Ok(Some(order)) => order.status == OrderStatus::Pending && !order.is_paid,
            Ok(None) => false,
            Err(_) => true,
        };
        let slot = throttle.guests.admit(client, units, &self.guest_limits, is_unpaid)?;
        throttle.admit_guest_order(client)?;
        Ok(Some(slot))
    }

    /// Counts an order that is mailed to an address which nobody showed to be theirs.
    ///
    /// # Errors
    /// [`Failure::TooManyAttempts`], and when to come back.
    pub(crate) fn admit_order_mail(&self, to: &EmailAddress) -> Result<(), Failure> {
        match &self.throttle {
            Some(throttle) => throttle.admit_mail(Recipient::OfOrder(to.unique_form())),
            None => Ok(()),
        }
    }

    /// How long an order may stay unpaid: a guest's not as long as a customer's.
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
        // One of them is paid by now.
        assert!(orders.admit(home, 1, &LIMITS, |order| order != id(2)).is_ok());
    }

    #[test]
    fn units_in_them_are_bounded_too() {
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
