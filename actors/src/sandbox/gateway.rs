//! The sandbox as the shop's gateway: called outside turns.

use super::stored::EVENTS;
use super::{
    CancelIntent, CheckoutPage, ConfirmInBrowser, ConfirmIntent, CreateIntent, ExpireCheckout,
    ForgetEvents, OpenCheckout, PayCheckout, RefundIntent, Sandbox, cards, checkouts, intents,
};
use crate::Failure;
use crate::gateway::{
    Answering, Attempt, Charge, CheckoutPages, Gateway, GatewayCheckout, GatewayError,
    GatewayIntent, GatewayRefund, RefundRequest,
};
use crate::leases::Lease;
use crate::owner::{Command, take_turn};
use crate::store::{Direction, Read, Store, StoreError};
use crate::supervision::Owners;
use souk_domain::Refusal;
use std::sync::Arc;

/// The sandbox gateway. Cheap to clone.
#[derive(Clone)]
pub struct SandboxGateway {
    store: Store,
    owners: Arc<Owners>,
}

/// A message to the shop, ready to be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxEvent {
    /// Its number in the order of events.
    pub sequence: u64,
    /// `evt_…`.
    pub id: String,
    /// JSON.
    pub body: String,
}

impl SandboxGateway {
    /// The gateway, whose books are in `store`.
    #[must_use]
    pub fn new(store: Store, owners: Arc<Owners>) -> Self {
        Self { store, owners }
    }

    /// The same gateway, for work under a lease.
    #[must_use]
    pub(crate) fn under(&self, lease: &Lease) -> Self {
        Self { store: lease.guarded(&self.store), owners: Arc::clone(&self.owners) }
    }

    /// Sends a command to the owner of the books, in a turn of its own.
    async fn ask<C>(&self, command: C) -> Result<C::Reply, Failure>
    where
        C: Command<Owner = Sandbox> + Clone + Sync,
    {
        take_turn(&self.store, &self.owners, move |turn| async move { turn.ask(command).await })
            .await
    }

    /// Charges an intent as a browser with Stripe.js would.
    ///
    /// # Errors
    /// Rejects an unknown intent, a wrong secret, and an unknown method.
    pub async fn confirm_in_browser(
        &self,
        intent: String,
        client_secret: String,
        payment_method: String,
    ) -> Result<Attempt, Failure> {
        self.ask(ConfirmInBrowser { intent, client_secret, payment_method }).await
    }

    /// A checkout as the customer's browser shows it.
    ///
    /// # Errors
    /// Rejects an unknown checkout.
    pub fn page(&self, checkout: &str) -> Result<CheckoutPage, Failure> {
        checkouts::page(&*self.store.snapshot(), checkout)
    }

    /// Pays a checkout, as the "Pay" button does. Safe to repeat.
    ///
    /// # Errors
    /// Rejects an unknown checkout.
    pub async fn pay(&self, checkout: String) -> Result<CheckoutPage, Failure> {
        self.ask(PayCheckout { checkout }).await
    }

    /// Messages that the shop has not accepted yet, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn undelivered(&self, limit: usize) -> Result<Vec<SandboxEvent>, StoreError> {
        let rows = self.store.snapshot().range(EVENTS, &0, None, Direction::Ascending, limit)?;
        let event = |(sequence, row): (u64, super::books::SandboxEventRow)| SandboxEvent {
            sequence,
            id: row.id,
            body: row.body,
        };
        Ok(rows.into_iter().map(event).collect())
    }

    /// Records that the shop has accepted these messages.
    ///
    /// # Errors
    /// [`Failure`] of the store; the messages are then sent again, which is safe.
    pub async fn delivered(&self, events: Vec<u64>) -> Result<(), Failure> {
        self.ask(ForgetEvents { events }).await
    }
}

