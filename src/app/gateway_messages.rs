//! What a gateway says by itself: a signed event, handed to the journey that books it.

pub(crate) use crate::gateways::messages::Event;

use super::App;
use crate::gateways::messages::{self, About, Heard, NoEvent};
use souk_actors::journeys::paying;
use souk_actors::outbox::Numbered;
use souk_actors::{Failure, clock, payments};
use souk_domain::PaymentId;

/// Why a message was not taken.
#[derive(Debug)]
pub(crate) enum GatewayMessageError {
    /// None of our secrets signed it, or not lately.
    BadSignature,
    /// It is no event.
    NoEvent,
    /// It is to be sent again.
    Failed(Failure),
}

impl From<Failure> for GatewayMessageError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<NoEvent> for GatewayMessageError {
    fn from(_: NoEvent) -> Self {
        Self::NoEvent
    }
}

impl App {
    /// Takes a message of the gateway, whose signature must be good. What is unknown or about
    /// nothing of ours is taken and ignored.
    ///
    /// # Errors
    /// [`GatewayMessageError`].
    pub(crate) async fn receive_gateway_message(
        &self,
        signature: &str,
        body: &[u8],
    ) -> Result<(), GatewayMessageError> {
        let now = clock::now().seconds();
        if !souk_stripe::is_signed(signature, body, &self.webhook_secrets, now) {
            return Err(GatewayMessageError::BadSignature);
        }
        let Heard { id, kind, about, message } = messages::read(body)?;
        if let Some(about) = about {
            self.log_unknown_payment(&about)?;
        }
        let Some(message) = message else {
            tracing::debug!(event = id, kind, "a message about nothing here");
            return Ok(());
        };
        let cancels_on_failure = self.cancels_on_payment_failed;
        Ok(paying::receive(&self.shop, id, message, cancels_on_failure).await?)
    }

    /// A payment that bears the name of this store, and that the store has not begun, was begun
    /// before the store was put back to an earlier state. Nothing here is booked for it.
    fn log_unknown_payment(&self, about: &About) -> Result<(), Failure> {
        let About { store, payment, object } = about;
        let identity = self.shop.outbox.identity()?;
        let Some(id) = PaymentId::parse(payment) else { return Ok(()) };
        let is_known = identity.of_number(Numbered::Payment, id.get()) == *store
            && payments::payment(&*self.shop.store.snapshot(), id)?.is_some();
        if identity.is_of_this_store(store) && !is_known {
            tracing::error!(
                object,
                payment,
                store,
                "the gateway is ahead of the store: it has a payment from another life of this \
                 shop, which a restored store does not know; look at it there"
            );
        }
        Ok(())
    }
}
