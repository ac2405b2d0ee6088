//! The state that one shopper expects, and the possible results of a request.

use std::collections::BTreeMap;

use serde_json::Value;

/// Product to quantity.
pub(crate) type Lines = BTreeMap<i64, i64>;

#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) cart: Lines,
    pub(crate) orders: BTreeMap<i64, Order>,
    /// Orders that were deleted: gone from the shop, not from the stream.
    pub(crate) deleted: BTreeMap<i64, Order>,
}

#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) status: String,
    pub(crate) lines: Lines,
    /// The last words of the subjects of its events.
    pub(crate) history: Vec<&'static str>,
}

/// One request of a shopper.
#[derive(Clone, Debug)]
pub(crate) enum Wish {
    Register {
        email: String,
    },
    PutInCart {
        product: i64,
        quantity: i64,
    },
    ClearCart,
    /// With this `Idempotency-Key`, if any.
    CheckOut {
        key: Option<String>,
    },
    OrderDirectly {
        lines: Lines,
        key: Option<String>,
    },
    Delete {
        order: i64,
    },
    /// The administrator deletes a cancelled order.
    Remove {
        order: i64,
    },
    /// The administrator cancels a pending order.
    Cancel {
        order: i64,
    },
    CreatePayment {
        order: i64,
    },
    Pay {
        order: i64,
    },
}

impl Order {
    /// An order as the shop shows it, with its id and without its history.
    pub(crate) fn read(order: &Value) -> (i64, Self) {
        let status = order["status"].as_str().expect("a status").to_owned();
        let lines = lines_in(order);
        let quantity: i64 = lines.values().sum();
        let cents = quantity * 1_999;
        let total = format!("{}.{:02}", cents / 100, cents % 100);
        assert_eq!(order["total_amount"], total, "every product costs 19.99: {order}");
        (order["id"].as_i64().expect("an id"), Self { status, lines, history: Vec::new() })
    }

    fn same_as(&self, other: &Self) -> bool {
        (&self.status, &self.lines) == (&other.status, &other.lines)
    }
}

impl World {
    /// What the shop shows.
    pub(crate) fn read(cart: &Value, orders: &[Value]) -> Self {
        Self {
            cart: lines_in(cart),
            orders: orders.iter().map(Order::read).collect(),
            deleted: BTreeMap::new(),
        }
    }

    /// Whether carts and orders are equal; histories and deleted orders cannot be seen.
    pub(crate) fn looks_like(&self, seen: &Self) -> bool {
        let same_order = |(id, order): (&i64, &Order)| {
            seen.orders.get(id).is_some_and(|other| order.same_as(other))
        };
        self.cart == seen.cart
            && self.orders.len() == seen.orders.len()
            && self.orders.iter().all(same_order)
    }

    /// The world after the request succeeded; `order` is the id of a new order, if the request makes one.
    pub(crate) fn after(&self, wish: &Wish, order: Option<i64>) -> Self {
        let mut world = self.clone();
        match wish {
            Wish::Register { .. } | Wish::CreatePayment { .. } => {}
            Wish::PutInCart { product, quantity } => {
                *world.cart.entry(*product).or_default() += quantity
            }
            Wish::ClearCart => world.cart.clear(),
            Wish::CheckOut { .. } => {
                let lines = std::mem::take(&mut world.cart);
                world.place(order.expect("an order was made"), lines);
            }
            Wish::OrderDirectly { lines, .. } => {
                world.place(order.expect("an order was made"), lines.clone())
            }
            Wish::Delete { order } | Wish::Remove { order } => {
                let mut gone = world.orders.remove(order).expect("a known order");
                gone.history.push("deleted");
                world.deleted.insert(*order, gone);
            }
            Wish::Cancel { order } => world.step(*order, "cancelled", "cancelled"),
            Wish::Pay { order } => world.step(*order, "completed", "paid"),
        }
        world
    }

    /// The id of the one order in `seen` that is not in this world.
    pub(crate) fn new_order_in(&self, seen: &Self) -> Option<i64> {
        let mut new = seen.orders.keys().copied().filter(|id| !self.orders.contains_key(id));
        new.next().filter(|_| new.next().is_none())
    }

    fn place(&mut self, id: i64, lines: Lines) {
        let order = Order { status: "pending".to_owned(), lines, history: vec!["placed"] };
        assert!(!self.deleted.contains_key(&id), "the id {id} of a deleted order was used again");
        assert!(self.orders.insert(id, order).is_none(), "the id {id} was given twice");
    }

    fn step(&mut self, order: i64, status: &str, what: &'static str) {
        let order = self.orders.get_mut(&order).expect("a known order");
        status.clone_into(&mut order.status);
        order.history.push(what);
    }
}

impl Wish {
    pub(crate) fn makes_an_order(&self) -> bool {
        matches!(self, Self::CheckOut { .. } | Self::OrderDirectly { .. })
    }

    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            Self::CheckOut { key } | Self::OrderDirectly { key, .. } => key.as_deref(),
            _ => None,
        }
    }
}

/// The lines of a cart or an order as the shop shows it.
fn lines_in(printed: &Value) -> Lines {
    let mut lines = Lines::new();
    for item in printed["items"].as_array().expect("items are a list") {
        let product = item["product"]["id"].as_i64().expect("an id");
        let quantity = item["quantity"].as_i64().expect("a quantity");
        assert!(lines.insert(product, quantity).is_none(), "one line per product: {printed}");
    }
    lines
}
