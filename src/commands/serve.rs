//! `souk serve`: opens the shop, answers until told to stop, and shuts down cleanly.

use super::{CommandError, banner};
use crate::adapters::http::{self, DeliveryLoops};
use crate::adapters::{self, AdapterError, Adapters};
use crate::app::{App, Reading};
use crate::control::Control;
use crate::edge::{self, AccessLog, RouterError};
use crate::logs::masked_path;
use crate::settings::{JWT_SECRET_FILE, Listen, Settings};
use crate::{demo, freed_memory, gateways, panics, private_files, server, telemetry};
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use souk_actors::store::Store;
use souk_actors::{Failure, Shop, housekeeping};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long closing the adapters and the store may take after the last answer. With the edge's own
/// limit it stays below the promised 10 s.
pub(super) const CLOSE_WITHIN: Duration = Duration::from_secs(4);
/// How long the start waits for the gateway.
const RECOVER_WITHIN: Duration = Duration::from_secs(5);
/// `EX_SOFTWARE` of sysexits.h: an owner died too often.
const EXIT_OWNER_DIED: u8 = 70;
/// `EX_IOERR` of sysexits.h: the disk failed in the middle of a commit, or this process cannot follow
/// its database.
pub(super) const EXIT_DISK_FAILED: u8 = 74;

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Where to listen: HOST:PORT, or :PORT for this machine alone; port 0 takes a free one.
    /// 127.0.0.1:8000 by default.
    #[arg(long, value_name = "ADDR", value_parser = NonEmptyStringValueParser::new())]
    pub(super) listen: Option<String>,
    /// Fill an empty shop with a demonstration catalogue, an administrator and a customer.
    #[arg(long)]
    demo: bool,
}

