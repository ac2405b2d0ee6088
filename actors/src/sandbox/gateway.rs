//! The sandbox as the shop sees it: something that is called, outside any commit, and answers.

use super::{SandboxMessage, checkouts, commands};
use crate::Failure;
use crate::store::Store;
use crate::supervision::Owners;
use serde::{Deserialize, Serialize};
use souk_domain::{Money, PaymentStatus};
use std::sync::Arc;

/// An intent as the gateway tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayIntent {
    /// `pi_…`.
    pub id: String,
    /// What the customer's browser pays with.
    pub client_secret: String,
    /// How much it charges.
    pub amount: Money,
    /// Where it stands.
    pub status: PaymentStatus,
}

/// What came of an attempt to charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The intent as it stands now.
    Answered(GatewayIntent),
    /// The charge was refused; another method may be tried.
    Declined {
        /// The intent as it stands now.
        intent: GatewayIntent,
        /// The gateway's words for the customer.
        reason: String,
    },
}

/// Where a customer goes from a checkout; `{CHECKOUT_SESSION_ID}` stands for its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckoutPages {
    /// After paying.
    pub success: String,
    /// After giving up.
    pub cancel: String,
}

/// A page of the gateway where an intent is paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayCheckout {
    /// `cs_…`.
    pub id: String,
    /// What is paid there.
    pub intent: GatewayIntent,
    /// Where the customer goes from there.
    pub pages: CheckoutPages,
}

/// The sandbox gateway. Cheap to clone.
#[derive(Clone)]
pub struct SandboxGateway {
    store: Store,
    owners: Arc<Owners>,
}

impl SandboxGateway {
    /// The gateway with its books in `store`.
    #[must_use]
    pub fn new(store: Store, owners: Arc<Owners>) -> Self {
        Self { store, owners }
    }

    /// Makes an intent; the same key again gives the same intent.
    ///
    /// # Errors
    /// [`Failure`] if the gateway cannot answer.
    pub async fn create_intent(
        &self,
        key: String,
        amount: Money,
    ) -> Result<GatewayIntent, Failure> {
        let owners = Arc::clone(&self.owners);
        self.store
            .transact(move |unit| {
                let (owners, key) = (Arc::clone(&owners), key.clone());
                async move {
                    let create = |reply_to| SandboxMessage::Create { unit, key, amount, reply_to };
                    owners.sandbox.ask(create).await
                }
            })
            .await
    }

    /// Tries to charge. `client_secret` comes from the customer's browser, if it is that one that
    /// confirms.
    ///
    /// # Errors
    /// Refuses an unknown intent, a wrong secret, an unknown method.
    pub async fn confirm(
        &self,
        intent: String,
        payment_method: String,
        client_secret: Option<String>,
    ) -> Result<Attempt, Failure> {
        let owners = Arc::clone(&self.owners);
        self.store
            .transact(move |unit| {
                let owners = Arc::clone(&owners);
                let (intent, payment_method) = (intent.clone(), payment_method.clone());
                let client_secret = client_secret.clone();
                async move {
                    let confirm = |reply_to| SandboxMessage::Confirm {
                        unit,
                        intent,
                        payment_method,
                        client_secret,
                        reply_to,
                    };
                    owners.sandbox.ask(confirm).await
                }
            })
            .await
    }

    /// Makes a page where an intent can be paid.
    ///
    /// # Errors
    /// Refuses an unknown intent.
    pub async fn open_checkout(
        &self,
        intent: String,
        pages: CheckoutPages,
    ) -> Result<GatewayCheckout, Failure> {
        let owners = Arc::clone(&self.owners);
        self.store
            .transact(move |unit| {
                let owners = Arc::clone(&owners);
                let (intent, pages) = (intent.clone(), pages.clone());
                async move {
                    let open =
                        |reply_to| SandboxMessage::OpenCheckout { unit, intent, pages, reply_to };
                    owners.sandbox.ask(open).await
                }
            })
            .await
    }

    /// Asks how a checkout stands.
    ///
    /// # Errors
    /// Refuses an unknown checkout.
    pub fn checkout(&self, id: &str) -> Result<GatewayCheckout, Failure> {
        checkouts::find(&*self.store.snapshot(), id)
    }

    /// Asks how an intent stands.
    ///
    /// # Errors
    /// Refuses an unknown intent.
    pub fn retrieve(&self, intent: &str) -> Result<GatewayIntent, Failure> {
        commands::retrieve(&*self.store.snapshot(), intent)
    }

    /// Gives an intent up, so that it can never be paid; one that is paid stays so.
    ///
    /// # Errors
    /// Refuses an unknown intent.
    pub async fn cancel(&self, intent: String) -> Result<GatewayIntent, Failure> {
        let owners = Arc::clone(&self.owners);
        self.store
            .transact(move |unit| {
                let (owners, intent) = (Arc::clone(&owners), intent.clone());
                async move {
                    let cancel = |reply_to| SandboxMessage::Cancel { unit, intent, reply_to };
                    owners.sandbox.ask(cancel).await
                }
            })
            .await
    }

    /// Gives the money of an intent back; again is no harm.
    ///
    /// # Errors
    /// Refuses an unknown intent.
    pub async fn refund(&self, intent: String) -> Result<GatewayIntent, Failure> {
        let owners = Arc::clone(&self.owners);
        self.store
            .transact(move |unit| {
                let (owners, intent) = (Arc::clone(&owners), intent.clone());
                async move {
                    let refund = |reply_to| SandboxMessage::Refund { unit, intent, reply_to };
                    owners.sandbox.ask(refund).await
                }
            })
            .await
    }
}
