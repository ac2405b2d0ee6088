//! Floods of requests: many connections that each send a request, read the answer, and repeat.

use super::connect;
use crate::http::{Connection, request};
use serde_json::{Value, json};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const CONNECTIONS: usize = 64;
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(50);
const ADD_ITEM: &str = "/api/v1/cart/add_item/";
const CREATE_ORDER: &str = "/api/v1/order/create_order/";

/// The request that is repeated.
#[derive(Clone, Copy)]
pub(super) enum Calls {
    Registrations,
    LogIns,
    GuestCarts,
    GuestOrders,
    IdempotencyKeys,
    Searches,
}

/// Every flood of this kind, with its name.
pub(super) fn all() -> Vec<(&'static str, Calls)> {
    vec![
        ("registrations (64 connections)", Calls::Registrations),
        ("wrong log-ins (64)", Calls::LogIns),
        ("new guests' carts (64)", Calls::GuestCarts),
        ("guests' orders (64)", Calls::GuestOrders),
        ("new idempotency keys (64)", Calls::IdempotencyKeys),
        ("searches of the whole catalogue (64)", Calls::Searches),
    ]
}

/// Keeps every connection sending until `stop`.
pub(super) async fn run(calls: Calls, address: SocketAddr, stop: Arc<AtomicBool>) {
    let numbers = Arc::new(AtomicU64::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (stop, numbers) = (Arc::clone(&stop), Arc::clone(&numbers));
        tasks.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                if keep_calling(calls, address, &stop, &numbers).await.is_err() {
                    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                }
            }
        });
    }
    while tasks.join_next().await.is_some() {}
}

async fn keep_calling(
    calls: Calls,
    address: SocketAddr,
    stop: &AtomicBool,
    numbers: &AtomicU64,
) -> io::Result<()> {
    let mut connection = Connection::over(connect(address, None).await?)?;
    while !stop.load(Ordering::Relaxed) {
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        calls.ask(&mut connection, number).await?;
    }
    Ok(())
}

impl Calls {
    async fn ask(self, connection: &mut Connection, number: u64) -> io::Result<()> {
        let item = json!({"product_id": "100", "quantity": 1}).to_string();
        let post = |path, body: &Value| request("POST", path, None, Some(&body.to_string()));
        let octets = match self {
            Self::Registrations => {
                let password = "a password of some length";
                post(
                    "/api/v1/auth/register/",
                    &json!({
                        "email": format!("flood{number}@bench.test"), "password": password,
                        "password_confirm": password, "first_name": "F", "last_name": "L",
                    }),
                )
            }
            Self::LogIns => post(
                "/api/v1/auth/login/",
                &json!({"email": format!("customer{:02}@bench.test", number % 64), "password": "wrong"}),
            ),
            Self::GuestCarts | Self::GuestOrders => request("POST", ADD_ITEM, None, Some(&item)),
            Self::IdempotencyKeys => {
                let length = item.len();
                format!(
                    "POST {ADD_ITEM} HTTP/1.1\r\nHost: souk.test\r\nIdempotency-Key: flood-{number}\r\n\
                     Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{item}"
                )
                .into_bytes()
            }
            Self::Searches => {
                let path = format!("/api/v1/product/?search=e%20o%20{}&page_size=20", number % 10);
                request("GET", &path, None, None)
            }
        };
        let answer = connection.fetch(&octets).await?;
        if matches!(self, Self::GuestOrders) {
            let key = answer.headers().find(|(name, _)| name == "x-cart-key");
            let order = json!({
                "cart_key": key.map(|(_, key)| key).unwrap_or_default(),
                "shipping_address": "1 Market Square", "city": "Fez", "postcode": "30000",
                "first_name": "F", "last_name": "L", "phone_number": "+212 5 00 00 00",
                "email": format!("flood{number}@bench.test"),
            });
            connection.ask(&post(CREATE_ORDER, &order)).await?;
        }
        Ok(())
    }
}
