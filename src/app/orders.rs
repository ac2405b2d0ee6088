//! What the contracts do alike with orders.

use super::{App, Visitor};
use souk_actors::journeys::ordering::Delivery;
use souk_actors::orders::{self, Contact, Order};
use souk_actors::store::StoreError;
use souk_actors::users::User;
use souk_domain::{OrderId, UserId};

impl App {
    /// An order as far as the caller may see it: their own, or any for an administrator. Somebody
    /// else's order is as good as none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn visible_order(
        &self,
        visitor: &Visitor,
        id: OrderId,
    ) -> Result<Option<Order>, StoreError> {
        let order = orders::order(&*self.shop.store.snapshot(), id)?;
        let is_visible = |order: &Order| {
            visitor.caller.is_administrator() || order.customer == Some(visitor.id())
        };
        Ok(order.filter(is_visible))
    }

    /// What an order of somebody needs to know beside its lines, in a contract without addresses.
    pub(crate) fn delivery_without_address(&self, customer: UserId, user: &User) -> Delivery {
        Delivery {
            customer,
            contact: Contact { email: user.email.to_string(), name: user.full_name() },
            shipping_address: String::new(),
            billing_address: String::new(),
            time_to_live: self.shop.settings.order_time_to_live,
        }
    }
}
