//! Five ways to make the same request: how each contract performs the steps of one journey. A speaker only sends
//! requests; the scenario table says which steps its document has.

use serde_json::{Value, json};

use super::http::Answer;
use super::person::{Person, id_of};
use super::shop::Shop;

/// A contract, and a client that uses only its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaker {
    Classic,
    Minimal,
    Services,
    Storefront,
    Platform,
}

use Speaker::{Classic, Minimal, Platform, Services, Storefront};

/// An order as a contract shows it: its state in lower case, and its total with two decimals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) status: String,
    pub(crate) total: String,
}

impl Speaker {
    pub(crate) const ALL: [Self; 5] = [Classic, Minimal, Services, Storefront, Platform];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Classic => "classic",
            Minimal => "minimal",
            Services => "services",
            Storefront => "storefront",
            Platform => "platform",
        }
    }

    /// The contract's document.
    pub(crate) fn document(self) -> String {
        let path = format!("docs/contracts/{}.md", self.name());
        std::fs::read_to_string(super::environment::repository().join(path)).expect("a document")
    }

    /// Registers a new person; returns them without a token.
    pub(crate) async fn register(self, shop: &Shop, name: &str) -> Person {
        let (email, password) = (format!("{name}@souk.example"), format!("{name}-password-1"));
        let (path, mut body, id) = match self {
            Classic => ("/api/users/signup/", json!({"username": name}), ""),
            Minimal => ("/api/users/", json!({"username": name}), ""),
            Services => (
                "/api/v1/users/register/",
                json!({"username": name, "confirm_password": password}),
                "/user",
            ),
            Storefront => (
                "/api/v1/auth/register/",
                json!({"password_confirm": password, "user_type": "customer",
                    "first_name": "John", "last_name": "Doe"}),
                "/data/user",
            ),
            Platform => (
                "/api/v1/users",
                json!({"username": name, "first_name": "John", "last_name": "Doe"}),
                "",
            ),
        };
        body["email"] = json!(email);
        body["password"] = json!(password);
        let answer = shop.nobody().post(path, body).await.expect(201);
        let id = id_of(answer.pointer(id).expect("the user"));
        shop.nobody().called(id, &email, &password)
    }

    /// The same person with a token. `name` is the name they registered with.
    pub(crate) async fn log_in(self, person: &Person, name: &str) -> Person {
        let (path, by_name, token) = match self {
            Classic => ("/api/token/", true, "/access"),
            Minimal => ("/api/login/", true, "/token"),
            Services => ("/api/v1/users/login/", true, "/access"),
            Storefront => ("/api/v1/auth/login/", false, "/data/access_token"),
            Platform => ("/api/v1/auth/login", false, "/token"),
        };
        let body = match by_name {
            true => json!({"username": name, "password": person.password}),
            false => json!({"email": person.email, "password": person.password}),
        };
        let answer = person.post(path, body).await.expect(200);
        person.bearing(answer.pointer(token).and_then(Value::as_str).expect("a token"))
    }

    /// A product without stock; its id.
    pub(crate) async fn add_product(self, boss: &Person, name: &str, price: &str) -> i64 {
        let (path, body) = match self {
            Classic => ("/api/products/", json!({"name": name, "price": price, "amount": 0})),
            Services => ("/api/v1/product/", json!({"name": name, "price": price})),
            Storefront => ("/api/v1/products/", json!({"name": name, "price": price})),
            Platform => (
                "/api/v1/products",
                json!({"name": name, "description": "", "price": number(price), "stock": 0}),
            ),
            Minimal => panic!("minimal only reads products"),
        };
        id_of(&boss.post(path, body).await.expect(201))
    }

    /// Adds this many units to the stock.
    pub(crate) async fn stock_up(self, boss: &Person, product: i64, units: i64) {
        match self {
            Classic => {
                let path = format!("/api/products/{product}/increase_amount/");
                boss.post(&path, json!({"amount": units})).await
            }
            Storefront => {
                let body = json!({"stock_quantity": units});
                boss.patch(&format!("/api/v1/products/{product}/"), body).await
            }
            Platform => {
                boss.put(&format!("/api/v1/products/{product}"), json!({"stock": units})).await
            }
            Minimal | Services => panic!("{} has no stock", self.name()),
        }
        .expect(200);
    }

    pub(crate) async fn put_in_cart(self, buyer: &Person, product: i64, units: i64) -> Answer {
        let (path, product) = match self {
            Minimal => ("/api/cart/add/", json!(product)),
            Services => ("/api/v1/cart/add_item/", json!(product.to_string())),
            Storefront => ("/api/v1/cart/", json!(product)),
            Classic | Platform => panic!("{} has no cart", self.name()),
        };
        buyer.post(path, json!({"product_id": product, "quantity": units})).await
    }

    /// Orders the content of the cart, or these units if the contract has no cart; the order's id.
    pub(crate) async fn order(self, buyer: &Person, product: i64, units: i64, total: &str) -> i64 {
        let (path, body, id) = match self {
            Classic => {
                let mentions = vec![product; usize::try_from(units).expect("a few")];
                ("/api/orders/", json!({"products": mentions}), "id")
            }
            Minimal => {
                let cart = id_of(&buyer.get("/api/cart/").await.expect(200));
                ("/api/orders/", json!({"cart_id": cart}), "order_id")
            }
            Services => {
                let address = super::services::address_of(&buyer.email);
                ("/api/v1/order/create_order/", address, "order_id")
            }
            Storefront => {
                ("/api/v1/cart/checkout/", json!({"shipping_address": "123 Main St"}), "id")
            }
            Platform => {
                let items = json!([{"product_id": product, "quantity": units}]);
                let body =
                    json!({"user_id": buyer.id, "items": items, "total_price": number(total)});
                ("/api/v1/orders", body, "order_id")
            }
        };
        let placed = buyer.post(path, body).await.expect(201);
        placed[id].as_i64().expect("an id")
    }

    /// Pays with a card that works, in as many calls as the document needs.
    pub(crate) async fn pay(self, buyer: &Person, order: i64, total: &str) {
        match self {
            Classic => {
                let body = json!({"order": order, "amount": total});
                let payment = id_of(&buyer.post("/api/payments/", body).await.expect(201));
                let paid = finalize(buyer, payment).await.expect(200);
                assert_eq!(paid["status"], "succeeded");
            }
            Minimal => {
                let body = json!({"order_id": order, "payment_method": "pm_card_visa"});
                let paid = buyer.post("/api/payments/", body).await.expect(201);
                assert_eq!(paid["status"], "succeeded");
            }
            Services => {
                let path = "/api/v1/payments/create-checkout-session/";
                let link = buyer.post(path, json!({"order_id": order})).await.expect(200);
                let page = link["checkout_url"].as_str().expect("a URL");
                let left = buyer.post(&format!("{page}/pay"), json!({})).await;
                assert_eq!(left.status, 303, "{left}");
                buyer.get(left.header("Location")).await.says(200, json!({"status": "success"}));
            }
            Storefront => {
                buyer.create_payment(order).await.expect(200);
                buyer.confirm_payment(order, "pm_card_visa").await.expect(200);
            }
            Platform => panic!("platform has no payments"),
        }
    }

    /// The customer cancels if the document allows it, else the administrator does.
    pub(crate) async fn cancel(self, buyer: &Person, boss: &Person, order: i64) {
        match self {
            Classic => {
                buyer.post(&format!("/api/orders/{order}/cancel/"), json!({})).await.expect(200);
            }
            Services => {
                let body = json!({"order_id": order, "status": "cancelled"});
                boss.post("/api/v1/order/update_order/", body).await.expect(200);
            }
            Storefront => {
                boss.set_status(order, "cancelled").await.expect(200);
            }
            Platform => {
                buyer.delete(&format!("/api/v1/orders/{order}")).await.expect(204);
            }
            Minimal => panic!("minimal does not cancel"),
        }
    }

    /// The order as this contract shows it to the customer.
    pub(crate) async fn sees(self, buyer: &Person, order: i64) -> Seen {
        let text = |value: &Value| value.as_str().expect("text").to_lowercase();
        let (status, total) = match self {
            Classic => seen_by_classic(buyer, order).await,
            Minimal => {
                let shown = buyer.get(&format!("/api/orders/{order}/")).await.expect(200);
                let cost = |item: &Value| amount(&item["price"]) * amount(&item["quantity"]);
                let total: f64 = shown["items"].as_array().expect("items").iter().map(cost).sum();
                (text(&shown["status"]), total)
            }
            Services => {
                let shown = listed_by_services(buyer, order).await;
                (text(&shown["status"]), amount(&shown["total_price"]))
            }
            Storefront => {
                let shown = buyer.order(order).await.expect(200);
                (text(&shown["status"]), amount(&shown["total_amount"]))
            }
            Platform => {
                let shown = buyer.get(&format!("/api/v1/orders/{order}")).await.expect(200);
                (text(&shown["status"]), amount(&shown["total_price"]))
            }
        };
        Seen { status, total: format!("{total:.2}") }
    }

    /// Whether this contract sells exactly this many units. It leaves the cart empty and the stock unchanged.
    pub(crate) async fn sells(self, buyer: &Person, boss: &Person, product: i64, units: i64) {
        match self {
            Storefront => assert_eq!(boss.stock_of(product).await, units),
            Platform => {
                let shown = buyer.get(&format!("/api/v1/products/{product}")).await.expect(200);
                assert_eq!(shown["stock"], units);
            }
            // These contracts show no stock: a cart accepts the available units and not one more.
            Minimal | Services => {
                self.put_in_cart(buyer, product, units + 1).await.expect(400);
                self.put_in_cart(buyer, product, units).await.expect(200);
                buyer.delete("/api/v1/cart/clear_cart/").await.expect(200);
            }
            // This contract has no cart either: an order accepts the available units and not one more.
            Classic => {
                let orders = "/api/orders/";
                let mentions =
                    |units: i64| vec![product; usize::try_from(units).expect("a few units")];
                let too_many = json!({"products": mentions(units + 1)});
                buyer.post(orders, too_many).await.expect(400);
                let all = buyer.post(orders, json!({"products": mentions(units)})).await;
                let order = id_of(&all.expect(201));
                self.cancel(buyer, boss, order).await;
            }
        }
    }
}

