//! What every contract stands on: the open shop, who is calling, and how a request commits.

mod caller;
mod commit;
mod failures;
mod guests;
mod operations;
mod sandbox;
mod services;

pub(crate) use caller::{Asker, IssuedTokens, Visitor};
pub(crate) use failures::could_not;
pub(crate) use guests::{CartKeyHeaders, presented_cart_key};
pub(crate) use operations::routes;
pub(crate) use sandbox::{checkout_url, routes as sandbox_routes};
pub(crate) use services::{ServiceName, ServiceTokens, ServiceTokensError};

use crate::adapters::AdapterStatus;
use crate::contracts;
use crate::edge::{Answer, Request, Router, RouterError, TokenKey};
use commit::Running;
use guests::GuestSeal;
use souk_actors::Shop;
use souk_actors::journeys::ordering::Delivery;
use souk_actors::orders::Contact;
use std::sync::Arc;

/// The application: one per process.
pub(crate) struct App {
    /// The open shop.
    pub(crate) shop: Shop,
    /// Where links of answers point, if the operator says so.
    pub(crate) public_url: Option<String>,
    /// How the ways out of the process are doing.
    pub(crate) adapters: AdapterStatus,
    tokens: TokenKey,
    services: ServiceTokens,
    guests: GuestSeal,
    running: Running,
    router: Router<App>,
}

impl App {
    /// Puts the application together.
    ///
    /// # Errors
    /// If two routes answer the same request.
    pub(crate) fn new(
        shop: Shop,
        jwt_secret: &[u8],
        public_url: Option<String>,
        services: ServiceTokens,
        adapters: AdapterStatus,
    ) -> Result<Arc<Self>, RouterError> {
        Ok(Arc::new(Self {
            shop,
            public_url,
            adapters,
            tokens: TokenKey::new(jwt_secret),
            services,
            guests: GuestSeal::new(jwt_secret),
            running: Running::default(),
            router: Router::new(contracts::routes())?,
        }))
    }

    /// Answers one request.
    pub(crate) async fn answer(self: Arc<Self>, mut request: Request) -> Answer {
        let held = match self.hold_idempotency_key(&mut request) {
            Ok(held) => held,
            Err(answer) => return answer,
        };
        let answer = self.router.answer(&self, request).await;
        // The key is free again only now, when its answer is stored or there is none.
        drop(held);
        answer
    }
}

impl App {
    /// What an order of this customer needs to know beside its lines; where no billing address is
    /// given, the bill goes where the goods go.
    pub(crate) fn delivery(
        &self,
        visitor: &Visitor,
        shipping_address: String,
        billing_address: Option<String>,
    ) -> Delivery {
        Delivery {
            customer: visitor.id(),
            contact: Contact {
                email: visitor.user.email.to_string(),
                name: visitor.user.full_name(),
            },
            billing_address: billing_address.unwrap_or_else(|| shipping_address.clone()),
            shipping_address,
            time_to_live: self.shop.settings.order_time_to_live,
        }
    }
}
