//! The banner that `souk serve` prints on standard error before it listens.

use crate::administrators;
use crate::settings::{LogFormat, Settings};
use souk_actors::Shop;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

/// Shows the version, the addresses and where data goes; with the JSON log format, as one log line.
pub(super) fn show(settings: &Settings, shop: &Shop, address: SocketAddr) {
    let lines = lines(settings, shop, address);
    if settings.log_format == LogFormat::Json {
        let line = |name| lines.iter().find(|(known, _)| *known == name).map(|(_, text)| text);
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            shop = line("shop"),
            docs = line("docs"),
            data = line("data"),
            mails = line("mails"),
            payments = line("payments"),
            broker = line("broker"),
            administrators = line("note"),
            "the shop opens"
        );
        return;
    }
    let mut banner = format!("Souk {}\n", env!("CARGO_PKG_VERSION"));
    for (name, text) in lines {
        // Writing to a `String` cannot fail.
        let _ = writeln!(banner, "  {name:<8}  {text}");
    }
    // Printed at once, so that no log line comes in between.
    eprint!("{banner}");
}

fn lines(settings: &Settings, shop: &Shop, address: SocketAddr) -> Vec<(&'static str, String)> {
    let url = settings.public_url().map_or_else(|| format!("http://{address}"), str::to_owned);
    let data = absolute(&settings.data);
    let mails = match settings.mail_server() {
        Some(server) => server,
        None => format!("files in {}", absolute(&settings.data.join("mail"))),
    };
    let payments = match settings.stripe() {
        None => "the sandbox; no real money moves".to_owned(),
        Some(stripe) if stripe.key.is_for_tests() => {
            "Stripe with a test key; no real money moves".to_owned()
        }
        Some(_) => "Stripe".to_owned(),
    };
    let none = || "none; events stay in the store (nats_url)".to_owned();
    let mut lines = vec![
        ("shop", url.clone()),
        ("docs", format!("{url}/docs")),
        ("data", data),
        ("mails", mails),
        ("payments", payments),
        ("broker", settings.broker().unwrap_or_else(none)),
    ];
    // A store that cannot be read is reported by whatever needs it.
    if let Ok(false) = administrators::is_there_any(&*shop.store.snapshot()) {
        let create = "souk admin create --username NAME --email ADDRESS";
        let data = settings.data.display();
        lines.push(("note", format!("no administrator yet: run `{create} --data {data}`")));
    }
    lines
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}
