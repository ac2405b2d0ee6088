//! A TCP proxy that can fail as networks do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A direction through the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    ToServer,
    ToClient,
}

/// What is done with octets and connections.
#[derive(Clone, Copy, Debug)]
struct Orders {
    server: SocketAddr,
    accepts: bool,
    forwards: bool,
    /// Connections with a lower number are cut.
    first_alive: u64,
}

/// Octets that may still pass in a direction before a connection is cut; `u64::MAX` for all.
struct Allowance {
    left: AtomicU64,
}

/// A proxy to a server on this machine. Dropping it cuts everything.
pub(crate) struct CuttableProxy {
    address: SocketAddr,
    orders: Arc<watch::Sender<Orders>>,
    connections: Arc<AtomicU64>,
    allowances: Arc<[Allowance; 2]>,
    accepting: tokio::task::JoinHandle<()>,
}

impl CuttableProxy {
    /// A proxy that forwards everything.
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let orders = Orders { server, accepts: true, forwards: true, first_alive: 0 };
        let orders = Arc::new(watch::Sender::new(orders));
        let connections = Arc::new(AtomicU64::new(0));
        let allowances = Arc::new([Allowance::new(), Allowance::new()]);
        let accepting = tokio::spawn(accept(
            listener,
            Arc::clone(&orders),
            Arc::clone(&connections),
            Arc::clone(&allowances),
        ));
        Self { address, orders, connections, allowances, accepting }
    }

    /// A URL of the server, changed so that it leads through the proxy.
    pub(crate) fn url(&self, direct: &str) -> String {
        let server = self.orders.borrow().server.to_string();
        assert!(direct.contains(&server), "{direct} is not a URL of {server}");
        direct.replace(&server, &self.address.to_string())
    }

    /// Cuts all connections; new ones are accepted.
    pub(crate) fn cut(&self) {
        let next = self.connections.load(Ordering::SeqCst);
        self.orders.send_modify(|orders| orders.first_alive = next);
    }

    /// Cuts all connections and every new one.
    pub(crate) fn refuse(&self) {
        self.orders.send_modify(|orders| orders.accepts = false);
        self.cut();
    }

    /// Forwards nothing from now on, and keeps connections open: the network lost its way.
    pub(crate) fn stall(&self) {
        self.orders.send_modify(|orders| orders.forwards = false);
    }

    /// Ends [`Self::refuse`] and [`Self::stall`].
    pub(crate) fn mend(&self) {
        self.orders.send_modify(|orders| {
            orders.accepts = true;
            orders.forwards = true;
        });
    }

    /// Cuts the connection on which the octet after the next `octets` would pass this way. Once.
    pub(crate) fn cut_after(&self, octets: u64, way: Way) {
        self.allowances[way as usize].left.store(octets, Ordering::SeqCst);
    }

    /// True once the connection was cut that [`Self::cut_after`] waits for.
    pub(crate) fn has_cut(&self, way: Way) -> bool {
        self.allowances[way as usize].left.load(Ordering::SeqCst) == u64::MAX
    }

    /// Connects new clients to another server, and cuts the others.
    pub(crate) fn lead_to(&self, server: SocketAddr) {
        self.orders.send_modify(|orders| orders.server = server);
        self.cut();
    }
}

impl Drop for CuttableProxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

impl Allowance {
    fn new() -> Self {
        Self { left: AtomicU64::new(u64::MAX) }
    }

    /// How many of these octets may pass. Fewer than all of them means that the connection must be cut.
    fn take(&self, octets: usize) -> usize {
        let wanted = octets as u64;
        let step = |left: u64| match left {
            u64::MAX => None,
            left if left < wanted => Some(u64::MAX),
            left => Some(left - wanted),
        };
        match self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, step) {
            Ok(left) if left < wanted => usize::try_from(left).expect("less than a usize"),
            _ => octets,
        }
    }
}

async fn accept(
    listener: TcpListener,
    orders: Arc<watch::Sender<Orders>>,
    connections: Arc<AtomicU64>,
    allowances: Arc<[Allowance; 2]>,
) {
    while let Ok((client, _)) = listener.accept().await {
        let now = *orders.borrow();
        if !now.accepts {
            continue;
        }
        let number = connections.fetch_add(1, Ordering::SeqCst);
        let (cut, allowances) = (orders.subscribe(), Arc::clone(&allowances));
        tokio::spawn(async move {
            let Ok(server) = TcpStream::connect(now.server).await else { return };
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            let mut until_cut = cut.clone();
            // Whatever ends first, both ends of both directions are dropped, and so the connections are closed.
            tokio::select! {
                () = pump(from_client, to_server, cut.clone(), &allowances[Way::ToServer as usize]) => {}
                () = pump(from_server, to_client, cut, &allowances[Way::ToClient as usize]) => {}
                _ = until_cut.wait_for(|orders| orders.first_alive > number) => {}
            }
        });
    }
}

/// Forwards octets until one side closes or the allowance is used up.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut orders: watch::Receiver<Orders>,
    allowance: &Allowance,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let Ok(read @ 1..) = from.read(&mut buffer).await else { return };
        if orders.wait_for(|orders| orders.forwards).await.is_err() {
            return;
        }
        let passes = allowance.take(read);
        if to.write_all(&buffer[..passes]).await.is_err() || passes < read {
            return;
        }
    }
}