/// The order in services' list; services is the only contract that shows whether it is paid.
pub(crate) async fn listed_by_services(buyer: &Person, order: i64) -> Value {
    let listed = buyer.get("/api/v1/order/get_orders/").await.expect(200);
    let orders = listed["orders"].as_array().expect("orders");
    let found = orders.iter().find(|listed| listed["order_id"] == order);
    found.unwrap_or_else(|| panic!("order {order} is missing: {listed}")).clone()
}

/// classic has no call that reads orders. It shows a cancelled order when it is cancelled again, and a paid one through
/// its payment, which can be finalized any number of times. If it refuses to cancel, it cannot show the state.
async fn seen_by_classic(buyer: &Person, order: i64) -> (String, f64) {
    for payment in 1.. {
        let answer = finalize(buyer, payment).await;
        match answer.status {
            200 if answer.json()["order"] == order => {
                let payment = answer.json();
                assert_eq!(payment["status"], "succeeded", "{answer}");
                return ("completed".to_owned(), amount(&payment["amount"]));
            }
            // The payment belongs to another order, or to a cancelled one.
            200 | 400 => {}
            _ => break,
        }
    }
    let path = format!("/api/orders/{order}/cancel/");
    let shown = buyer.post(&path, json!({})).await.expect(200);
    (shown["status"].as_str().expect("text").to_owned(), amount(&shown["total_price"]))
}

async fn finalize(by: &Person, payment: i64) -> Answer {
    by.ask("POST", &format!("/api/payments/{payment}/finalize/")).send().await
}

/// A JSON amount, as a number or as a string.
fn amount(value: &Value) -> f64 {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).expect("an amount")
}

fn number(price: &str) -> Value {
    json!(price.parse::<f64>().expect("a price"))
}
