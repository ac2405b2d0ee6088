//! Counts the round trips between a process and its database: a proxy that sees who spoke last.

use crate::Outcome;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A proxy in front of a database. It runs until this program ends.
pub(crate) struct CountingProxy {
    pub(crate) address: SocketAddr,
    round_trips: Arc<AtomicU64>,
}

impl CountingProxy {
    pub(crate) fn start(to: SocketAddr) -> Outcome<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let round_trips = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&round_trips);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                // Whoever is not connected says so itself.
                let _ = client.and_then(|client| connect(client, to, &counted));
            }
        });
        Ok(Self { address, round_trips })
    }

    /// The round trips so far. Several statements that are sent before the first answer are one.
    pub(crate) fn round_trips(&self) -> u64 {
        self.round_trips.load(Ordering::SeqCst)
    }
}

fn connect(client: TcpStream, to: SocketAddr, counted: &Arc<AtomicU64>) -> io::Result<()> {
    let server = TcpStream::connect(to)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let client_spoke_last = Arc::new(AtomicBool::new(false));
    let (ask, answer) = ((client.try_clone()?, server.try_clone()?), (server, client));
    let (asking, answering) = (Arc::clone(&client_spoke_last), client_spoke_last);
    let counted = Arc::clone(counted);
    std::thread::spawn(move || {
        pass_on(ask, || {
            if !asking.swap(true, Ordering::SeqCst) {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        })
    });
    std::thread::spawn(move || pass_on(answer, || answering.store(false, Ordering::SeqCst)));
    Ok(())
}

/// Passes on what one side says, and calls `spoke` before each part of it.
fn pass_on((mut from, mut to): (TcpStream, TcpStream), spoke: impl Fn()) {
    let mut octets = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut octets).unwrap_or(0);
        if read > 0 {
            spoke();
        }
        if read == 0 || to.write_all(&octets[..read]).is_err() {
            let _ = to.shutdown(Shutdown::Both);
            let _ = from.shutdown(Shutdown::Both);
            return;
        }
    }
}
