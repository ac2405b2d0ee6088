//! Messages from the payment gateway: checks the signature of an event and passes it to the journey
//! that records it.

pub(crate) use crate::gateways::messages::Event;

use super::App;
use crate::gateways::messages::{self, GatewayEvent, NotAnEvent, PaymentReference};
use souk_actors::journeys::paying;
use souk_actors::outbox::Numbered;
use souk_actors::{Failure, clock, payments};
use souk_domain::PaymentId;

/// Why a message was rejected.
#[derive(Debug)]
pub(crate) enum GatewayMessageError {
    /// The signature is by none of our secrets, or too old.
    BadSignature,
    /// The body is not an event.
    NotAnEvent,
    /// The shop could not process it now. The gateway should send it again.
    Failed(Failure),
}

impl From<Failure> for GatewayMessageError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<NotAnEvent> for GatewayMessageError {
    fn from(_: NotAnEvent) -> Self {
        Self::NotAnEvent
    }
}

impl App {
    /// Processes a message of the gateway after checking its signature. Accepts and ignores events
    /// of unknown types and about objects of other shops.
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
        let GatewayEvent { id, kind, about, message } = messages::read(body)?;
        if let Some(about) = about {
            self.log_unknown_payment(&about)?;
        }
        let Some(message) = message else {
            tracing::debug!(event = id, kind, "ignored a message that is not about this shop");
            return Ok(());
        };
        let cancels_on_failure = self.cancels_on_payment_failed;
        Ok(paying::receive(&self.shop, id, message, cancels_on_failure).await?)
    }

    /// Logs an error if the message is about a payment of this store that the store does not have.
    /// That happens after a restore: the payment was begun after the backup was made. Records
    /// nothing.
    fn log_unknown_payment(&self, about: &PaymentReference) -> Result<(), Failure> {
        let PaymentReference { store, payment, object } = about;
        let identity = self.shop.outbox.identity()?;
        let Some(id) = PaymentId::parse(payment) else { return Ok(()) };
        let is_known = identity.of_number(Numbered::Payment, id.get()) == *store
            && payments::payment(&*self.shop.store.snapshot(), id)?.is_some();
        if identity.is_of_this_store(store) && !is_known {
            tracing::error!(
                object,
                payment,
                store,
                "the gateway is ahead of the store: it has a payment that the restored store does \
                 not know; check the payment at the gateway"
            );
        }
        Ok(())
    }
}
