//! What all contracts share about orders.

use super::{App, Visitor};
use souk_actors::orders::{self, Contact, Order, OrderDraft};
use souk_actors::store::StoreError;
use souk_actors::users::User;
use souk_domain::{OrderId, UserId};

impl App {
    /// An order, if the caller may see it: their own, or any for an administrator. Other orders
    /// count as not found.
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

    /// A draft of the caller's order, without lines. Without a billing address, the shipping
    /// address is used.
    pub(crate) fn draft_order(
        &self,
        visitor: &Visitor,
        shipping_address: String,
        billing_address: Option<String>,
    ) -> OrderDraft {
        OrderDraft {
            billing_address: billing_address.unwrap_or_else(|| shipping_address.clone()),
            shipping_address,
            ..self.draft_order_without_address(visitor.id(), &visitor.user)
        }
    }

    /// A draft of a customer's order, without lines, for a contract that has no addresses.
    pub(crate) fn draft_order_without_address(&self, customer: UserId, user: &User) -> OrderDraft {
        OrderDraft {
            customer: Some(customer),
            guest: None,
            recipient: None,
            contact: Some(Contact { email: user.email.to_string(), name: user.full_name() }),
            shipping_address: String::new(),
            billing_address: String::new(),
            time_to_live: self.shop.settings.order_time_to_live,
        }
    }
}
