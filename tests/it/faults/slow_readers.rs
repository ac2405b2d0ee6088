//! Clients that request a long list and do not read it cost the shop little memory, and a client that reads gets the
//! whole list.

use crate::support::Shop;
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const PRODUCTS: usize = 300;
/// The description of each; the list has about 2.6 MiB.
const DESCRIPTION: &str = "Thrown by hand, fired twice, glazed in the colour of the sea. ";
const DESCRIPTION_REPEATS: usize = 145;
/// Clients that do not read. Their complete answers would take over 100 MiB.
const READERS: usize = 40;
const GROWTH_MAX_MEBIBYTES: u64 = 48;

/// A connection that has read only the first octets of its answer, so that the answer has begun.
fn ask_and_do_not_read(address: &str, path: &str, token: Option<&str>) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("connected");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("set");
    let authorization = token.map(|token| format!("Authorization: Bearer {token}\r\n"));
    let authorization = authorization.unwrap_or_default();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: shop\r\n{authorization}\r\n").expect("sent");
    let mut begun = [0; 15];
    stream.read_exact(&mut begun).expect("the answer begins");
    assert_eq!(&begun, b"HTTP/1.1 200 OK", "{path}");
    stream
}

#[tokio::test]
async fn readers_that_stop_cost_little_memory_and_others_get_the_whole_list() {
    let shop = Shop::open().await;
    let admin = shop.admin().await;
    let description = DESCRIPTION.repeat(DESCRIPTION_REPEATS).trim_end().to_owned();
    for number in 0..PRODUCTS {
        let body = json!({
            "name": format!("Bowl {number}"), "description": description, "price": "10.00", "stock": 5,
        });
        admin.post("/api/v1/products", body).await.expect(201);
    }
    let base = shop.base();
    let address = base.strip_prefix("http://").expect("plain HTTP");
    for (path, items, token) in [
        ("/api/v1/product/", "", None),
        ("/api/products/", "/products", None),
        ("/api/v1/products/?page_size=100", "/results", Some(admin.access.as_str())),
    ] {
        let whole = admin.get(path).await.expect(200);
        let before = shop.resident_mebibytes();
        let held: Vec<_> =
            (0..READERS).map(|_| ask_and_do_not_read(address, path, token)).collect();
        let growth = shop.resident_mebibytes().saturating_sub(before);
        assert!(growth < GROWTH_MAX_MEBIBYTES, "{path}: {growth} MiB for {READERS} readers");
        // While they are held, everybody else is served.
        let again = admin.get(path).await.expect(200);
        assert_eq!(again, whole, "{path}");
        let shown = whole.pointer(items).and_then(|items| items.as_array()).expect("a list");
        assert_eq!(shown.len(), if items == "/results" { 100 } else { PRODUCTS }, "{path}");
        assert!(shown.iter().all(|item| item["description"] == description.as_str()), "{path}");
        drop(held);
    }
}