/// Why the shop could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error("cannot listen on {listen}: the address of its host is not found")]
    Resolve {
        listen: Listen,
        #[source]
        source: io::Error,
    },
    #[error("cannot listen on {address}: {}", listen_advice(.source))]
    Listen { address: SocketAddr, source: io::Error },
    #[error(
        "the sandbox takes no real money, so it is not served to others: {address} is no loopback \
         address (SOUK_SANDBOX_PUBLIC=true serves it all the same)"
    )]
    PublicSandbox { address: SocketAddr },
    #[error("cannot store whether there is a CRM")]
    Outgoing(#[source] Failure),
    #[error(transparent)]
    Gateway(#[from] souk_stripe::SetUpError),
    #[error(transparent)]
    Adapters(#[from] AdapterError),
    #[error("two routes answer the same request")]
    Routes(#[from] RouterError),
    #[error("the demonstration could not be set up")]
    Demo(#[source] demo::DemoError),
    #[error("cannot start the threads that read lists")]
    Threads(#[source] io::Error),
    #[error("cannot listen for signals")]
    Signals(#[source] io::Error),
}

/// Advice for an address that cannot be bound.
fn listen_advice(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another program listens there already; stop it, or take another port with --listen \
             (port 0 takes a free one)"
                .to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "this user may not; take a port from 1024 on, and a proxy in front of it".to_owned()
        }
        io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address; 0.0.0.0 stands for all it has".to_owned()
        }
        _ => error.to_string(),
    }
}

/// Why the shop stops.
#[derive(Clone, Copy, Debug)]
enum StopReason {
    Requested,
    OwnerDied,
    DiskFailed,
    CannotFollow,
}

impl StopReason {
    fn word(self) -> &'static str {
        match self {
            Self::Requested => "a stop was requested",
            Self::OwnerDied => "an owner died too often",
            Self::DiskFailed => "the disk failed",
            Self::CannotFollow => "this process cannot follow the database",
        }
    }
}

pub(super) async fn serve(serve: Serve, settings: Settings) -> Result<ExitCode, CommandError> {
    let own_log = telemetry::start(&settings);
    private_files::restrict_permissions(&settings.data);
    // rustls uses the process's default cryptography provider, which is installed here once.
    let _ = rustls::crypto::ring::default_provider().install_default();
    settings.warn_of_what_has_no_effect();
    let resolve = |source| ServeError::Resolve { listen: settings.listen.clone(), source };
    let address = settings.listen.resolve().await.map_err(resolve)?;
    let is_new = settings.database().is_none() && !settings.data.join(Store::FILE_NAME).exists();
    let shop = Shop::open_or_make(settings.place(), settings.shop()).await?;
    if is_new {
        log_new_shop(&settings.data);
    }
    let shop = gateways::with_gateway(shop, settings.stripe()).map_err(ServeError::Gateway)?;
    if shop.gateway.is_sandbox() && !address.ip().is_loopback() && !settings.sandbox_public {
        return Err(ServeError::PublicSandbox { address }.into());
    }
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Listen { address, source })?;
    let address = listener.local_addr().map_err(|source| ServeError::Listen { address, source })?;
    let app_settings = settings.app(address)?;
    let shop = shop.with_order_links(app_settings.order_links());
    let adapters =
        adapters::start(settings.adapters(), (shop.outbox.clone(), &shop.leases), own_log)
            .await
            .map_err(ServeError::from)?;
    let outgoing = http::start(settings.outgoing(), &shop).await.map_err(ServeError::Outgoing)?;
    let reading = Reading::start().map_err(ServeError::Threads)?;
    let (status, archive) = (adapters.status(), adapters.archive());
    let app = server::application(shop.clone(), app_settings, status, archive, reading)
        .map_err(ServeError::from)?;
    let guide = match serve.demo {
        true => Some(demo::set_up(&shop, &settings.data).await.map_err(ServeError::Demo)?),
        false => None,
    };
    let control = Control::open(&settings.data, shop.clone());
    if let Err(error) = &control {
        // Usually the path is too long for a socket. The shop works without one.
        tracing::warn!(%error, "no control socket: `souk backup` and other commands need the shop closed");
    }
    let gateway = shop.gateway.name();
    match shop.gateway.is_sandbox() {
        true => tracing::warn!(gateway, "SANDBOX: no real money moves; anybody can pay"),
        false => tracing::info!(gateway, "payments go through the gateway"),
    }
    recover(&app, &shop).await;
    banner::show(&settings, &shop, address);
    // Before the line that says it listens: a signal that follows at once must find its handler.
    let signals = Signals::new().map_err(ServeError::Signals)?;
    println!("listening on http://{address}");
    if let Some(guide) = guide {
        println!("{}", guide.text(address));
    }
    let (stop_reason, stopping) = watch::channel(None);
    tokio::spawn(watch_for_stop_reasons(shop.clone(), signals, stop_reason));
    let background = Background::start(&app, &shop);
    let preparing = Arc::clone(&app);
    tokio::spawn(async move { preparing.prepare_lists().await });
    answer_requests(listener, &settings, &app, stopping.clone()).await;
    if let Ok(control) = control {
        control.close().await;
    }
    close(shop, adapters, outgoing, background).await;
    let stop_reason = *stopping.borrow();
    Ok(match stop_reason {
        None | Some(StopReason::Requested) => ExitCode::SUCCESS,
        Some(StopReason::OwnerDied) => ExitCode::from(EXIT_OWNER_DIED),
        Some(StopReason::DiskFailed | StopReason::CannotFollow) => ExitCode::from(EXIT_DISK_FAILED),
    })
}

/// Answers requests until `stopping` has a reason to stop, then finishes those already received.
async fn answer_requests(
    listener: TcpListener,
    settings: &Settings,
    app: &Arc<App>,
    stopping: watch::Receiver<Option<StopReason>>,
) {
    let answering = {
        let app = Arc::clone(app);
        move |request| Arc::clone(&app).answer(request)
    };
    let closing = {
        let app = Arc::clone(app);
        async move {
            wait_for_stop_reason(stopping).await;
            app.end_streams();
        }
    };
    let access = {
        let app = Arc::clone(app);
        AccessLog::new(settings.access_log, move |path, headers| {
            (masked_path(path), app.kind_of_caller(headers))
        })
    };
    let around = (settings.cors(), access, settings.trusted_proxies.clone());
    edge::serve(listener, around, answering, closing).await;
}

/// Tasks that run beside the answering.
struct Background {
    watching_disk: JoinHandle<()>,
    giving_back: JoinHandle<()>,
    housekeeping: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Background {
    fn start(app: &Arc<App>, shop: &Shop) -> Self {
        let store = shop.store.clone();
        let watching_disk = tokio::spawn(panics::restart_on_panic(move || {
            let store = store.clone();
            async move { store.watch_disk().await }
        }));
        let giving_back = tokio::spawn(freed_memory::give_back_regularly());
        let (stop, stopped) = watch::channel(false);
        let housekeeping = tokio::spawn(panics::restart_on_panic({
            let (shop, stopped) = (shop.clone(), stopped.clone());
            move || housekeeping::keep(shop.clone(), stopped.clone())
        }));
        tokio::spawn(panics::restart_on_panic({
            let app = Arc::clone(app);
            move || Arc::clone(&app).keep_delivering_sandbox_messages(stopped.clone())
        }));
        Self { watching_disk, giving_back, housekeeping, stop }
    }

    /// Stops the tasks. The store must still be open.
    async fn shutdown(self) {
        self.watching_disk.abort();
        self.giving_back.abort();
        self.stop.send_replace(true);
        // A panic of housekeeping is already logged, and housekeeping was restarted.
        let _ = self.housekeeping.await;
    }
}

/// Resolves payments that a crashed process left in doubt, before the shop opens.
async fn recover(app: &Arc<App>, shop: &Shop) {
    let recovering = async {
        app.deliver_sandbox_messages_soon().await;
        housekeeping::recover(shop).await;
    };
    if tokio::time::timeout(RECOVER_WITHIN, recovering).await.is_err() {
        tracing::warn!("the gateway is slow; open payments are resolved later");
    }
}

/// Logs that a store was created, and warns if this directory seems to have had one before.
fn log_new_shop(data: &Path) {
    let path = data.display();
    match data.join(JWT_SECRET_FILE).exists() {
        true => tracing::warn!(
            %path,
            "the store of the shop in this directory was gone; a new, empty one was made: if that \
             is a mistake, stop the shop and restore a copy with --force"
        ),
        false => tracing::info!(%path, "made a new, empty shop"),
    }
}

async fn close(shop: Shop, adapters: Adapters, outgoing: DeliveryLoops, background: Background) {
    let closing = async {
        tokio::join!(adapters.shutdown(), outgoing.shutdown(), background.shutdown());
        shop.leases.close().await;
        shop.close().await;
    };
    if tokio::time::timeout(CLOSE_WITHIN, closing).await.is_err() {
        // Every answered change is durable; unanswered requests have no result.
        tracing::warn!("closing takes too long; stopping as after a crash");
    }
}

async fn wait_for_stop_reason(mut stopping: watch::Receiver<Option<StopReason>>) {
    // If the watcher is gone, only a second signal can still stop the process.
    let _ = stopping.wait_for(Option::is_some).await;
}

/// The signals that stop the process.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())? })
    }
}

async fn watch_for_stop_reasons(
    shop: Shop,
    mut signals: Signals,
    stop_reason: watch::Sender<Option<StopReason>>,
) {
    let mut escalated = shop.owners.escalated();
    let mut broken = shop.store.broken();
    let why = tokio::select! {
        _ = signals.terminate.recv() => StopReason::Requested,
        _ = signals.interrupt.recv() => StopReason::Requested,
        _ = escalated.wait_for(|escalated| *escalated) => StopReason::OwnerDied,
        _ = broken.wait_for(|broken| *broken) => match shop.store.is_shared() {
            true => StopReason::CannotFollow,
            false => StopReason::DiskFailed,
        },
    };
    tracing::info!(why = why.word(), "stopping");
    stop_reason.send_replace(Some(why));
}