/// Converts a refusal of the sandbox to the error of a remote gateway.
fn refused(what: &'static str) -> impl FnOnce(Failure) -> GatewayError {
    move |failure| match failure {
        Failure::Refused(Refusal::NotFound(_)) => GatewayError::NoSuch { what },
        Failure::Refused(Refusal::PaymentMethodUnknown) => GatewayError::UnknownPaymentMethod,
        Failure::Refused(Refusal::RefundTooLarge) => GatewayError::RefundTooLarge,
        failure => failure.into(),
    }
}

/// What a client gets for a refusal of the sandbox about an intent: the same as for the error of a
/// remote gateway.
pub(crate) fn as_gateway_answers(failure: Failure) -> Failure {
    refused(INTENT)(failure).into()
}

const INTENT: &str = "payment_intent";
const CHECKOUT: &str = "checkout.session";

impl Gateway for SandboxGateway {
    fn name(&self) -> &'static str {
        "sandbox"
    }

    fn is_sandbox(&self) -> bool {
        true
    }

    fn pays_without_card(&self) -> Option<&'static str> {
        Some(cards::PAYING_CARD)
    }

    fn create_intent<'a>(&'a self, key: &'a str, charge: Charge) -> Answering<'a, GatewayIntent> {
        Box::pin(async move {
            let key = key.to_owned();
            let create = CreateIntent { key, charge };
            self.ask(create).await.map_err(refused(INTENT))
        })
    }

    fn confirm<'a>(
        &'a self,
        key: &'a str,
        intent: &'a str,
        payment_method: &'a str,
    ) -> Answering<'a, Attempt> {
        Box::pin(async move {
            let (key, intent) = (key.to_owned(), intent.to_owned());
            let payment_method = payment_method.to_owned();
            let confirm = ConfirmIntent { key, intent, payment_method };
            self.ask(confirm).await.map_err(refused(INTENT))
        })
    }

    fn retrieve<'a>(&'a self, intent: &'a str) -> Answering<'a, GatewayIntent> {
        Box::pin(async move {
            let found = intents::find(&*self.store.snapshot(), intent);
            Ok(found.map_err(refused(INTENT))?.shown(intent))
        })
    }

    fn cancel<'a>(&'a self, _key: &'a str, intent: &'a str) -> Answering<'a, GatewayIntent> {
        Box::pin(async move {
            let intent = intent.to_owned();
            let cancel = CancelIntent { intent };
            self.ask(cancel).await.map_err(refused(INTENT))
        })
    }

    fn refund<'a>(&'a self, key: &'a str, request: RefundRequest) -> Answering<'a, GatewayRefund> {
        Box::pin(async move {
            let key = key.to_owned();
            let refund = RefundIntent { key, request };
            self.ask(refund).await.map_err(refused(INTENT))
        })
    }

    fn refunds<'a>(&'a self, intent: &'a str) -> Answering<'a, Vec<GatewayRefund>> {
        Box::pin(async move {
            let found = intents::find(&*self.store.snapshot(), intent).map_err(refused(INTENT))?;
            Ok(found.refunds.iter().map(super::books::SandboxRefund::shown).collect())
        })
    }

    fn open_checkout<'a>(
        &'a self,
        key: &'a str,
        charge: Charge,
        pages: CheckoutPages,
    ) -> Answering<'a, GatewayCheckout> {
        Box::pin(async move {
            let key = key.to_owned();
            let open = OpenCheckout { key, charge, pages };
            self.ask(open).await.map_err(refused(CHECKOUT))
        })
    }

    fn checkout<'a>(&'a self, id: &'a str) -> Answering<'a, GatewayCheckout> {
        Box::pin(
            async move { checkouts::find(&*self.store.snapshot(), id).map_err(refused(CHECKOUT)) },
        )
    }

    fn expire_checkout<'a>(&'a self, _key: &'a str, id: &'a str) -> Answering<'a, GatewayCheckout> {
        Box::pin(async move {
            let checkout = id.to_owned();
            let expire = ExpireCheckout { checkout };
            self.ask(expire).await.map_err(refused(CHECKOUT))
        })
    }
}
