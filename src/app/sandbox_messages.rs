//! Delivers the sandbox's messages to the shop. They are signed and sent to the same webhook that a
//! real gateway calls, in the order in which they happened, and like a real gateway's a moment later.
//! Each is repeated until the webhook accepts it. Where several processes share the store, one of them
//! delivers in the background. A request that must see the effect of its messages delivers them too:
//! the webhook accepts a message that it knows, and changes nothing.

use super::App;
use crate::edge::Request;
use crate::edge::headers::STRIPE_SIGNATURE;
use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use souk_actors::leases::{Lease, LeasedWork};
use souk_actors::sandbox::{SandboxEvent, SandboxGateway};
use souk_actors::{Failure, clock};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The webhook for payments (storefront document, 24).
const WEBHOOK_PATH: &str = "/api/v1/webhooks/stripe/";
/// Messages that are delivered before they are marked as delivered together.
const BATCH: usize = 256;
/// How long a caller waits until the sandbox's messages are delivered.
const SOON: Duration = Duration::from_secs(2);
/// How long the sandbox gathers messages before it sends them.
const GATHERING: Duration = Duration::from_millis(200);
/// How long the sandbox waits before it sends a message again.
const PAUSE: Duration = Duration::from_secs(1);

impl App {
    /// Delivers messages until `stop` turns true.
    pub(crate) async fn keep_delivering_sandbox_messages(
        self: Arc<Self>,
        stop: watch::Receiver<bool>,
    ) {
        if self.shop.sandbox.is_none() {
            return;
        }
        let session = |lease: Lease| {
            let (app, sandbox) = (Arc::clone(&self), self.shop.under(&lease).sandbox);
            let stop = stop.clone();
            async move {
                if let Some(sandbox) = sandbox {
                    app.deliver_sandbox_messages_until(stop, &sandbox).await;
                }
                Ok::<_, Infallible>(())
            }
        };
        let leases = &self.shop.leases;
        // It ends only when it is stopped.
        let _ = leases.run_while_held(LeasedWork::SandboxMessages, stop.clone(), session).await;
    }

    async fn deliver_sandbox_messages_until(
        self: &Arc<Self>,
        mut stop: watch::Receiver<bool>,
        sandbox: &SandboxGateway,
    ) {
        let mut commits = self.shop.store.commits();
        while !*stop.borrow_and_update() {
            if tokio::time::timeout(GATHERING, stop.changed()).await.is_ok() {
                continue;
            }
            commits.mark_unchanged();
            if let Err(failure) = self.deliver_sandbox_messages(sandbox).await {
                // After a lost lease, the wait below is the last thing that this session does.
                if !matches!(failure, Failure::LeaseLost { .. }) {
                    let what = "a message was not delivered; the sandbox will repeat it";
                    tracing::warn!(%failure, "{what}");
                }
                // The wait ends with the timeout or with the stop signal.
                let _ = tokio::time::timeout(PAUSE, stop.changed()).await;
                continue;
            }
            tokio::select! {
                _ = stop.changed() => {}
                changed = commits.changed() => {
                    if changed.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Delivers the sandbox's messages before the caller gets an answer, so that the caller sees
    /// their effect. After a timeout, the messages are delivered in the background.
    pub(crate) async fn deliver_sandbox_messages_soon(self: &Arc<Self>) {
        let Some(sandbox) = &self.shop.sandbox else { return };
        let delivering = self.deliver_sandbox_messages(sandbox);
        match tokio::time::timeout(SOON, delivering).await {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => {
                tracing::warn!(%failure, "a message was not delivered; the sandbox will repeat it")
            }
            Err(_) => tracing::warn!(
                "delivering the sandbox's messages takes long; it goes on in the background"
            ),
        }
    }

    /// Delivers all waiting messages in order. A rejected message holds up those behind it.
    async fn deliver_sandbox_messages(
        self: &Arc<Self>,
        sandbox: &SandboxGateway,
    ) -> Result<(), Failure> {
        let _in_order = self.sandbox_delivery.lock().await;
        loop {
            let events = sandbox.undelivered(BATCH)?;
            if events.is_empty() {
                return Ok(());
            }
            let mut taken = Vec::with_capacity(events.len());
            let mut failed = None;
            for event in events {
                let sequence = event.sequence;
                match self.deliver(event).await {
                    Ok(()) => taken.push(sequence),
                    Err(failure) => {
                        failed = Some(failure);
                        break;
                    }
                }
            }
            if !taken.is_empty() {
                sandbox.delivered(taken).await?;
            }
            if let Some(failure) = failed {
                return Err(failure);
            }
        }
    }

    async fn deliver(self: &Arc<Self>, event: SandboxEvent) -> Result<(), Failure> {
        let Some(secret) = self.webhook_secrets.first() else { return Err(Failure::Unavailable) };
        let signature = souk_stripe::sign(secret, &event.body, clock::now().seconds());
        let body = event.body.into_bytes();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let signature = HeaderValue::try_from(signature).expect("digits and letters");
        headers.insert(STRIPE_SIGNATURE, signature);
        let path = WEBHOOK_PATH.to_owned();
        let mut request = Request::new(Method::POST, path, String::new(), headers);
        request.body = Bytes::from(body);
        let answer = Arc::clone(self).answer(request).await;
        if answer.status.is_success() {
            return Ok(());
        }
        let status = answer.status;
        tracing::warn!(event = event.id, %status, "the webhook rejected a message");
        Err(Failure::Unavailable)
    }
}
